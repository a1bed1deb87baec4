"""What happens to accounts, kept in a table and told to the log (ASVS 5.0, 16.3.1)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Final, Literal, TypeAlias

from bistro.db import Field, Model, auto, field
from bistro.ground import Clock, get_logger
from bistro.http import Request
from bistro.plugins.rate_limit import client_address

EventKind: TypeAlias = Literal[
    "signed up", "verified", "logged in", "log-in failed", "log-in refused", "logged out",
    "password changed", "password reset asked", "password reset", "e-mail change asked", "e-mail changed",
    "session ended", "link sent", "account deleted", "confirmed", "confirmation failed",
    "step passed", "step failed", "method added", "method removed", "token made", "token ended",
    "impersonation began", "impersonation ended", "roles changed",
]  # fmt: skip
ABOUT_LENGTH_MAX: Final = 200
PURGE_EACH: Final = 100
_logger = get_logger("bistro.accounts")


class AccountEvent(Model, table="bistro_account_event"):
    """One event. What somebody typed as a name is not kept: it may be a password in the wrong field."""

    id: Field[int] = auto()
    at: Field[datetime] = auto(index=True)
    kind: Field[str] = field(max_length=40)
    user_key: Field[str] = field(default="", max_length=32, index=True)
    """Whose account; empty where it is unknown."""
    by_key: Field[str] = field(default="", max_length=32)
    """Who did it, where that was somebody else: who impersonates, or an administrator."""
    address: Field[str] = field(default="", max_length=64)
    about: Field[str] = field(default="", max_length=ABOUT_LENGTH_MAX)
    """The browser, as it calls itself."""
    detail: Field[str] = field(default="", max_length=200)


EventHook: TypeAlias = Callable[[AccountEvent], Awaitable[None]]


class Events:
    """Keeps events for as long as `kept`, and tells `hook` of each."""

    def __init__(self, clock: Clock, kept: timedelta, hook: EventHook | None = None) -> None:
        self._clock = clock
        self._kept = kept
        self._hook = hook
        self._count = 0

    async def note(
        self,
        request: Request | None,
        kind: EventKind,
        user_key: str = "",
        *,
        by_key: str = "",
        detail: str = "",
    ) -> None:
        """Keep that this happened."""
        address = about = ""
        if request is not None:
            address = client_address(request.exchange)[:64]
            about = request.headers.get("user-agent", "").replace("\0", "")[:ABOUT_LENGTH_MAX]
        event = AccountEvent(
            kind=kind,
            user_key=user_key,
            by_key=by_key,
            address=address,
            about=about,
            detail=detail[:200],
        )
        await event.save()
        if self._count % PURGE_EACH == 0:
            await self.purge()
        self._count += 1
        _logger.info(kind, user=user_key, by=by_key, address=address, detail=event.detail)
        if self._hook is not None:
            await self._hook(event)

    async def purge(self) -> int:
        """Remove what is older than events are kept; how many there were."""
        return await AccountEvent.objects.filter(AccountEvent.at < self._clock.now() - self._kept).delete()
