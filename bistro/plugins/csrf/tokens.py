"""Tokens for browsers that say nothing of where a request comes from.

How it works. A cookie holds a secret of 32 bytes; a form or a script sends it back in another place,
which a page of another site can't, since it can read neither (the double submit of a cookie that no
neighbour can set: `__Host-`, RFC 6265bis §4.1.3). What stands in a page is the secret under a new
mask each time, so that compression tells nothing of it (BREACH).
"""

from __future__ import annotations

import base64
import binascii
import hmac
import os
import re
from typing import Final

from bistro.ground import Markup, expects_https
from bistro.http import Request, Response

FIELD: Final = "_csrf"
HEADER: Final = "x-csrf-token"
SECRET_SIZE: Final = 32
MAX_AGE_SECONDS: Final = 365 * 24 * 3600
FORMS: Final = frozenset({"application/x-www-form-urlencoded", "multipart/form-data"})
# 32 and 64 bytes in base 64 without padding: whatever else a cookie or a field holds is no token, and
# is never shown again (CVE-2026-48060).
_SECRET: Final = re.compile(r"[A-Za-z0-9_-]{43}").fullmatch
_MASKED: Final = re.compile(r"[A-Za-z0-9_-]{86}").fullmatch


class CsrfToken:
    """The token of a visitor, for a header or a field: another one each time, all of them right."""

    def __init__(self, request: Request) -> None:
        known = find_secret(request)
        self.is_new = known is None
        self.was_used = False
        """Whether the answer depends on the visitor's secret."""
        self._secret = known or os.urandom(SECRET_SIZE)

    @property
    def value(self) -> str:
        """What to send as `X-CSRF-Token`, or as the field `_csrf` of a form."""
        self.was_used = True
        mask = os.urandom(SECRET_SIZE)
        return _encode(mask + _xor(mask, self._secret))

    @property
    def field(self) -> Markup:
        """A hidden input with it, for a form."""
        return Markup(f'<input type="hidden" name="{FIELD}" value="{self.value}">')

    def keep(self, request: Request, response: Response) -> None:
        """Set the cookie where it is new, and keep the answer out of shared caches."""
        if not self.was_used:
            return
        response.vary("cookie")
        response.keep_private()
        if self.is_new:
            secure = _is_secure(request)
            name, value = cookie_name(request), _encode(self._secret)
            response.set_cookie(name, value, max_age=MAX_AGE_SECONDS, secure=secure)


async def has_token(request: Request) -> bool:
    """Whether a request brings the visitor's token, in the header or in its form."""
    secret = find_secret(request)
    if secret is None:
        return False
    sent = request.headers.get(HEADER)
    if sent is None and request.content_type in FORMS:
        sent = (await request.form()).fields.get(FIELD)
    return sent is not None and hmac.compare_digest(unmask(sent), secret)


def find_secret(request: Request) -> bytes | None:
    """The secret in the visitor's cookie, if it is one."""
    text = request.cookies.get(cookie_name(request), "")
    return _decode(text) if _SECRET(text) else None


def unmask(token: str) -> bytes:
    """The secret in a token; empty for what is no token."""
    raw = _decode(token) if _MASKED(token) else b""
    return _xor(raw[:SECRET_SIZE], raw[SECRET_SIZE:])


def cookie_name(request: Request) -> str:
    """`__Host-csrf` where the cookie is secure: no neighbour can set that."""
    return "__Host-csrf" if _is_secure(request) else "csrf"


def _is_secure(request: Request) -> bool:
    return expects_https() or request.is_secure


def _xor(left: bytes, right: bytes) -> bytes:
    return bytes(a ^ b for a, b in zip(left, right, strict=True))


def _encode(value: bytes) -> str:
    return base64.urlsafe_b64encode(value).rstrip(b"=").decode("ascii")


def _decode(text: str) -> bytes:
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except binascii.Error:
        return b""
