"""The site's secret keys, and how each use gets a key of its own from them."""

from __future__ import annotations

import secrets
import struct
from collections.abc import Sequence

from bistro.ground.errors import SetupError
from bistro.ground.secret import Secret

KEY_LENGTH_MIN = 32

_DIFFERENT_BYTES_MIN = 10
_SAMPLE_WORDS = (b"change-me", b"changeme", b"change_me", b"change me", b"insecure")
_HOW_TO_MAKE_A_KEY = (
    'Make one with: python -c "import secrets; print(secrets.token_urlsafe(32))"\n'
    "and set it as SECRET_KEY in the environment; keep it out of the repository."
)


class WeakKeyError(SetupError):
    """A secret key is missing, too short, or a sample that everybody knows."""

    code = "B110"
    exit_code = 78


def make_secret_key() -> str:
    """A new random key: 32 bytes from the system's generator, as 43 URL-safe characters."""
    return secrets.token_urlsafe(32)


class Keyring:
    """Secret keys, the newest first: that one makes new texts, all of them check old ones.

    Raises WeakKeyError (B110) for a key shorter than 32 characters, with fewer than 10 different
    ones, or that still says "change me".
    """

    __slots__ = ("_keys",)

    def __init__(self, keys: Sequence[str | bytes | Secret] | Secret) -> None:
        # A single text is a sequence of texts as well, each a key of one letter.
        given = [keys] if isinstance(keys, str | bytes | Secret) else keys
        self._keys = tuple(_check_key(key, place) for place, key in enumerate(given, 1))
        if not self._keys:
            raise WeakKeyError("there is no secret key", fix=_HOW_TO_MAKE_A_KEY)

    def __len__(self) -> int:
        return len(self._keys)

    def __repr__(self) -> str:
        return f"Keyring(<{len(self._keys)} keys>)"

    def derive(self, use: str, purpose: str) -> list[tuple[bytes, bytes]]:
        """An id of 4 bytes and a key of 32 bytes from each of the keys, newest first.

        Another use or purpose gives others; neither tells anything of the key that it comes from.
        """
        return [
            (derive_key(key, 4, b"id", use, purpose), derive_key(key, 32, b"key", use, purpose))
            for key in self._keys
        ]


def derive_key(key: bytes, length: int, *labels: bytes | str) -> bytes:
    """`length` bytes made from `key` for the use that `labels` name (HKDF with SHA-256, RFC 5869)."""
    # Late: cryptography takes tens of milliseconds to load, and many programs never sign.
    from cryptography.hazmat.primitives.hashes import SHA256
    from cryptography.hazmat.primitives.kdf.hkdf import HKDF

    return HKDF(SHA256(), length, salt=None, info=join_labels(b"bistro", *labels)).derive(key)


def join_labels(*labels: bytes | str) -> bytes:
    """The labels as one, each with its length before it: no others give the same bytes."""
    parts = [label.encode() if isinstance(label, str) else label for label in labels]
    return b"".join(struct.pack(">I", len(part)) + part for part in parts)


def _check_key(key: str | bytes | Secret, place: int) -> bytes:
    text = key.reveal() if isinstance(key, Secret) else key
    data = text.encode() if isinstance(text, str) else bytes(text)
    which = f"secret key {place}"
    if len(data) < KEY_LENGTH_MIN:
        what = f"{which} has {len(data)} characters, and needs at least {KEY_LENGTH_MIN}"
    elif len(set(data)) < _DIFFERENT_BYTES_MIN:
        what = f"{which} repeats the same few characters"
    elif any(word in data.lower() for word in _SAMPLE_WORDS):
        what = f"{which} is a sample that everybody can read"
    else:
        return data
    raise WeakKeyError(what, fix=_HOW_TO_MAKE_A_KEY)
