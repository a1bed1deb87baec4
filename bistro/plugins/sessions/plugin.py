"""The plugin: loads a session where somebody asks for it, and keeps what has changed."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any, ClassVar, Final, TypeVar  # Any: a provider has parameters of its own

from msgspec.structs import fields, replace

from bistro.app import Setup
from bistro.db import Database, TransactionError
from bistro.ground import Clock, SystemClock, expects_https, find_keyring, find_origin
from bistro.http import Request, Response
from bistro.plugins.sessions.cookie import CookieSessions
from bistro.plugins.sessions.database import DatabaseSessions, StoredSession
from bistro.plugins.sessions.errors import SessionDataError
from bistro.plugins.sessions.record import Changes, Record, SessionStore
from bistro.plugins.sessions.session import Others, Session, SessionData
from bistro.routing import Route

D = TypeVar("D", bound=SessionData)
NAME: Final = "session"
TOKEN_LENGTH_MAX: Final = 4096
ABOUT_LENGTH_MAX: Final = 200
MIGRATIONS: Final = Path(__file__).with_name("migrations")


@dataclass(frozen=True)
class Sessions:
    """Give handlers a `Session`, and any subclass of `SessionData` that they ask for.

    Without a `store` they are kept in the browser's cookie, sealed with `SECRET_KEY`. A session ends
    when it was not used for `idle`, and `lifetime` after its beginning, however busy it is (ASVS
    5.0, 7.3.1 and 7.3.2). Where browsers use https its cookie is called `__Host-session` and has
    `Secure`; it always has `HttpOnly` and `SameSite=Lax`.
    """

    store: SessionStore | None = None
    idle: timedelta = timedelta(days=14)
    lifetime: timedelta = timedelta(days=90)
    clock: Clock = field(default_factory=SystemClock)

    requires: ClassVar[tuple[type, ...]] = ()

    @property
    def can_list(self) -> bool:
        """Whether the sessions of an owner can be found, to show them and to end them."""
        return self.store is not None and not isinstance(self.store, CookieSessions)

    def install(self, setup: Setup) -> None:
        """Provide sessions. Raises `WeakKeyError` (B110) in production without a secret key."""
        store = self.store or CookieSessions(
            setup.folder / ".bistro" / "ended-sessions", find_keyring(setup.folder), clock=self.clock
        )
        keeper = SessionKeeper(store, self.idle, self.lifetime, self.clock)
        purge: Callable[..., Any] = keeper.purge
        if isinstance(store, DatabaseSessions):
            setup.models(StoredSession, package="sessions", migrations=MIGRATIONS)
            purge = keeper.purge_database
        setup.provide(Session, keeper.load)
        setup.provide(SessionKeeper, lambda: keeper)
        setup.provide_subclasses(SessionData, provide_data)
        setup.after(keeper.save, only_if_used=Session, only_for=_is_exchange)
        setup.command("purge-sessions", purge, help="Remove sessions that have expired.")


class SessionKeeper:
    """Loads and saves the sessions of one app."""

    def __init__(self, store: SessionStore, idle: timedelta, lifetime: timedelta, clock: Clock) -> None:
        self._store = store
        self._idle_seconds = idle.total_seconds()
        self._lifetime_seconds = lifetime.total_seconds()
        self._clock = clock
        self._others = Others(self._list_of, store.end)
        self._is_https = expects_https()  # asked once: it takes as long as the rest of finding the cookie

    async def load(self, request: Request) -> Session:
        """The session of the request's cookie, or a new one: no client chooses its own."""
        now = self._clock.time()
        token = request.cookies.get(self._cookie_name(request), "")
        record = await self._store.find(token) if 0 < len(token) <= TOKEN_LENGTH_MAX else None
        if record is None or self._is_over(record, now):
            about = request.headers.get("user-agent", "")[:ABOUT_LENGTH_MAX]
            record = Record(created_at=now, seen_at=now, expires_at=now + self._lifetime_seconds, about=about)
        return Session(record, self._others)

    async def save(self, request: Request, response: Response, session: Session) -> None:
        """Keep what has changed, and say in the answer that it is for this visitor alone."""
        response.vary("cookie")
        # No shared cache may keep what depends on a session, or gives one away to all who come later.
        response.keep_private()
        changes = {} if session.has_ended else session.find_changes()
        if not (changes or session.has_ended or session.is_rotated or self._is_due(session.record)):
            return  # as nearly always
        try:
            if session.has_ended:
                await self._end(request, response, session.record)
            else:
                await self._keep(request, response, session, changes)
        except TransactionError:
            # PostgreSQL takes nothing more once a statement has failed. With the request's transaction
            # all of it is undone, so nothing is lost that would have been kept.
            if response.status < 400:
                raise

    async def _end(self, request: Request, response: Response, record: Record) -> None:
        if record.id:
            await self._store.end(record)
        self._forget(request, response)

    async def _keep(self, request: Request, response: Response, session: Session, changes: Changes) -> None:
        record = session.record
        if session.is_rotated and record.id:
            # Read again: another request may have changed other keys since, or ended it.
            latest = await self._store.find(request.cookies.get(self._cookie_name(request), ""))
            if latest is None and record.owner and record.owner == session.owner_before:
                # A new token must not bring back what was ended elsewhere, as by a new password.
                self._forget(request, response)
                return
            await self._store.end(record)
            changes = {**(latest.data if latest and not session.is_emptied else {}), **changes}
            record = replace(record, id="", data={})
        elif not (record.id or changes or record.owner):
            return
        record.seen_at = self._clock.time()
        token = await self._store.save(record, changes)
        if token is not None:
            left = int(record.expires_at - record.seen_at)
            response.set_cookie(
                self._cookie_name(request), token, max_age=left, secure=self._is_secure(request)
            )

    async def end_all_of(
        self, owner: str, *, but: str = "", only: Callable[[Session], bool] = lambda _: True
    ) -> int:
        """End every session of `owner`, but for the one with the id `but`; how many there were.

        Where there is `only`, those for which it says yes. Raises `SessionError` where the store can't
        list sessions.
        """
        found = await self._store.list_of(owner)
        ended = [each for each in found if each.id != but and only(Session(each, self._others))]
        for each in ended:
            await self._store.end(each)
        return len(ended)

    async def edit_all_of(self, owner: str, kind: type[D], edit: Callable[[D], None]) -> None:
        """Change the data of one type in every session of `owner`. Raises `SessionError` as above."""
        for each in await self._store.list_of(owner):
            session = Session(each, self._others)
            edit(session.data(kind))
            changes = session.find_changes()
            if changes:
                await self._store.save(each, changes)

    async def purge(self) -> None:
        """Remove sessions that have expired or were idle too long."""
        now = self._clock.time()
        count = await self._store.purge(now, now - self._idle_seconds)
        sys.stdout.write(f"sessions removed: {count}\n")

    async def purge_database(self, database: Database) -> None:
        """The same where they are in the site's database."""
        await self.purge()

    async def _list_of(self, owner: str) -> list[Record]:
        now = self._clock.time()
        return [each for each in await self._store.list_of(owner) if not self._is_over(each, now)]

    def _is_due(self, record: Record) -> bool:
        """Whether it was seen so long ago that this is worth a write."""
        return self._clock.time() - record.seen_at > self._idle_seconds / 50

    def _is_over(self, record: Record, now: float) -> bool:
        return record.is_over(now, now - self._idle_seconds)

    def _cookie_name(self, request: Request) -> str:
        """`__Host-session` where the cookie is secure: no neighbour can set that (RFC 6265bis §4.1.3)."""
        return f"__Host-{NAME}" if self._is_secure(request) else NAME

    def _is_secure(self, request: Request) -> bool:
        """Whether the browser may send the cookie by https only."""
        return self._is_https or request.is_secure

    def _forget(self, request: Request, response: Response) -> None:
        response.set_cookie(self._cookie_name(request), "", max_age=0, secure=self._is_secure(request))


def provide_data(kind: type[SessionData]) -> Callable[..., Any]:
    """A provider of the data of type `kind`. Raises `SessionDataError` (B949) for one that has no default."""
    needed = [each.name for each in fields(kind) if each.required]
    if needed:
        raise SessionDataError(
            f"{kind.__name__}.{needed[0]} has no default, which a visitor without a session would begin with",
            where=(find_origin(kind),),
            fix=f"Write one behind it: {needed[0]}: … = …",
        )

    def find_data(session: Session) -> SessionData:
        return session.data(kind)

    return find_data


def _is_exchange(route: Route) -> bool:
    return not route.is_websocket
