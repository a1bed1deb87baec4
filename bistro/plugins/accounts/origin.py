"""What links in mails begin with: what the site says, else what the request that sends the mail names.

The `Host` header is written by whoever asks for a mail to somebody else. The list of allowed hosts
compares no ports, since a proxy may leave one in or out: with one of their own, such as
`example.com:8443`, a link with the token would lead to another program on the same name. So in
production a request's port is left out, and `bistro check` asks for an origin.
"""

from __future__ import annotations

import os
from typing import Final

from msgspec.structs import replace

from bistro.app import Finding
from bistro.ground import find_environment
from bistro.http import BadRequest, Request, parse_host
from bistro.plugins.accounts.errors import AccountsError

NAME: Final = "ACCOUNTS_ORIGIN"
SCHEMES: Final = ("http", "https")


def find_origin(given: str) -> str:
    """What the site says, or the environment's `ACCOUNTS_ORIGIN`; "" for neither. Raises `AccountsError`."""
    origin = (given or os.environ.get(NAME, "")).rstrip("/")
    if origin and not _is_origin(origin):
        raise AccountsError(
            f"links in mails can't begin with {origin!r}",
            fix='Write scheme and host, and a port if there is one: origin="https://example.com".',
        )
    return origin


def origin_of(request: Request, *, keeps_port: bool) -> str:
    """Scheme and host of a request, and its port where that may be believed."""
    url = request.url
    return url.origin if keeps_port else replace(url, port=None).origin


def find_faults(origin: str) -> list[Finding]:
    """accounts.W001: in production nobody has said what links in mails begin with."""
    if origin or find_environment() != "production":
        return []
    what = "links in mails begin with any of the allowed hosts, as whoever asks for a mail names it"
    fix = f'Set {NAME}=https://example.com, or write Accounts(origin="https://example.com").'
    return [Finding("accounts.W001", "warning", what, fix=fix)]


def _is_origin(text: str) -> bool:
    scheme, _, rest = text.partition("://")
    try:
        host, _ = parse_host(rest)
    except BadRequest:
        return False
    return scheme in SCHEMES and bool(host)
