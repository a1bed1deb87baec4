"""Hashes of passwords: argon2id, in a few threads, renewed when the parameters change.

What Django or bcrypt has stored is checked too, and replaced by argon2id at the next log-in.

How it works. Nobody must learn by time whether there is a user (CVE-2024-39329), nor that one has a
hash from before, which takes longer or shorter than argon2id. So a wrong password costs the same
whoever it is for: the dearest hash of each kind that this process knows of. What the user's own hash
has not cost is spent on nothing. A right password costs no more than its own hash.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Final, TypeVar

from bistro.ground import ThreadPool, get_logger
from bistro.http import ServiceUnavailable
from bistro.plugins.accounts.extras import MissingAccountsExtra, require_extra
from bistro.plugins.accounts.hashes import KINDS, Cost, name_of

if TYPE_CHECKING:
    from argon2 import PasswordHasher

T = TypeVar("T")
LENGTH_MIN: Final = 8
LENGTH_MAX: Final = 1_024
"""ASVS 5.0, 6.2.9 asks for at least 64; without a limit a huge one burns the processor (CVE-2021-45115)."""
WAITING_MAX: Final = 200
_logger = get_logger("bistro.accounts")


class Passwords:
    """Makes and checks hashes. The work is done in `threads_max` threads of its own."""

    def __init__(
        self, *, memory_kib: int = 19_456, passes: int = 2, lanes: int = 1, threads_max: int | None = None
    ) -> None:
        """The defaults are the least that the OWASP asks for: 19 MiB and 2 passes, some 20 ms."""
        self._parameters = (passes, memory_kib, lanes)
        self._threads_max = threads_max or max(1, (os.cpu_count() or 1) // 2)
        self._pool: ThreadPool | None = None
        self._hasher: PasswordHasher | None = None
        # An own hash is always among them: who has none is as dear as who has one.
        self._dearest: dict[str, Cost] = {}
        self.learn([self.prefix])
        self._has_bcrypt: bool | None = None

    @property
    def prefix(self) -> str:
        """What a hash of today begins with."""
        passes, memory, lanes = self._parameters
        return f"$argon2id$v=19$m={memory},t={passes},p={lanes}$"

    async def hash(self, password: str) -> str:
        """The hash of a password, as argon2 writes it. Raises ValueError beyond `LENGTH_MAX`."""
        _check_length(password)
        return await self._run(self._make_hash, password)

    async def verify(self, password: str, hashed: str) -> tuple[bool, bool]:
        """Whether it is the password, and whether its hash should be made anew.

        An empty hash is that of nobody, as is one that can't be read: checked for the same time, and
        never right.
        """
        if len(password) > LENGTH_MAX:
            return False, False
        return await self._run(self._verify, password, hashed)

    def learn(self, hashes: Iterable[str]) -> None:
        """Let a wrong password cost what these do, before anybody has tried one of them."""
        for each in hashes:
            self._find_cost(each)

    def close(self) -> None:
        """End the threads; they begin again when something is asked."""
        pool, self._pool = self._pool, None
        if pool is not None:
            pool.close(1.0)

    async def _run(self, function: Callable[..., T], *values: str) -> T:
        pool = self._pool = self._pool or ThreadPool(self._threads_max, name="bistro-passwords")
        # What waits holds a request each; beyond this nobody would wait for the answer.
        if pool.statistics().waiting >= WAITING_MAX:
            raise ServiceUnavailable("Too many log-ins at once.", headers={"retry-after": "5"})
        return await pool.run(function, *values)

    def _make_hash(self, password: str) -> str:
        return self._argon2().hash(_as_bytes(password))

    def _verify(self, password: str, hashed: str) -> tuple[bool, bool]:
        typed, name, cost = _as_bytes(password), name_of(hashed), self._find_cost(hashed)
        try:
            if cost is not None and KINDS[name].is_right(typed, hashed):
                return True, not hashed.startswith("$argon2") or self._argon2().check_needs_rehash(hashed)
        except ValueError:
            cost = None
        self._spend_rest(typed, name, cost)
        return False, False

    def _find_cost(self, hashed: str) -> Cost | None:
        """What a hash costs, from now on known as what one of its kind may cost."""
        name = name_of(hashed)
        kind = KINDS.get(name)
        cost = None if kind is None else kind.find_cost(hashed)
        if cost is None or (name == "bcrypt" and not self._can_bcrypt()):
            return None
        if name not in self._dearest or cost.work > self._dearest[name].work:
            self._dearest[name] = cost
        return cost

    def _spend_rest(self, password: bytes, name: str, cost: Cost | None) -> None:
        for each, dearest in list(self._dearest.items()):
            done = cost.work if cost is not None and each == name else 0
            if dearest.work > done:
                KINDS[each].spend(password, dearest.work - done, dearest)

    def _can_bcrypt(self) -> bool:
        if self._has_bcrypt is None:
            try:
                require_extra("a user with a hash of bcrypt", "bcrypt", "bcrypt")
            except MissingAccountsExtra as error:
                # Told to the log alone: an answer that is an error would tell who has such a hash.
                _logger.error(str(error))
                self._has_bcrypt = False
            else:
                self._has_bcrypt = True
        return self._has_bcrypt

    def _argon2(self) -> PasswordHasher:
        if self._hasher is None:
            # Loaded late: most processes, such as commands, check no password.
            from argon2 import PasswordHasher

            passes, memory, lanes = self._parameters
            self._hasher = PasswordHasher(time_cost=passes, memory_cost=memory, parallelism=lanes)
        return self._hasher


def _check_length(password: str) -> None:
    if len(password) > LENGTH_MAX:
        raise ValueError(f"a password has at most {LENGTH_MAX:,} characters")


def _as_bytes(password: str) -> bytes:
    # A lone surrogate has no UTF-8; it must be no error, and no other password's bytes either.
    return password.encode("utf-8", "surrogatepass")
