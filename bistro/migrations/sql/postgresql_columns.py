"""Changes of columns in PostgreSQL: how they are done while others read and write."""

from __future__ import annotations

import re
from collections.abc import Iterator

# Any: a value is of the type that its column holds.
from typing import Any, Final

from alembic.ddl import base as ddl
from alembic.ddl.postgresql import PostgresqlColumnType
from msgspec import UNSET
from msgspec.structs import replace

from bistro.db.field_options import AUTO
from bistro.db.lowering.defaults import SQL as AUTOMATIC
from bistro.db.lowering.sql_types import quoted_name, sql_type
from bistro.migrations.operations.columns import ChangeColumn
from bistro.migrations.schema import Column, Table
from bistro.migrations.sql.conversions import converted, is_same_kind
from bistro.migrations.sql.postgresql_place import Place, bare, name_of, schema_of
from bistro.migrations.sql.postgresql_rules import validate
from bistro.migrations.sql.steps import Step, Work
from bistro.migrations.sql.tables import compiled, make_table
from bistro.migrations.sql.types import column_type
from bistro.migrations.sql.values import as_sql
from bistro.migrations.sql_text import SQL

# What gives another value for each row can't be a default that is stored once.
VOLATILE: Final = re.compile(
    r"\b(?:random\w*|gen_random_uuid|uuid_generate\w*|uuidv\d|clock_timestamp|timeofday|nextval|setval)\b",
    re.I,
)


def add_column(place: Place, label: str, column: Column, fill: Any) -> Iterator[Step]:
    if fill is UNSET or column.computed:
        if place.is_at_once(label) or not _is_volatile(column):
            rewrites = bool(column.computed and column.stored) or _is_volatile(column)
            yield _add_whole(place, label, column, "rewrite" if rewrites else "instant")
            return
    elif place.is_at_once(label) or not _has_words(fill):
        yield from _add_filled(place, label, column, fill)
        return
    yield from _add_in_batches(place, label, column, fill)


def _add_whole(place: Place, label: str, column: Column, work: Work) -> Step:
    table = place.before.get_table(label)
    sql = ddl.AddColumn(table.name, _sql_column(column, table), schema=table.schema or None)
    return place.step(compiled(sql, "postgresql"), "ACCESS EXCLUSIVE", label, work=work)


def _add_filled(place: Place, label: str, column: Column, fill: Any) -> Iterator[Step]:
    """A default that is a constant is kept once for all rows that are there: nothing is written."""
    name = quoted_name(column.name)
    if _has_words(fill):
        yield _add_whole(place, label, replace(column, nullable=True, default=""), "instant")
        yield place.step(
            f"UPDATE {name_of(label)} SET {name} = {as_sql(fill, column, 'postgresql')}",
            "ACCESS EXCLUSIVE",
            label,
            work="rewrite",
        )
        if not column.nullable:
            yield place.alter(label, f"ALTER COLUMN {name} SET NOT NULL", work="scan")
    else:
        value = as_sql(fill, column, "postgresql")
        yield _add_whole(place, label, replace(column, default=value), "instant")
        if not column.default:
            yield place.alter(label, f"ALTER COLUMN {name} DROP DEFAULT")
    if column.default:
        yield _set_default(place, label, column)


def _add_in_batches(place: Place, label: str, column: Column, fill: Any) -> Iterator[Step]:
    """Each row gets a value of its own: the column comes empty, and is filled behind it."""
    name = quoted_name(column.name)
    first = _add_whole(place, label, replace(column, nullable=True, default=""), "instant")
    yield replace(first, undo=(f"ALTER TABLE {name_of(label)} DROP COLUMN IF EXISTS {name}",))
    if column.default:
        yield _set_default(place, label, column)
    value = _default_words(column) if fill is UNSET else as_sql(fill, column, "postgresql")
    yield place.fill(label, f"{name} = {value}", f"{name} IS NULL")
    if not column.nullable:
        yield from set_not_null(place, label, column.name)


def change_column(place: Place, operation: ChangeColumn, old: Column) -> Iterator[Step]:
    label, new, name = operation.table, operation.column, quoted_name(operation.column.name)
    if old.computed and not new.computed:
        yield place.alter(label, f"ALTER COLUMN {name} DROP EXPRESSION")
        old = replace(old, computed="", stored=True)
    is_other = sql_words(old) != sql_words(new) or not is_same_kind(old, new)
    if is_other and old.default and old.default != AUTO:
        yield place.alter(label, f"ALTER COLUMN {name} DROP DEFAULT")
    if is_other or operation.convert is not None:
        yield _change_type(place, operation, old)
    if old.nullable and not new.nullable and operation.fill is not UNSET:
        value = as_sql(operation.fill, new, "postgresql")
        yield place.fill(label, f"{name} = {value}", f"{name} IS NULL")
    if old.nullable and not new.nullable:
        yield from set_not_null(place, label, new.name)
    if new.nullable and not old.nullable:
        yield place.alter(label, f"ALTER COLUMN {name} DROP NOT NULL")
    if new.default != old.default or (is_other and new.default):
        yield from _change_default(place, label, old, new)


