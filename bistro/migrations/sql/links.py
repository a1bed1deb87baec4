"""Triggers that keep two columns alike, while old code writes one of them and new code the other.

How it works. What was changed wins; in a new row it is the new column, where it has a value. A value
that is there already in the other's form stays as it is: a date is not to take the hour from a moment.
PostgreSQL's trigger changes the row before it is stored, SQLite's afterwards.
"""

from __future__ import annotations

from bistro.db.lowering.sql_types import quoted_name
from bistro.migrations.schema import Link, Table
from bistro.migrations.sql.conversions import converted
from bistro.migrations.sql.postgresql_place import name_of
from bistro.migrations.sql_text import SQL

_POSTGRESQL = """\
CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $bistro$
BEGIN
  IF TG_OP = 'INSERT' THEN
    IF NEW.{new} IS NULL THEN NEW.{new} := {forward};
    ELSIF NEW.{new} IS DISTINCT FROM {forward} THEN NEW.{old} := {back};
    END IF;
  ELSIF NEW.{new} IS DISTINCT FROM OLD.{new} THEN
    IF NEW.{new} IS DISTINCT FROM {forward} THEN NEW.{old} := {back}; END IF;
  ELSIF NEW.{old} IS DISTINCT FROM OLD.{old} THEN NEW.{new} := {forward};
  END IF;
  RETURN NEW;
END $bistro$"""
_SQLITE_INSERT = """\
CREATE TRIGGER {insert} AFTER INSERT ON {table} BEGIN
  UPDATE {table} SET
    {new} = CASE WHEN NEW.{new} IS NULL THEN {forward} ELSE NEW.{new} END,
    {old} = CASE WHEN NEW.{new} IS NULL OR NEW.{new} IS {forward} THEN NEW.{old} ELSE {back} END
  WHERE rowid = NEW.rowid;
END"""
# Its own UPDATE does not start it again: SQLite's triggers are not recursive.
_SQLITE_UPDATE = """\
CREATE TRIGGER {update} AFTER UPDATE OF {old}, {new} ON {table}
WHEN NEW.{old} IS NOT OLD.{old} OR NEW.{new} IS NOT OLD.{new} BEGIN
  UPDATE {table} SET
    {old} = CASE WHEN NEW.{new} IS NOT OLD.{new} AND NEW.{new} IS NOT {forward} THEN {back}
      ELSE NEW.{old} END,
    {new} = CASE WHEN NEW.{new} IS NOT OLD.{new} OR NEW.{old} IS {back} THEN NEW.{new} ELSE {forward} END
  WHERE rowid = NEW.rowid;
END"""


def link_in_postgresql(table: Table, link: Link) -> list[str]:
    """What makes its function and its trigger."""
    name = name_of(link.name, table.schema)
    function = _POSTGRESQL.format(name=name, **_values(table, link, "postgresql"))
    trigger = quoted_name(link.name)
    on = f"ON {name_of(table.label)} FOR EACH ROW EXECUTE FUNCTION {name}()"
    return [function, f"CREATE TRIGGER {trigger} BEFORE INSERT OR UPDATE {on}"]


def unlink_in_postgresql(table: Table, link: Link) -> list[str]:
    """What takes them away."""
    return [
        f"DROP TRIGGER {quoted_name(link.name)} ON {name_of(table.label)}",
        f"DROP FUNCTION {name_of(link.name, table.schema)}()",
    ]


def link_in_sqlite(table: Table, link: Link) -> list[str]:
    """What makes its triggers."""
    names = {"insert": quoted_name(f"{link.name}_insert"), "update": quoted_name(f"{link.name}_update")}
    values = _values(table, link, "sqlite")
    return [
        text.format(table=quoted_name(table.name), **names, **values)
        for text in (_SQLITE_INSERT, _SQLITE_UPDATE)
    ]


def unlink_in_sqlite(link: Link) -> list[str]:
    """What takes them away."""
    return [f"DROP TRIGGER {quoted_name(f'{link.name}_{event}')}" for event in ("insert", "update")]


def forward_value(table: Table, link: Link) -> SQL:
    """SQL for the new column's value, out of the old one in the same row."""
    old, new = table.get_column(link.old), table.get_column(link.new)
    sqlite, postgresql = (
        converted(quoted_name(old.name), old, new, dialect) for dialect in ("sqlite", "postgresql")
    )
    return SQL(sqlite) if sqlite == postgresql else SQL(sqlite=sqlite, postgresql=postgresql)


def _values(table: Table, link: Link, dialect: str) -> dict[str, str]:
    old, new = table.get_column(link.old), table.get_column(link.new)
    names = {"old": quoted_name(old.name), "new": quoted_name(new.name)}
    return {
        **names,
        "forward": f"({converted(f'NEW.{quoted_name(old.name)}', old, new, dialect)})",
        "back": f"({converted(f'NEW.{quoted_name(new.name)}', new, old, dialect)})",
    }
