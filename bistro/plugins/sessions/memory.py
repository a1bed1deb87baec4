"""Sessions in the memory of one process: for tests, and sites with one worker."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from msgspec.structs import replace

from bistro.plugins.sessions.record import Changes, Record, hash_token, make_token, merge

COUNT_MAX: Final = 100_000


class MemorySessions:
    """Keeps at most `count_max` sessions, and forgets the one that was made first beyond them.

    A restart ends them all, and other workers don't know them.
    """

    def __init__(self, *, count_max: int = COUNT_MAX) -> None:
        self._records: dict[str, Record] = {}
        self._count_max = count_max

    async def find(self, token: str) -> Record | None:
        """The session of this token."""
        record = self._records.get(hash_token(token))
        return None if record is None else replace(record, data=dict(record.data))

    async def save(self, record: Record, changes: Changes) -> str | None:
        """Keep it; only a new one needs a token."""
        token = None
        if not record.id:
            token = make_token()
            record.id = hash_token(token)
            while len(self._records) >= self._count_max:
                del self._records[next(iter(self._records))]
        elif record.id not in self._records:
            return None
        else:
            record.data = self._records[record.id].data
        record.data = merge(record.data, changes)
        self._records[record.id] = replace(record)
        return token

    async def end(self, record: Record) -> None:
        """Forget it."""
        self._records.pop(record.id, None)

    async def list_of(self, owner: str) -> Sequence[Record]:
        """Those of `owner`."""
        return [replace(each) for each in self._records.values() if each.owner == owner]

    async def purge(self, expired_before: float, idle_before: float) -> int:
        """Forget what is over."""
        over = [name for name, each in self._records.items() if each.is_over(expired_before, idle_before)]
        for name in over:
            del self._records[name]
        return len(over)
