"""Codes that an app makes of a secret and the time."""

from __future__ import annotations

import hmac
from typing import Final

from bistro.ground import Markup

STEP_SECONDS: Final = 30
STEPS_ASIDE: Final = 1
"""A clock that is half a minute off is still right (RFC 6238 §5.2)."""
DIGITS: Final = 6


def make_secret() -> str:
    """160 bits in base 32, as RFC 4226 §4 recommends."""
    import pyotp

    return pyotp.random_base32()


def find_step(secret: str, code: str, now: float) -> int | None:
    """Which half minute the code is of, among those that are close enough; None for a wrong one."""
    from pyotp.totp import TOTP

    digits = code.replace(" ", "").replace("-", "")
    if len(digits) != DIGITS or not (digits.isascii() and digits.isdecimal()):
        return None
    totp, current, found = TOTP(secret), int(now // STEP_SECONDS), None
    for step in range(current - STEPS_ASIDE, current + STEPS_ASIDE + 1):
        # All are looked at, so that the time tells nothing.
        if hmac.compare_digest(totp.at(step * STEP_SECONDS), digits):
            found = step
    return found


def make_uri(secret: str, account: str, issuer: str) -> str:
    """What an app reads from the picture."""
    from pyotp.totp import TOTP

    return TOTP(secret).provisioning_uri(name=account, issuer_name=issuer)


def draw_qr_code(text: str, title: str) -> Markup:
    """The picture as SVG, which needs no other file and no style; dark on white in any colour scheme."""
    import segno

    code = segno.make(text, error="m", micro=False)
    return Markup(code.svg_inline(scale=5, border=4, dark="#000", light="#fff", title=title))