def _change_type(place: Place, operation: ChangeColumn, old: Column) -> Step:
    label, new = operation.table, operation.column
    if operation.convert is not None:
        using = operation.convert.for_dialect("postgresql")
    else:
        using = "" if is_same_kind(old, new) else converted(quoted_name(old.name), old, new, "postgresql")
    sql = PostgresqlColumnType(
        bare(label), new.name, sql_type(column_type(new)), schema=schema_of(label), using=using or None
    )
    work: Work = "instant" if _only_widens(old, new) and not using else "rewrite"
    return place.step(compiled(sql, "postgresql"), "ACCESS EXCLUSIVE", label, work=work)


def _change_default(place: Place, label: str, old: Column, new: Column) -> Iterator[Step]:
    name = quoted_name(new.name)
    if _is_identity(old) and not _is_identity(new):
        yield place.alter(label, f"ALTER COLUMN {name} DROP IDENTITY IF EXISTS")
    if _is_identity(new):
        if _is_identity(old):
            return
        if old.default:
            yield place.alter(label, f"ALTER COLUMN {name} DROP DEFAULT")
        yield place.alter(label, f"ALTER COLUMN {name} ADD GENERATED BY DEFAULT AS IDENTITY")
        # It would begin at 1, where rows are.
        yield place.step(
            f"SELECT setval(pg_get_serial_sequence('{name_of(label)}', '{new.name}'), "
            f"coalesce(max({name}), 0) + 1, false) FROM {name_of(label)}",
            work="scan",
        )
    elif new.default:
        yield _set_default(place, label, new)
    elif not _is_identity(old):
        yield place.alter(label, f"ALTER COLUMN {name} DROP DEFAULT")


def _set_default(place: Place, label: str, column: Column) -> Step:
    words = _default_words(column)
    return place.alter(label, f"ALTER COLUMN {quoted_name(column.name)} SET DEFAULT {words}")


def set_not_null(place: Place, label: str, column: str) -> Iterator[Step]:
    name = quoted_name(column)
    setting = f"ALTER COLUMN {name} SET NOT NULL"
    if place.is_at_once(label):
        yield place.alter(label, setting, work="scan")
        return
    # PostgreSQL looks at no row where a validated condition says the same (since version 12).
    rule = quoted_name(f"bistro_not_null_{column}"[:63])
    drop = f"DROP CONSTRAINT IF EXISTS {rule}"
    yield replace(
        place.alter(label, f"ADD CONSTRAINT {rule} CHECK ({name} IS NOT NULL) NOT VALID"),
        undo=(f"ALTER TABLE {name_of(label)} {drop}",),
    )
    yield validate(place, label, rule)
    undo = (f"ALTER TABLE {name_of(label)} ALTER COLUMN {name} DROP NOT NULL",)
    yield replace(place.alter(label, setting), undo=undo)
    yield place.alter(label, drop)


def sql_words(column: Column) -> str:
    """The type of a column in PostgreSQL."""
    return compiled(sql_type(column_type(column)), "postgresql")


def _sql_column(column: Column, table: Table) -> Any:
    return make_table(replace(table, columns=(column,), constraints=(), indexes=()), "postgresql").c[0]


def _has_words(fill: Any) -> bool:
    return isinstance(fill, SQL)


def _is_volatile(column: Column) -> bool:
    if column.default == AUTO:
        return column.kind in ("uuid", "integer")
    return VOLATILE.search(column.default) is not None


def _is_identity(column: Column) -> bool:
    return column.kind == "integer" and column.default == AUTO


def _default_words(column: Column) -> str:
    words = AUTOMATIC["postgresql"][column.kind] if column.default == AUTO else column.default
    return f"({words})"


def _only_widens(old: Column, new: Column) -> bool:
    """Whether PostgreSQL need not look at the rows: a longer text, or a larger number."""
    if old.kind != new.kind:
        return False
    if old.kind == "text":
        return not new.max_length or 0 < old.max_length <= new.max_length
    return old.kind == "decimal" and (
        new.decimal_places == old.decimal_places and new.max_digits >= old.max_digits
    )
