"""What is kept of a session, and what a place to keep it must be able to do."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Mapping, Sequence
from typing import Protocol, TypeAlias

from msgspec import Struct, field

Changes: TypeAlias = Mapping[str, str | None]
"""The JSON text of each value that has changed; None for one that was taken out."""


def make_token() -> str:
    """A text that nobody can guess: 256 bits from the system's generator (ASVS 5.0, 7.2.3)."""
    return secrets.token_urlsafe(32)


def hash_token(token: str) -> str:
    """What stores keep instead of the token, so that whoever reads a copy of them can't be anyone."""
    # For a token of 256 bits any hash will do that can't be turned back. This one is looked for in each
    # request, and takes a fraction of the time of OpenSSL's, which are at their best on long texts.
    return hashlib.blake2b(token.encode("utf-8", "replace"), digest_size=32).hexdigest()


class Record(Struct, kw_only=True):
    """One session as a store keeps it. Times are seconds since 1970."""

    id: str = ""
    """Names the session, to list and end it; worth nothing as a cookie. Empty before the first save."""
    owner: str = ""
    """Who it belongs to, such as a user's id; empty for a visitor."""
    created_at: float
    seen_at: float
    expires_at: float
    """When it ends, however busy it is."""
    about: str = ""
    """The browser, as it calls itself, to tell sessions apart in a list."""
    data: dict[str, str] = field(default_factory=dict)
    """Values by key, each as JSON text."""

    def is_over(self, expired_before: float, idle_before: float) -> bool:
        """Whether it had expired at the one time, or was not seen since the other."""
        return self.expires_at <= expired_before or self.seen_at <= idle_before


class SessionStore(Protocol):
    """Where sessions are kept. Times come from the caller, so that tests own them."""

    async def find(self, token: str) -> Record | None:
        """The session that the cookie `token` stands for, None if there is none."""
        ...

    async def save(self, record: Record, changes: Changes) -> str | None:
        """Keep `record` with `changes`, and return a new token for the cookie where it needs one.

        A record without an id is new and gets one. One that has ended meanwhile stays ended. Other
        keys than those in `changes` are left as they are, since another request may be changing them.
        """
        ...

    async def end(self, record: Record) -> None:
        """Make every token of this session worthless."""
        ...

    async def list_of(self, owner: str) -> Sequence[Record]:
        """The sessions of `owner`. Raises `SessionError` where the store can't know."""
        ...

    async def purge(self, expired_before: float, idle_before: float) -> int:
        """Remove what has expired or was not seen since; returns how many there were."""
        ...


def merge(data: dict[str, str], changes: Changes) -> dict[str, str]:
    """`data` with `changes`."""
    merged = {**data}
    for key, value in changes.items():
        if value is None:
            merged.pop(key, None)
        else:
            merged[key] = value
    return merged
