"""Which field it was that could not be stored, looked for once a statement has been refused.

The rules are those of `storage.py` and of the databases: a text has no NUL (PostgreSQL stores none, and
a site that moves there must not find some) and no half of a character (UTF-8 has none), an integer has
64 bits. What only the database knows, such as the size of a column, stays without a name.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

# Any: values are of any type.
from typing import Any, Final

from bistro.db.errors import ValueNotStorable
from bistro.db.storage import find_writer
from bistro.db.table import ColumnInfo

INTEGER_MAX: Final = 2**63 - 1
FIX: Final = "Give a value that the field's type holds."


def name_fields(
    error: ValueNotStorable, columns: Sequence[ColumnInfo], rows: Iterable[Sequence[Any]], dialect: str
) -> ValueNotStorable:
    """`error` with the names of the fields whose values can't be stored; itself where none is found."""
    reasons: dict[ColumnInfo, str] = {}
    for row in rows:
        for column, value in zip(columns, row, strict=True):
            reason = _find_reason(column, value, dialect)
            if reason:
                reasons.setdefault(column, reason)
    if not reasons:
        return error
    what = "; ".join(f"{column.table.label}.{column.field}: {reason}" for column, reason in reasons.items())
    return ValueNotStorable(what, fix=FIX, columns=tuple(column.name for column in reasons))


def _find_reason(column: ColumnInfo, value: Any, dialect: str) -> str:
    if value is None:
        return ""
    try:
        write = find_writer(column.type, dialect)
        stored = write(value) if write else value
        if isinstance(stored, str):
            stored.encode()
    except (TypeError, ValueError, AttributeError, ArithmeticError) as error:
        return str(error)
    if _has_nul(value):
        return "a text has no NUL"
    if isinstance(stored, int) and abs(stored) > INTEGER_MAX:
        return "the number is too large"
    return ""


def _has_nul(value: Any) -> bool:
    if isinstance(value, str):
        return "\0" in value
    return isinstance(value, (list, tuple)) and any(map(_has_nul, value))
