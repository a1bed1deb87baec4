"""Kinds of stored hashes: how each is checked, what it costs, and how to spend as much on nothing.

Each kind reads a hash into a `Cost`: work that is proportional to the time it takes, and the
parameters with which to do more of it. `passwords.py` uses that to make every wrong password as dear
as the dearest one: who has a hash of another kind could be told by time otherwise.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import os
import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final, Protocol

from msgspec import Struct

ITERATIONS_MAX: Final = 10_000_000
ARGON2_WORK_MAX: Final = 8 * 1024 * 1024
"""KiB, all passes together."""
MEMORY_MAX: Final = 128 * 1024 * 1024
SCRYPT_LEAST: Final = 1_024
"""Less than this many blocks, a millisecond or two, is not worth a call."""
BCRYPT_ROUNDS: Final = range(4, 19)
BCRYPT_LENGTH_MAX: Final = 72
"""Bytes that bcrypt looks at; old versions of the library cut longer passwords off, new ones refuse them."""
SALT: Final = b"spent on nothing"


class Cost(Struct, frozen=True):
    """What it takes to check a hash."""

    work: int
    """In proportion to the time; comparable within a kind."""
    parameters: tuple[int, ...] = ()


class Kind(Protocol):
    """A way to hash passwords."""

    def find_cost(self, hashed: str) -> Cost | None:
        """What a hash costs; None where it can't be read."""
        ...

    def is_right(self, password: bytes, hashed: str) -> bool:
        """Whether it is the password. Raises ValueError where the hash can't be read after all."""
        ...

    def spend(self, password: bytes, work: int, like: Cost) -> None:
        """Do this much work, in the manner of `like`."""
        ...


