"""What has changed in PostgreSQL: triggers notify, and one connection of this process listens.

A trigger tells of each row with its key, and the server hands that on when the transaction is
committed. Where the connection breaks, everybody is told that something may have changed.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import msgspec

from bistro.db.drivers.postgres.connection import PostgresConnection
from bistro.db.drivers.protocol import Change
from bistro.db.drivers.subscribers import Subscribers
from bistro.db.errors import DatabaseError

CHANNEL = "bistro_changes"
PAUSE_SECONDS = 0.5
"""Between two attempts to connect again."""
FUNCTION = f"""
create or replace function bistro_note_change() returns trigger language plpgsql as $$
declare
    changed record;
begin
    if tg_op = 'DELETE' then changed := old; else changed := new; end if;
    perform pg_notify('{CHANNEL}', json_build_object(
        'table', tg_table_name, 'kind', lower(tg_op), 'key', to_json(changed) -> tg_argv[0])::text);
    return null;
end $$
"""


def statements_for(table: str, key: str) -> tuple[str, str]:
    """What makes the trigger of a table, and the function that it calls."""
    name = table.replace('"', '""')
    column = key.replace("'", "''")
    return FUNCTION, (
        f'create or replace trigger bistro_changes after insert or update or delete on "{name}"'
        f" for each row execute function bistro_note_change('{column}')"
    )


class ChangeFeed:
    """Listens on a connection of its own, as long as anybody wants to hear."""

    def __init__(self, connect: Callable[[], Awaitable[PostgresConnection]]) -> None:
        self._connect = connect
        self._subscribers = Subscribers()
        self._connection: PostgresConnection | None = None
        self._task: asyncio.Task[None] | None = None
        self._lost = asyncio.Event()

    @asynccontextmanager
    async def subscribe(self, table: str) -> AsyncIterator[asyncio.Queue[Change]]:
        """A queue of the changes of `table`. Raises `DatabaseUnavailable`."""
        if self._task is None:
            await self._listen()
            self._task = asyncio.create_task(self._keep_listening())
        queue = self._subscribers.add(table)
        try:
            yield queue
        finally:
            self._subscribers.discard(queue)
            if not self._subscribers:
                await self.close()

    async def close(self) -> None:
        """Listen no more."""
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.raw.remove_termination_listener(self._note_loss)
            await connection.close()

    async def _listen(self) -> None:
        connection = await self._connect()
        self._lost.clear()
        connection.raw.add_termination_listener(self._note_loss)
        await connection.raw.add_listener(CHANNEL, self._note)
        self._connection = connection

    async def _keep_listening(self) -> None:
        while True:
            await self._lost.wait()
            self._subscribers.publish_unknown()
            try:
                await self._listen()
            except DatabaseError:
                await asyncio.sleep(PAUSE_SECONDS)
                continue
            # What happened in between nobody has told.
            self._subscribers.publish_unknown()

    def _note(self, _connection: object, _pid: int, _channel: str, payload: str) -> None:
        with contextlib.suppress(msgspec.DecodeError):  # somebody else's notification
            self._subscribers.publish([msgspec.json.decode(payload, type=Change)])

    def _note_loss(self, _connection: object) -> None:
        self._lost.set()
