"""Codes that are written down."""

from __future__ import annotations

import hashlib
import secrets
from typing import Final

RECOVERY_COUNT: Final = 10
# Crockford's base 32: no letter that is taken for another. 16 of them are 80 bits, which nobody guesses
# offline either, so that a quick hash does.
ALPHABET: Final = "0123456789abcdefghjkmnpqrstvwxyz"
RECOVERY_LENGTH: Final = 16
LOOKALIKES: Final = str.maketrans({"o": "0", "i": "1", "l": "1", "-": None, " ": None})


def make_recovery_codes() -> list[str]:
    """Ten codes such as `4f7k-9wqa-0zxe-m2rt`."""
    codes = ("".join(secrets.choice(ALPHABET) for _ in range(RECOVERY_LENGTH)) for _ in range(RECOVERY_COUNT))
    return ["-".join(code[at : at + 4] for at in range(0, RECOVERY_LENGTH, 4)) for code in codes]


def hash_recovery_code(user_key: str, code: str) -> str:
    """What is kept of a code; the same for however it is typed, another for each user."""
    plain = code[:60].lower().translate(LOOKALIKES)
    return hashlib.blake2b(
        plain.encode("utf-8", "replace"), key=user_key.encode()[:64], digest_size=24
    ).hexdigest()
