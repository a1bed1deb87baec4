"""How often somebody may try: counted in the database, so that all workers count together."""

from __future__ import annotations

import hashlib
import math
from typing import Final

from bistro.db import Field, Model, UniqueViolation, field, transaction
from bistro.ground import Clock
from bistro.http import TooManyRequests
from bistro.plugins.rate_limit import Limit, Taken

TRIES_MAX: Final = 20
PURGE_EACH: Final = 200
PER_MINUTE: Final = Limit(5, 60)
PER_HOUR: Final = Limit(5, 3_600)
PER_DAY: Final = Limit(100, 86_400)
"""NIST SP 800-63B §5.2.2: no more than 100 failed attempts on one account."""


class Attempts(Model, table="bistro_attempts"):
    """When somebody's attempts will be forgotten; see `rate_limit/limit.py` for how that counts them."""

    key: Field[str] = field(primary_key=True, max_length=64)
    full_at: Field[float] = field(index=True)


class Throttle:
    """Counts attempts by any text, such as an address or a name."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._count = 0

    async def take(self, what: str, *whos: tuple[str, Limit]) -> None:
        """Count one attempt at `what` by each of `whos`. Raises `TooManyRequests` where one has none left."""
        for who, limit in whos:
            taken = await self._take(_key_of(what, who, limit), limit)
            if not taken.is_allowed:
                raise TooManyRequests(
                    "That was too often in too short a time. Please wait a little.",
                    headers={"retry-after": taken.retry_after},
                )

    async def count(self, what: str, *whos: tuple[str, Limit]) -> bool:
        """Count as `take` does, and say whether all had one left; it takes the same time either way."""
        taken = [await self._take(_key_of(what, *each), each[1], evenly=True) for each in whos]
        return all(each.is_allowed for each in taken)

    async def claim(self, what: str, which: str, seconds: int) -> bool:
        """Whether nobody has claimed this one before; of parallel requests one is told so.

        `which` must be worthless by itself once `seconds` are over, since nobody remembers it then.
        """
        only = Limit(1, seconds)
        return (await self._take(_key_of(what, which, only), only)).is_allowed

    async def give_back(self, what: str, *whos: tuple[str, Limit]) -> None:
        """Take one attempt back: it was none to be counted."""
        for who, limit in whos:
            key = _key_of(what, who, limit)
            row = await Attempts.objects.find(Attempts.key == key)
            if row is not None:
                await Attempts.objects.filter(Attempts.key == key, Attempts.full_at == row.full_at).update(
                    full_at=row.full_at - limit.interval_seconds
                )

    async def forget(self, what: str, *whos: tuple[str, Limit]) -> None:
        """Begin anew, as after a right password."""
        # One by one, in one order: two statements that lock several rows each could wait for each other.
        for key in sorted({_key_of(what, *each) for each in whos}):
            await Attempts.objects.filter(Attempts.key == key).delete()

    async def purge(self) -> int:
        """Remove what counts for nothing any more."""
        return await Attempts.objects.filter(Attempts.full_at <= self._clock.time()).delete()

    async def _take(self, key: str, limit: Limit, *, evenly: bool = False) -> Taken:
        self._count += 1
        if self._count % PURGE_EACH == 0:
            await self.purge()
        for _ in range(TRIES_MAX):
            row = await Attempts.objects.find(Attempts.key == key)
            moment, taken = limit.take(0.0 if row is None else row.full_at, self._clock.time())
            if not taken.is_allowed:
                if evenly:  # a write that changes nothing: without it the time would tell
                    await self._keep(key, row, moment)
                return taken
            if await self._keep(key, row, moment):
                return taken
        return Taken(False, 0, limit.seconds, math.ceil(limit.interval_seconds))

    async def _keep(self, key: str, row: Attempts | None, moment: float) -> bool:
        """Whether it was kept; not where another attempt was counted meanwhile."""
        if row is not None:
            same = Attempts.objects.filter(Attempts.key == key, Attempts.full_at == row.full_at)
            return bool(await same.update(full_at=moment))
        try:
            async with transaction():
                await Attempts.objects.create(key=key, full_at=moment)
        except UniqueViolation:
            return False
        return True


def _key_of(what: str, who: str, limit: Limit) -> str:
    # Hashed: it may be long, and what somebody typed as a name may be their password. Between what and
    # who stands what can be in no `what`: else "log" by "in ann" would be "log in" by "ann".
    text = f"{limit.requests}/{limit.seconds} {what}\0{who}"
    return hashlib.blake2b(text.encode("utf-8", "replace"), digest_size=24).hexdigest()