class Argon2:
    """argon2id and its relatives, as argon2 writes them; Django puts its own word before."""

    _parameters = re.compile(r"(?:argon2)?\$argon2(?:id|i|d)\$v=\d+\$m=(\d{1,7}),t=(\d{1,3}),p=(\d{1,2})\$")

    def find_cost(self, hashed: str) -> Cost | None:
        """The work is memory (KiB) by passes, for each of the lanes that run at once."""
        found = self._parameters.match(hashed)
        if found is None:
            return None
        memory, passes, lanes = map(int, found.groups())
        if not (lanes and passes and memory * passes <= ARGON2_WORK_MAX):
            return None
        return Cost(memory * passes // _at_once(lanes), (memory, passes, lanes))

    def is_right(self, password: bytes, hashed: str) -> bool:
        """Whether it is."""
        # Loaded late: most processes, such as commands, check no password.
        from argon2 import PasswordHasher
        from argon2.exceptions import InvalidHashError, VerificationError, VerifyMismatchError

        try:
            return PasswordHasher().verify(hashed.removeprefix("argon2"), password)
        except VerifyMismatchError:
            return False
        except (VerificationError, InvalidHashError):
            raise ValueError("no hash of argon2") from None

    def spend(self, password: bytes, work: int, like: Cost) -> None:
        """One hash, of so much less memory."""
        from argon2.low_level import Type, hash_secret_raw

        _, passes, lanes = like.parameters
        memory = work * _at_once(lanes) // passes
        if memory >= 8 * lanes:  # RFC 9106 §3.1
            hash_secret_raw(password, SALT, passes, memory, lanes, hash_len=32, type=Type.ID)


class Pbkdf2:
    """PBKDF2 as Django stores it: `pbkdf2_sha256$iterations$salt$hash`."""

    def __init__(self, digest: str) -> None:
        self._digest = digest

    def find_cost(self, hashed: str) -> Cost | None:
        """The work is the number of iterations."""
        found = re.match(r"pbkdf2_\w+\$(\d{1,8})\$[^$]*\$[^$]+\Z", hashed)
        return Cost(int(found[1])) if found and 0 < int(found[1]) <= ITERATIONS_MAX else None

    def is_right(self, password: bytes, hashed: str) -> bool:
        """Whether it is."""
        _, iterations, salt, wanted = hashed.split("$")
        return _equals(hashlib.pbkdf2_hmac(self._digest, password, salt.encode(), int(iterations)), wanted)

    def spend(self, password: bytes, work: int, like: Cost) -> None:
        """So many iterations."""
        hashlib.pbkdf2_hmac(self._digest, password, SALT, work)


class Scrypt:
    """scrypt as Django stores it: `scrypt$n$salt$r$p$hash`."""

    def find_cost(self, hashed: str) -> Cost | None:
        """The work is the number of blocks: n by r by p."""
        found = re.match(r"scrypt\$(\d{1,8})\$[^$]*\$(\d{1,3})\$(\d{1,3})\$[^$]+\Z", hashed)
        if found is None:
            return None
        n, r, p = map(int, found.groups())
        is_one = n > 1 and n.bit_count() == 1 and r > 0 and p > 0 and 128 * n * r < MEMORY_MAX
        return Cost(n * r * p, (n, r, p)) if is_one else None

    def is_right(self, password: bytes, hashed: str) -> bool:
        """Whether it is."""
        _, n, salt, r, p, wanted = hashed.split("$")
        return _equals(_scrypt(password, salt.encode(), int(n), int(r), int(p)), wanted)

    def spend(self, password: bytes, work: int, like: Cost) -> None:
        """As many whole rounds as fit, then smaller ones, since n is a power of two."""
        n, r, _ = like.parameters
        while work >= SCRYPT_LEAST and n > 1:
            rounds = work // (n * r)
            if rounds:
                _scrypt(password, SALT, n, r, rounds)
            work, n = work - rounds * n * r, n // 2


class Bcrypt:
    """bcrypt, as it writes itself or as Django stores it; its library is an extra."""

    _form = re.compile(r"(?:(bcrypt|bcrypt_sha256)\$)?(\$2[aby]\$(\d\d)\$[./A-Za-z0-9]{53})\Z")

    def find_cost(self, hashed: str) -> Cost | None:
        """The work is two to the power of the rounds."""
        found = self._form.match(hashed)
        return Cost(1 << int(found[3])) if found and int(found[3]) in BCRYPT_ROUNDS else None

    def is_right(self, password: bytes, hashed: str) -> bool:
        """Whether it is."""
        import bcrypt

        found = self._form.match(hashed)
        if found is None:
            return False
        if found[1] == "bcrypt_sha256":
            password = binascii.hexlify(hashlib.sha256(password).digest())
        return bcrypt.checkpw(password[:BCRYPT_LENGTH_MAX], found[2].encode())

    def spend(self, password: bytes, work: int, like: Cost) -> None:
        """A hash for each power of two in it."""
        import bcrypt

        for rounds in BCRYPT_ROUNDS:
            if work >> rounds & 1:
                bcrypt.hashpw(password[:BCRYPT_LENGTH_MAX], bcrypt.gensalt(rounds))


KINDS: Final[Mapping[str, Kind]] = MappingProxyType(
    {
        "argon2": Argon2(),
        "pbkdf2_sha256": Pbkdf2("sha256"),
        "pbkdf2_sha1": Pbkdf2("sha1"),
        "scrypt": Scrypt(),
        "bcrypt": Bcrypt(),
    }
)
_NAMES: Final = {"": "", "argon2": "argon2", "argon2id": "argon2", "argon2i": "argon2", "argon2d": "argon2",
                 "bcrypt_sha256": "bcrypt", "2a": "bcrypt", "2b": "bcrypt", "2y": "bcrypt"}  # fmt: skip


def name_of(hashed: str) -> str:
    """The name of a hash's kind, which may be none of `KINDS`."""
    first, _, rest = hashed.partition("$")
    word = first or rest.partition("$")[0]
    return _NAMES.get(word, word)


def prefix_of(hashed: str) -> str:
    """What hashes of the same kind and, mostly, the same cost begin with."""
    cost = re.match(r"(?:\w*\$argon2\w+\$v=\d+\$[^$]+\$|\w*\$2\w\$\d\d\$|\w+\$\d+\$)", hashed)
    return cost[0] if cost else hashed.partition("$")[0][:20] or hashed[:20]


def _at_once(lanes: int) -> int:
    return min(lanes, os.cpu_count() or 1)


def _scrypt(password: bytes, salt: bytes, n: int, r: int, p: int) -> bytes:
    return hashlib.scrypt(password, salt=salt, n=n, r=r, p=p, maxmem=2 * MEMORY_MAX)


def _equals(made: bytes, wanted: str) -> bool:
    return hmac.compare_digest(made, base64.b64decode(wanted, validate=True))
