"""What clients send in `Authorization`: a name with a password (RFC 7617), or a token (RFC 6750)."""

from __future__ import annotations

import base64
import binascii
from typing import Final

from msgspec import Struct

from bistro.http import Request, Unauthorized

CREDENTIALS_LENGTH_MAX: Final = 8_192
REALM: Final = 'Basic realm="site", charset="UTF-8"'


class BasicCredentials(Struct, frozen=True):
    """`credentials: BasicCredentials` gives a handler the name and password of the request.

    A request without them is answered with 401, upon which browsers ask for both. They are not
    checked: `await log_in.check(credentials.name, credentials.password)` does, slowed down as a form is.
    """

    name: str
    password: str

    def __repr__(self) -> str:
        return f"BasicCredentials({self.name!r}, …)"


class BearerToken(Struct, frozen=True):
    """`token: BearerToken` gives a handler the token of the request, unchecked; without one it is a 401."""

    text: str

    def __repr__(self) -> str:
        return "BearerToken(…)"


def find_credentials(request: Request, scheme: str) -> str | None:
    """What follows the scheme in `Authorization`; None where it is another scheme, or nothing."""
    header = request.headers.get("authorization", "")
    if not header or len(header) > CREDENTIALS_LENGTH_MAX:
        return None
    given, _, rest = header.partition(" ")
    return rest.strip() if given.lower() == scheme else None


def read_basic(request: Request) -> BasicCredentials:
    """The name and password. Raises `Unauthorized` where there are none."""
    text = find_credentials(request, "basic")
    refusal = Unauthorized("Send a name and a password.", headers={"www-authenticate": REALM})
    if text is None:
        raise refusal
    try:
        name, colon, password = base64.b64decode(text, validate=True).decode("utf-8").partition(":")
    except (ValueError, binascii.Error):
        raise refusal from None
    if not colon or "\0" in name:
        raise refusal
    return BasicCredentials(name, password)


def read_bearer(request: Request) -> BearerToken:
    """The token. Raises `Unauthorized` where there is none."""
    text = find_credentials(request, "bearer")
    if not text:
        raise Unauthorized("Send a token.", headers={"www-authenticate": "Bearer"})
    return BearerToken(text)
