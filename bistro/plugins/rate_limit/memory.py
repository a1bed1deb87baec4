"""Where one process keeps what its clients have left."""

from __future__ import annotations

from collections import OrderedDict

from bistro.ground import Clock, SystemClock
from bistro.plugins.rate_limit.limit import Limit, Taken


class MemoryRateStore:
    """One moment for each key, in this process; at most `keys_max` of them, the least used ones go first.

    Who asks from more addresses than that gets forgotten and could begin anew, but can't fill the
    memory; a key takes some 200 bytes. Several workers count each for itself.
    """

    def __init__(self, keys_max: int = 100_000, clock: Clock | None = None) -> None:
        self._keys_max = keys_max
        self._clock = clock or SystemClock()
        self._full_at: OrderedDict[str, float] = OrderedDict()

    def __len__(self) -> int:
        return len(self._full_at)

    def take(self, key: str, limit: Limit) -> Taken:
        """Take one request of `limit` for `key`."""
        # Never the wall clock, which may jump.
        moment, taken = limit.take(self._full_at.get(key, 0.0), self._clock.monotonic())
        self._full_at[key] = moment
        self._full_at.move_to_end(key)
        if len(self._full_at) > self._keys_max:
            self._full_at.popitem(last=False)
        return taken
