"""Sessions in the site's database: one query to read, one to save, listed and ended by their owner."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import msgspec

from bistro.db import Field, Model, field
from bistro.plugins.sessions.errors import SessionError
from bistro.plugins.sessions.record import Changes, Record, hash_token, make_token, merge

TRIES_MAX: Final = 20


class StoredSession(Model, table="bistro_session"):
    """The row of a session. Its key is the hash of the cookie, so that a copy of the table opens nothing."""

    created_at: Field[float]
    seen_at: Field[float]
    id: Field[str] = field(primary_key=True, max_length=64)
    expires_at: Field[float] = field(index=True)
    owner: Field[str] = field(default="", max_length=200, index=True)
    about: Field[str] = field(default="", max_length=300)
    data: Field[str] = field(default="{}")
    version: Field[int] = field(default=0)


class DatabaseSessions:
    """Keeps sessions in the table of `StoredSession`, in the current database.

    `bistro db migrate` makes the table; without migrations `create_tables(StoredSession)` does.
    """

    async def find(self, token: str) -> Record | None:
        """The session of this token, by one query."""
        row = await StoredSession.objects.find(StoredSession.id == hash_token(token))
        return None if row is None else record_of(row)

    async def save(self, record: Record, changes: Changes) -> str | None:
        """Keep it; only a new one needs a token."""
        if not record.id:
            token = make_token()
            record.id = hash_token(token)
            record.data = merge(record.data, changes)
            await StoredSession.objects.create(**_columns(record), id=record.id, created_at=record.created_at)
            return token
        # The row is only written as it was read: another request may have changed another key since.
        for _ in range(TRIES_MAX):
            row = await StoredSession.objects.find(StoredSession.id == record.id)
            if row is None:
                return None
            record.data = merge(record_of(row).data, changes)
            same = StoredSession.objects.filter(
                StoredSession.id == record.id, StoredSession.version == row.version
            )
            if await same.update(**_columns(record), version=row.version + 1):
                return None
        raise SessionError(
            f"a session was changed by others {TRIES_MAX} times while it was to be saved",
            fix="Ask for the session in fewer of the requests that a page makes at once.",
        )

    async def end(self, record: Record) -> None:
        """Delete its row."""
        await StoredSession.objects.filter(StoredSession.id == record.id).delete()

    async def list_of(self, owner: str) -> Sequence[Record]:
        """Those of `owner`."""
        return [record_of(row) for row in await StoredSession.objects.filter(StoredSession.owner == owner)]

    async def purge(self, expired_before: float, idle_before: float) -> int:
        """Delete the rows of what is over."""
        over = (StoredSession.expires_at <= expired_before) | (StoredSession.seen_at <= idle_before)
        return await StoredSession.objects.filter(over).delete()


def record_of(row: StoredSession) -> Record:
    """The session in a row, such as one that was joined to a user."""
    return Record(
        id=row.id,
        owner=row.owner,
        created_at=row.created_at,
        seen_at=row.seen_at,
        expires_at=row.expires_at,
        about=row.about,
        data=msgspec.json.decode(row.data, type=dict[str, str]),
    )


# Any of them may be text or number; the columns check what they take.
def _columns(record: Record) -> dict[str, object]:
    return {
        "owner": record.owner,
        "seen_at": record.seen_at,
        "expires_at": record.expires_at,
        "about": record.about,
        "data": msgspec.json.encode(record.data).decode(),
    }
