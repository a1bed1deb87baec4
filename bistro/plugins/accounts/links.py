"""Links in mails: signed, for one purpose, for a short time, and for one use.

How it works. A link holds the user's key and a stamp, a hash of what the link will change. Once that
has changed, by this link or otherwise, the stamp of the row is another and the link is worthless:
nothing needs to be stored. What a token is for is part of its signature (ASVS 5.0, 9.2.2).
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable
from datetime import timedelta
from typing import Final, Literal, TypeAlias

import msgspec

from bistro.ground import BadSignature, Clock, Keyring, Signer
from bistro.plugins.accounts.users import AbstractUser

Purpose: TypeAlias = Literal["verify", "reset", "link", "email"]
TOKEN_LENGTH_MAX: Final = 2_000
AGES: Final[dict[Purpose, timedelta]] = {
    "verify": timedelta(days=3),
    "reset": timedelta(hours=1),
    "link": timedelta(minutes=15),
    "email": timedelta(days=1),
}
# What each changes, so that it works only once; the password is in all of them, since who changes it
# wants everything that was sent before to be worthless.
CHANGED: Final[dict[Purpose, Callable[[AbstractUser], object]]] = {
    "verify": lambda user: user.verified_at,
    "reset": lambda user: user.is_active,
    "link": lambda user: user.logged_in_at,
    "email": lambda user: user.id,
}


class Opened(msgspec.Struct, frozen=True, array_like=True):
    """What a token holds."""

    key: str
    stamp: bytes
    extra: str = ""


class MailLinks:
    """Makes and opens the tokens of links."""

    def __init__(self, keyring: Keyring, model: type[AbstractUser], clock: Clock) -> None:
        self._model = model
        self._signers = {each: Signer(keyring, f"accounts {each}", clock=clock) for each in AGES}

    def make(self, purpose: Purpose, user: AbstractUser, extra: str = "") -> str:
        """A token for `user`; `extra` is kept in it, readable."""
        value = Opened(user.key, stamp_of(purpose, user), extra)
        return self._signers[purpose].sign(msgspec.msgpack.encode(value))

    async def open(self, purpose: Purpose, token: str) -> tuple[AbstractUser, str] | None:
        """The user and the extra of a token; None if it is forged, expired, used, or for another purpose."""
        if len(token) > TOKEN_LENGTH_MAX:
            return None
        try:
            value = self._signers[purpose].verify(token, age_max=AGES[purpose])
            opened = msgspec.msgpack.decode(value, type=Opened)
        except (BadSignature, msgspec.MsgspecError):
            return None
        user = await self._model.objects.find(self._model.key == opened.key)
        if user is None or not user.is_active:
            return None
        is_fresh = hmac.compare_digest(opened.stamp, stamp_of(purpose, user))
        return (user, opened.extra) if is_fresh else None


def stamp_of(purpose: Purpose, user: AbstractUser) -> bytes:
    """A hash of what a link of this purpose will change."""
    parts = (purpose, user.password, user.email_key, repr(CHANGED[purpose](user)))
    return hashlib.blake2b("\0".join(parts).encode(), digest_size=16).digest()
