"""The proxies that a site believes: who asked, by which scheme and for which host is what they say.

Nobody is believed unless named. An address in between that is no trusted proxy's ends the chain: it
is the client, whatever stands before it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from ipaddress import ip_address, ip_network
from typing import Any, Final  # Any: networks of IPv4 and IPv6 share no base that knows `in`

from bistro.ground.errors import SetupError
from bistro.ground.registry import Origin
from bistro.ground.types import Exchange
from bistro.http import Hop, parse_host, read_address, read_hops

ENVIRONMENT_NAME: Final = "TRUSTED_PROXIES"
UNIX: Final = "unix"
KNOWN_MAX: Final = 1024


class TrustedProxiesError(SetupError):
    """A trusted proxy that is no address.

    If you see this: `trusted_proxies=` or `TRUSTED_PROXIES` names something else than addresses
    (`127.0.0.1`, `::1`), networks (`10.0.0.0/8`) and `unix`.
    """

    code = "B308"
    exit_code = 78


class TrustedProxies:
    """The proxies named by `names`: addresses, networks, and `unix` for whoever comes by a UNIX socket."""

    def __init__(self, names: Sequence[str], where: tuple[Origin, ...] = ()) -> None:
        """Raises `TrustedProxiesError`."""
        self._trusts_unix = UNIX in names
        self._networks = [_network(name, where) for name in names if name != UNIX]
        self._known: dict[str, bool] = {}

    def tell(self, exchange: Exchange) -> None:
        """Have `exchange` say what trusted proxies say. Raises `BadRequest` where that is malformed."""
        peer = exchange.client
        if not self._is_trusted(peer):
            return
        exchange.is_from_proxy = True
        hops = read_hops(exchange.header_items())
        if not hops:
            return
        client, hop = self._follow(peer, hops)
        exchange.believe_proxy(client, hop.scheme or exchange.scheme, _host_of(hop))

    def _follow(
        self, peer: tuple[str, int] | None, hops: Sequence[Hop]
    ) -> tuple[tuple[str, int] | None, Hop]:
        """The client, and what the trusted proxy that is nearest to it has noted."""
        client, noted = peer, hops[-1]
        for hop in reversed(hops):
            if not self._is_trusted(client):
                break
            noted = hop
            address = read_address(hop.client)
            if address is None:
                break  # a proxy that keeps to itself who asked it
            client = address
        return client, noted

    def _is_trusted(self, peer: tuple[str, int] | None) -> bool:
        if peer is None or not peer[0]:
            return self._trusts_unix
        known = self._known.get(peer[0])
        if known is None:
            if len(self._known) >= KNOWN_MAX:
                self._known.clear()
            known = self._known[peer[0]] = self._is_in_network(peer[0])
        return known

    def _is_in_network(self, text: str) -> bool:
        plain = read_address(f"[{text}]")
        if plain is None:
            return False
        address = ip_address(plain[0])
        return any(address in network for network in self._networks)


def find_trusted_proxies(
    given: Sequence[str] | None, env: Mapping[str, str], where: tuple[Origin, ...]
) -> TrustedProxies | None:
    """Those named in code, else in `TRUSTED_PROXIES`; None where nobody is trusted."""
    names = env.get(ENVIRONMENT_NAME, "").replace(",", " ").split() if given is None else list(given)
    return TrustedProxies(names, where) if names else None


def _host_of(hop: Hop) -> bytes | None:
    if not hop.host:
        return None
    parse_host(hop.host)
    return hop.host.encode("latin-1")


def _network(name: str, where: tuple[Origin, ...]) -> Any:
    try:
        return ip_network(name)
    except ValueError as error:
        raise TrustedProxiesError(
            f"{name!r} can't be a trusted proxy: {error}",
            where=where,
            fix='Name addresses and networks, e.g. "127.0.0.1" or "10.0.0.0/8", or "unix" for a UNIX socket.',
        ) from None
