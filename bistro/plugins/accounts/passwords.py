"""Hashes of passwords: argon2id, in a few threads, renewed when the parameters change.

A check of a user who does not exist, or who has no password, takes the same time as of one who does
(CVE-2024-39329): a hash of nobody's password is checked then. What Django has stored is checked too,
and replaced by argon2id at the next log-in.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import os
import secrets
from collections.abc import Callable
from typing import TYPE_CHECKING, Final, TypeVar

from bistro.ground import ThreadPool
from bistro.http import ServiceUnavailable

if TYPE_CHECKING:
    from argon2 import PasswordHasher

T = TypeVar("T")
LENGTH_MIN: Final = 8
LENGTH_MAX: Final = 1_024
"""ASVS 5.0, 6.2.9 asks for at least 64; without a limit a huge one burns the processor (CVE-2021-45115)."""
WAITING_MAX: Final = 200
ITERATIONS_MAX: Final = 10_000_000


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
        self._nobody = ""

    async def hash(self, password: str) -> str:
        """The hash of a password, as argon2 writes it. Raises ValueError beyond `LENGTH_MAX`."""
        _check_length(password)
        return await self._run(self._make_hash, password)

    async def verify(self, password: str, hashed: str) -> tuple[bool, bool]:
        """Whether it is the password, and whether its hash should be made anew.

        An empty hash is that of nobody: checked for the same time, and never right.
        """
        if len(password) > LENGTH_MAX:
            return False, False
        return await self._run(self._verify, password, hashed)

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
        if not hashed:
            self._nobody = self._nobody or self._make_hash(secrets.token_urlsafe())
            self._is_right(password, self._nobody)
            return False, False
        if hashed.startswith("$argon2"):
            is_right = self._is_right(password, hashed)
            return is_right, is_right and self._argon2().check_needs_rehash(hashed)
        return verify_django(password, hashed, self._is_right), True

    def _is_right(self, password: str, hashed: str) -> bool:
        from argon2.exceptions import InvalidHashError, VerificationError

        try:
            return self._argon2().verify(hashed, _as_bytes(password))
        except (VerificationError, InvalidHashError):
            return False

    def _argon2(self) -> PasswordHasher:
        if self._hasher is None:
            # Loaded late: most processes, such as commands, check no password.
            from argon2 import PasswordHasher

            passes, memory, lanes = self._parameters
            self._hasher = PasswordHasher(time_cost=passes, memory_cost=memory, parallelism=lanes)
        return self._hasher


def verify_django(password: str, hashed: str, verify_argon2: Callable[[str, str], bool]) -> bool:
    """Whether it is the password of a hash that Django has stored; False for kinds unknown here."""
    kind, _, rest = hashed.partition("$")
    try:
        if kind in ("pbkdf2_sha256", "pbkdf2_sha1"):
            iterations, salt, wanted = rest.split("$")
            if not 0 < int(iterations) <= ITERATIONS_MAX:
                return False
            digest = kind.removeprefix("pbkdf2_")
            made = hashlib.pbkdf2_hmac(digest, _as_bytes(password), salt.encode(), int(iterations))
        elif kind == "scrypt":
            work, salt, block, lanes, wanted = rest.split("$")
            made = hashlib.scrypt(
                _as_bytes(password), salt=salt.encode(), n=int(work), r=int(block), p=int(lanes),
                maxmem=128 * 1024 * 1024,
            )  # fmt: skip
        elif kind == "argon2":
            return verify_argon2(password, f"${rest}")
        else:
            return False
        return hmac.compare_digest(made, base64.b64decode(wanted, validate=True))
    except (ValueError, binascii.Error):
        return False


def _check_length(password: str) -> None:
    if len(password) > LENGTH_MAX:
        raise ValueError(f"a password has at most {LENGTH_MAX:,} characters")


def _as_bytes(password: str) -> bytes:
    # A lone surrogate has no UTF-8; it must be no error, and no other password's bytes either.
    return password.encode("utf-8", "surrogatepass")
