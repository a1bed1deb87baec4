"""Encrypted columns: values that the database, its backups and whoever reads them can't understand.

A value is JSON, sealed with the site's newest secret key for a purpose of the column's own: a text
that is put into another column is worth nothing there. Which row it stands in is not part of it.
"""

from __future__ import annotations

from datetime import timedelta
from functools import cache

# Any: a column holds values of any type.
from typing import Any, Final

import msgspec

from bistro.db.column_types import ColumnType
from bistro.db.errors import DatabaseError
from bistro.ground.keyring import Keyring
from bistro.ground.signing import BadSignature, Sealer
from bistro.ground.site_keys import read_keys

SIZE_MAX: Final = 1024 * 1024
"""Bytes of one value."""
FOR_EVER: Final = timedelta(days=365_000)


class UnreadableValue(DatabaseError):
    """If you see this: a value was encrypted with a key that is no longer there, or for another column."""

    code = "B809"


_keyring: Keyring | None = None


def use_keyring(keyring: Keyring | None) -> None:
    """Encrypt with these keys instead of those of the environment (`SECRET_KEYS`, or `SECRET_KEY`)."""
    global _keyring
    _keyring = keyring
    _sealer.cache_clear()


def write_encrypted(type_: ColumnType, value: Any) -> str:
    """The text that is stored for a value. Raises WeakKeyError where the site has no key."""
    return _sealer(type_.purpose).seal(msgspec.json.encode(value))


def read_encrypted(type_: ColumnType, stored: str) -> Any:
    """The value of a stored text. Raises UnreadableValue."""
    try:
        content = _sealer(type_.purpose).open(stored, age_max=FOR_EVER)
    except BadSignature as error:
        raise UnreadableValue(
            f"a value of {type_.purpose} can't be read",
            fix="Is the key that it was sealed with among SECRET_KEYS? After a rename of the field, keep its "
            f"old purpose: field(encrypted={type_.purpose!r}).",
        ) from error
    return msgspec.json.decode(content, type=type_.python)


@cache
def _sealer(purpose: str) -> Sealer:
    return Sealer(_keyring or Keyring(read_keys()), f"column {purpose}", size_max=SIZE_MAX)
