"""Constraints and indexes in PostgreSQL: how they come and go while others read and write."""

from __future__ import annotations

from collections.abc import Iterator

# Any: a rule of any kind.
from typing import Any

from msgspec.structs import replace
from sqlalchemy.schema import AddConstraint, CreateIndex

from bistro.db.lowering.sql_types import quoted_name
from bistro.migrations.schema import Check, Exclude, ForeignKey, Index, PrimaryKey, Unique
from bistro.migrations.sql.postgresql_place import Place, name_of
from bistro.migrations.sql.steps import Lock, Step, Work
from bistro.migrations.sql.tables import compiled, make_constraint, make_index, make_table


# Any: a rule of any kind.
def add_rule(place: Place, label: str, rule: Any) -> Iterator[Step]:
    if isinstance(rule, Index):
        yield _add_index(place, label, rule)
    elif place.is_at_once(label) or isinstance(rule, Exclude):
        lock: Lock = "SHARE ROW EXCLUSIVE" if isinstance(rule, ForeignKey) else "ACCESS EXCLUSIVE"
        work: Work = "scan" if isinstance(rule, Check | ForeignKey) else "build"
        yield place.step(_constraint(place, label, rule), lock, label, work=work)
    elif isinstance(rule, Check | ForeignKey):
        lock = "SHARE ROW EXCLUSIVE" if isinstance(rule, ForeignKey) else "ACCESS EXCLUSIVE"
        added = place.step(_constraint(place, label, rule, not_valid=True), lock, label)
        yield replace(added, undo=(_drop_constraint(label, rule.name),))
        yield validate(place, label, quoted_name(rule.name))
    else:
        yield from _add_by_index(place, label, rule)


def _add_index(place: Place, label: str, index: Index) -> Step:
    table = place.before.get_table(label)
    at_once = place.is_at_once(label)
    made = make_index(index, make_table(replace(table, indexes=()), "postgresql"), concurrently=not at_once)
    sql = compiled(CreateIndex(made), "postgresql")
    if at_once:
        return place.step(sql, "SHARE", label, work="build")
    undo = (f"DROP INDEX CONCURRENTLY IF EXISTS {name_of(index.name, table.schema)}",)
    return place.step(sql, "SHARE UPDATE EXCLUSIVE", label, work="build", how="alone", undo=undo)


def _add_by_index(place: Place, label: str, rule: PrimaryKey | Unique) -> Iterator[Step]:
    table = place.before.get_table(label)
    columns = ", ".join(quoted_name(each) for each in rule.columns)
    nulls = " NULLS NOT DISTINCT" if isinstance(rule, Unique) and not rule.nulls_distinct else ""
    name = quoted_name(rule.name)
    yield place.step(
        f"CREATE UNIQUE INDEX CONCURRENTLY {name} ON {name_of(label)} ({columns}){nulls}",
        "SHARE UPDATE EXCLUSIVE",
        label,
        work="build",
        how="alone",
        undo=(f"DROP INDEX CONCURRENTLY IF EXISTS {name_of(rule.name, table.schema)}",),
    )
    kind = "PRIMARY KEY" if isinstance(rule, PrimaryKey) else "UNIQUE"
    late = " DEFERRABLE INITIALLY DEFERRED" if getattr(rule, "deferrable", False) else ""
    attach = place.alter(label, f"ADD CONSTRAINT {name} {kind} USING INDEX {name}{late}")
    yield replace(attach, undo=(_drop_constraint(label, rule.name),))


def drop_rule(place: Place, label: str, name: str) -> Iterator[Step]:
    table = place.before.get_table(label)
    if isinstance(table.get_rule(name), Index):
        # The lock is for a moment; CONCURRENTLY could not be undone with the rest.
        yield place.step(f"DROP INDEX {name_of(name, table.schema)}", "ACCESS EXCLUSIVE", label)
    else:
        yield place.alter(label, f"DROP CONSTRAINT {quoted_name(name)}")


def rename_rule(place: Place, label: str, old: str, new: str) -> Step:
    table = place.before.get_table(label)
    if isinstance(table.get_rule(old), Index):
        sql = f"ALTER INDEX {name_of(old, table.schema)} RENAME TO {quoted_name(new)}"
        return place.step(sql, "SHARE UPDATE EXCLUSIVE", label)
    return place.alter(label, f"RENAME CONSTRAINT {quoted_name(old)} TO {quoted_name(new)}")


def validate(place: Place, label: str, rule: str) -> Step:
    sql = f"ALTER TABLE {name_of(label)} VALIDATE CONSTRAINT {rule}"
    return place.step(sql, "SHARE UPDATE EXCLUSIVE", label, work="scan", how="apart")


# Any: a constraint of any kind.
def _constraint(place: Place, label: str, rule: Any, *, not_valid: bool = False) -> str:
    table = place.before.get_table(label)
    whole = make_table(replace(table, constraints=(), indexes=()), "postgresql")
    if isinstance(rule, ForeignKey):
        whole = make_table(replace(table, constraints=(rule,), indexes=()), "postgresql")
        key = next(iter(whole.foreign_key_constraints))
        key.dialect_options["postgresql"]["not_valid"] = not_valid
        return compiled(AddConstraint(key), "postgresql")
    made = make_constraint(rule, "postgresql", not_valid=not_valid)
    whole.append_constraint(made)
    return compiled(AddConstraint(made), "postgresql")


def _drop_constraint(label: str, name: str) -> str:
    return f"ALTER TABLE {name_of(label)} DROP CONSTRAINT IF EXISTS {quoted_name(name)}"
