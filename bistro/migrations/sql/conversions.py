"""How the values of a column become those of another kind, in each database's own words.

PostgreSQL has types for everything and casts between them. SQLite stores a Decimal as a whole number
of its last place, and what it has no class for as text (`bistro/db/storage.py`); a text that is no
number is refused by its strict tables.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from bistro.migrations.errors import MigrationFileError
from bistro.migrations.schema import Column

Convert = Callable[[str, Column, Column], str]


def converted(value: str, old: Column, new: Column, dialect: str) -> str:
    """SQL that makes a value of `new` out of one of `old`. Raises MigrationFileError where none is known."""
    if is_same_kind(old, new):
        return _scaled(value, old, new) if dialect == "sqlite" and old.kind == "decimal" else value
    found = CONVERSIONS.get((old.kind, new.kind))
    if found is None:
        raise MigrationFileError(
            f"nobody knows how a {old.kind} becomes a {new.kind} (column {new.name})",
            fix='Say it in the migration: ChangeColumn(…, convert=SQL("…"), convert_back=SQL("…")).',
        )
    return found[dialect == "postgresql"](value, old, new)


def can_convert(old: Column, new: Column) -> bool:
    """Whether a value of `old` becomes one of `new` without being told how."""
    return is_same_kind(old, new) or (old.kind, new.kind) in CONVERSIONS


def is_same_kind(old: Column, new: Column) -> bool:
    """Whether the values are of one kind, though perhaps of another size."""
    return all(getattr(old, each) == getattr(new, each) for each in ("kind", "item", "network", "dimensions"))


def _scaled(value: str, old: Column, new: Column) -> str:
    places = new.decimal_places - old.decimal_places
    if places >= 0:
        return f"{value} * {10**places}" if places else value
    return f"CAST(round({value} / {10.0**-places}) AS INTEGER)"


def _same(value: str, *_: Column) -> str:
    return value


def _words(pattern: str) -> Convert:
    """`{0}` is the value, `{old}` and `{new}` the units of decimals."""
    return lambda value, old, new: pattern.format(
        value, old=float(10**old.decimal_places), new=10**new.decimal_places, places=old.decimal_places
    )


# For each pair of kinds the way in SQLite and the way in PostgreSQL.
CONVERSIONS: Final[dict[tuple[str, str], tuple[Convert, Convert]]] = {
    ("bool", "integer"): (_same, _words("{0}::integer")),
    ("integer", "bool"): (_words("({0} <> 0)"), _words("({0} <> 0)")),
    ("integer", "float"): (_words("CAST({0} AS REAL)"), _words("{0}::double precision")),
    ("float", "integer"): (_words("CAST(round({0}) AS INTEGER)"), _words("round({0}::numeric)::bigint")),
    ("integer", "decimal"): (_words("{0} * {new}"), _words("{0}::numeric")),
    ("decimal", "integer"): (_words("CAST(round({0} / {old}) AS INTEGER)"), _words("round({0})::bigint")),
    ("decimal", "float"): (_words("{0} / {old}"), _words("{0}::double precision")),
    ("float", "decimal"): (_words("CAST(round({0} * {new}) AS INTEGER)"), _words("{0}::numeric")),
    ("integer", "text"): (_words("CAST({0} AS TEXT)"), _words("{0}::text")),
    ("bool", "text"): (
        _words("CASE WHEN {0} THEN 'true' WHEN NOT {0} THEN 'false' END"),
        _words("{0}::text"),
    ),
    ("decimal", "text"): (_words("printf('%.{places}f', {0} / {old})"), _words("{0}::text")),
    ("text", "integer"): (_same, _words("{0}::bigint")),
    ("text", "float"): (_same, _words("{0}::double precision")),
    ("text", "json"): (_words("json_quote({0})"), _words("to_jsonb({0})")),
    ("date", "text"): (_same, _words("{0}::text")),
    ("uuid", "text"): (_same, _words("{0}::text")),
    ("date", "datetime"): (
        _words("{0} || 'T00:00:00.000000+00:00'"),
        _words("({0}::timestamp AT TIME ZONE 'UTC')"),
    ),
    ("datetime", "date"): (_words("substr({0}, 1, 10)"), _words("({0} AT TIME ZONE 'UTC')::date")),
}
