"""Those who want to hear of changes, each with a queue that has a limit."""

from __future__ import annotations

import asyncio

from bistro.db.drivers.protocol import Change

WAITING_MAX = 1000
"""Changes that wait for one who reads slowly; beyond, all he is told is that something has changed."""


class Subscribers:
    """Hands each change to all who want those of its table."""

    def __init__(self) -> None:
        self._tables: dict[asyncio.Queue[Change], str] = {}

    def __bool__(self) -> bool:
        return bool(self._tables)

    def add(self, table: str) -> asyncio.Queue[Change]:
        """A queue of the changes of `table` from here on."""
        queue: asyncio.Queue[Change] = asyncio.Queue(WAITING_MAX)
        self._tables[queue] = table
        return queue

    def discard(self, queue: asyncio.Queue[Change]) -> None:
        """Forget a queue."""
        self._tables.pop(queue, None)

    def publish(self, changes: list[Change]) -> None:
        """Tell those who want them."""
        for queue, table in self._tables.items():
            for change in changes:
                if change.table == table:
                    _put(queue, change)

    def publish_unknown(self) -> None:
        """Tell everybody that there may have been changes."""
        for queue, table in self._tables.items():
            _put(queue, Change(table, "unknown"))


def _put(queue: asyncio.Queue[Change], change: Change) -> None:
    if queue.full():
        while not queue.empty():
            queue.get_nowait()
        change = Change(change.table, "unknown")
    queue.put_nowait(change)
