"""Who is logged in: the session and its user, by one query, once a request."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Final

import msgspec
from msgspec import field

from bistro.db import RawRows
from bistro.http import Request
from bistro.plugins.accounts.groups import roles_by_groups
from bistro.plugins.accounts.users import AbstractUser, User
from bistro.plugins.sessions import DatabaseSessions, Record, Session, SessionData, StoredSession
from bistro.plugins.sessions.record import hash_token
from bistro.plugins.sessions.session import key_of

FIND: Final = """
SELECT {{StoredSession}}, {{{model}}} FROM "bistro_session"
LEFT JOIN "{table}" ON "{table}"."key" = "bistro_session"."owner" WHERE "bistro_session"."id" IN ({{id}})
"""
"""`IN`, as SQLite looks at the value behind `=` when it plans a join, and so plans anew for each value."""

DATA: Final = msgspec.json.Decoder(dict[str, str])


class UserRecord(Record, kw_only=True):
    """A session that was read together with its user."""

    user: AbstractUser | None = None


class UserSessions(DatabaseSessions):
    """Sessions in the database, each read together with its user: one query for both."""

    def __init__(self, user: type[AbstractUser] = User) -> None:
        name = user.__table_info__.name
        self._rows = RawRows(FIND.format(model=user.__name__, table=name), StoredSession, optional=user)

    async def find(self, token: str) -> Record | None:
        """The session of this token with its user."""
        rows: Sequence[tuple[StoredSession, AbstractUser | None]]
        rows = await self._rows.fetch(id=hash_token(token))
        if not rows:
            return None
        row, user = rows[0]
        # One by one, and not by way of `record_of`: this is done in each request of each user.
        return UserRecord(
            id=row.id,
            owner=row.owner,
            created_at=row.created_at,
            seen_at=row.seen_at,
            expires_at=row.expires_at,
            about=row.about,
            data=DATA.decode(row.data),
            user=user,
        )


class LoggedIn(SessionData):
    """How and when the session became the user's."""

    at: float = 0.0
    """When they last proved who they are; see `RecentLogIn`."""
    method: str = ""
    steps: list[str] = field(default_factory=list)
    stamp: str = ""
    """Of the password that the user had then; see `stamp_of_password`."""


def stamp_of_password(user: AbstractUser) -> str:
    """A hash of the user's password: a session that has another one lets nobody in any more.

    A new password ends the sessions that there are, but not one that a request is about to keep.
    """
    return hashlib.blake2b(user.password.encode("utf-8", "replace"), digest_size=16).hexdigest()


class Impersonation(SessionData):
    """That somebody else uses the session as if they were its user."""

    by_key: str = ""
    """Who does."""
    began_at: float = 0.0
    stamps: list[str] = field(default_factory=list)
    """Of who does and of the user, as they were then; see `stamp_of_rights`."""


async def stamp_of_rights(user: AbstractUser) -> str:
    """A hash of what lets a user in and of what they may do.

    Who impersonates is let in again by a session that is not theirs, which a new password does not
    find to end it, and was compared with the user at the beginning alone.
    """
    roles = sorted({*user.roles, *await roles_by_groups(user.key)})
    text = repr((user.key, user.password, user.is_superuser, roles))
    return hashlib.blake2b(text.encode("utf-8", "replace"), digest_size=16).hexdigest()


class CurrentUser:
    """Finds the user of a request."""

    def __init__(self, model: type[AbstractUser]) -> None:
        self._model = model

    async def find(self, session: Session) -> AbstractUser | None:
        """Who the session belongs to; None for a visitor.

        Also for who was deleted or locked out since, or has another password.
        """
        if not session.owner:
            return None
        record = session.record
        user: AbstractUser | None
        if isinstance(record, UserRecord) and record.user is not None and record.user.key == session.owner:
            user = record.user
        else:
            user = await self._model.objects.find(self._model.key == session.owner)
        if user is None or not user.is_active:
            return None
        # Sessions have none that a handler has opened by itself, or that are from before there were stamps.
        stamp = session.peek(LoggedIn).stamp
        return user if not stamp or stamp == stamp_of_password(user) else None

    def is_impersonated(self, session: Session) -> bool:
        """Whether somebody else uses the session in its user's place."""
        # Looked for before it is decoded: hardly any session has it.
        return IMPERSONATION in session.record.data and bool(session.data(Impersonation).by_key)

    async def find_impersonator(self, session: Session) -> AbstractUser | None:
        """Who does; None where they were deleted, locked out, or have another password or roles since."""
        kept = session.data(Impersonation)
        by = await self._model.objects.find(self._model.key == kept.by_key)
        is_same = by is not None and by.is_active and kept.stamps[:1] == [await stamp_of_rights(by)]
        return by if is_same else None

    async def has_same_rights(self, session: Session, user: AbstractUser) -> bool:
        """Whether the impersonated user may do no more and no less than at the beginning."""
        return session.data(Impersonation).stamps[1:] == [await stamp_of_rights(user)]


IMPERSONATION: Final = key_of(Impersonation)


def next_of(request: Request) -> str:
    """The page that was asked for, to come back to it; "" for what can't be asked again."""
    if request.method not in ("GET", "HEAD"):
        return ""
    query = request.exchange.query_string
    path = request.exchange.raw_path
    return f"{path}?{query}" if query else path
