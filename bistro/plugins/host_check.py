"""Requests for hosts that are not this site's are refused, before anything believes what they say.

A `Host` header is written by the client. Unchecked, it ends up in links of password mails, in
redirects and in caches (CVE-2026-48710, CVE-2026-25479 and many before them).
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

from bistro.app import Setup
from bistro.ground import Exchange, SetupError, find_environment
from bistro.http import BadRequest, MisdirectedRequest, parse_host

DEVELOPMENT_HOSTS = ("localhost", ".localhost", "127.0.0.1", "[::1]", "testserver")
KNOWN_MAX = 256


class AllowedHostsError(SetupError):
    """The list of a site's hosts is missing, or one of them is no host.

    If you see this: set `ALLOWED_HOSTS` to the names by which browsers reach the site, with commas
    between them, or give them in code: `App(HostCheck(["example.com"]))`.
    """

    code = "B310"
    exit_code = 78


@dataclass(frozen=True)
class HostCheck:
    """Answer only requests for the hosts in `allowed`; refuse others with 421, malformed ones with 400.

    Names are compared letter by letter, without a port and without regard to case; there are no
    patterns, but `.example.com` stands for `example.com` and everything below it. Without `allowed`
    the environment's `ALLOWED_HOSTS` counts; without that, names of this very machine do, except
    in production, where the app does not start. In testing they are answered too, unless `allowed`
    says otherwise. `except_paths` answer to any host: the probes of
    an orchestrator ask by address.
    """

    allowed: Sequence[str] | None = None
    except_paths: Sequence[str] = ("/livez", "/readyz")

    requires: ClassVar[tuple[type, ...]] = ()

    def install(self, setup: Setup) -> None:
        """Look at the host before everything else. Raises `AllowedHostsError`."""
        hosts = self.find_hosts(os.environ)
        setup.before(HostGate(hosts, frozenset(self.except_paths)).make_hook())

    def find_hosts(self, env: Mapping[str, str]) -> tuple[str, ...]:
        """The hosts that the site answers to, checked and in lower case."""
        given: Sequence[str] = self.allowed or ()
        if self.allowed is None:
            given = env.get("ALLOWED_HOSTS", "").replace(",", " ").split()
            if given and find_environment(env) == "testing":
                given = [
                    *given,
                    *DEVELOPMENT_HOSTS,
                ]  # test clients ask for localhost, whatever the shell has set
        # A site of which nobody has said what it runs as is not refused, and not open either: it
        # answers on this machine only until somebody says where it is to be reached.
        if (
            not given
            and self.allowed is None
            and find_environment(env, default="development") != "production"
        ):
            given = DEVELOPMENT_HOSTS
        if not given:
            fix = 'Set ALLOWED_HOSTS="example.com,www.example.com", or App(HostCheck(["example.com"])).'
            raise AllowedHostsError("no allowed hosts are set, so that nobody could reach the site", fix=fix)
        return tuple(_checked_name(name) for name in given)


class HostGate:
    """Decides for each Host header; what was found good is kept, up to `KNOWN_MAX` of them."""

    def __init__(self, hosts: Sequence[str], except_paths: frozenset[str]) -> None:
        self._names = frozenset(host for host in hosts if not host.startswith("."))
        self._domains = tuple(host for host in hosts if host.startswith("."))
        self._except_paths = except_paths
        self.known: set[bytes | None] = set()
        """The headers that were found good, as they were sent."""

    def make_hook(self) -> Callable[[Exchange], None]:
        """A function that raises `BadRequest` or `MisdirectedRequest` for a host that is not this site's."""
        known, judge = self.known, self.judge

        # A closure, since it runs for every request: nearly all end with this one look.
        def check_host(exchange: Exchange) -> None:
            host = exchange.find_header(b"host")
            if host not in known:
                judge(host, exchange.raw_path)

        return check_host

    def judge(self, header: bytes | None, path: str) -> None:
        """The same for a header that is not known."""
        if path in self._except_paths:
            return
        if header is None:
            raise BadRequest("The request has no Host header.")
        host, _ = parse_host(header.decode("latin-1"))
        if not self.is_allowed(host):
            raise MisdirectedRequest(
                f"This site does not answer to the host {host}. If it should, add it to ALLOWED_HOSTS."
            )
        # Only what is allowed is kept: names below a domain and ports are many, and a client may try
        # them all, so that the set is emptied when it is full.
        if len(self.known) >= KNOWN_MAX:
            self.known.clear()
        self.known.add(header)

    def is_allowed(self, host: str) -> bool:
        """Whether `host`, in lower case and without port, is one of the site's."""
        return host in self._names or any(
            host.endswith(domain) or host == domain[1:] for domain in self._domains
        )


def _checked_name(name: str) -> str:
    try:
        host, port = parse_host(name.removeprefix("."))
    except BadRequest:
        host, port = "", None
    if not host or port is not None:
        fix = (
            "Write a plain name or address: example.com, .example.com (with all below it), 192.0.2.7, [::1]."
        )
        raise AllowedHostsError(f"{name!r} can't be an allowed host", fix=fix)
    return f".{host}" if name.startswith(".") else host
