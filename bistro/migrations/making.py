"""A new migration: what the models ask for, and the state that the files lead to does not have."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path

# Any: a value is of the type that its column holds.
from typing import Any

import msgspec
from msgspec import UNSET, Struct
from msgspec.structs import replace

from bistro.db.model import Model
from bistro.db.table import ColumnInfo, with_pairs
from bistro.ground.registry import Origin
from bistro.migrations.diff import Rename, find_operations
from bistro.migrations.errors import MigrationError, MigrationFileError, ValueNeeded
from bistro.migrations.expanding import values_by_links, with_links
from bistro.migrations.graph import Graph
from bistro.migrations.migration import NAME, Migration
from bistro.migrations.operations.base import Operation
from bistro.migrations.operations.columns import AddColumn, ChangeColumn
from bistro.migrations.operations.links import LinkColumns, UnlinkColumns
from bistro.migrations.operations.rules import AddRule
from bistro.migrations.operations.tables import CreateTable
from bistro.migrations.package import Package
from bistro.migrations.reading import read_models
from bistro.migrations.renames import Ask, find_renames
from bistro.migrations.schema import Column, ForeignKey, State
from bistro.migrations.sql.conversions import can_convert
from bistro.migrations.sql.values import empty_value
from bistro.migrations.sql_text import SQL
from bistro.migrations.writing import name_for, write_migration


class Draft(Struct, frozen=True):
    """A migration that is not written yet: its file, and what will be in it."""

    package: str
    file: Path
    migration: Migration

    @property
    def text(self) -> str:
        """What will be in the file."""
        return write_migration(self.migration)

    def write(self) -> None:
        """Write it, and make its folder where there is none. Raises FileExistsError."""
        self.file.parent.mkdir(parents=True, exist_ok=True)
        with self.file.open("x", encoding="utf-8") as out:
            out.write(self.text)


def make_migration(
    graph: Graph,
    package: Package,
    *,
    ask: Ask,
    renames: Sequence[str] = (),
    fills: Mapping[str, str] | None = None,
    name: str = "",
    expand: Sequence[str] = (),
    contract: bool = False,
) -> Draft | None:
    """What the models of a package ask for; None where the files lead there already.

    `expand` are columns ("note.title=heading") that both go on for a while, `contract` takes the old
    ones of such away. `fills` are SQL for rows that are there, by "note.slug"; empty where there are
    no rows. Raises ValueNeeded where a column must have a value and nobody says which.
    """
    before, after = graph.state_of(package.name), read_models(package.models)
    if not contract:
        after = with_links(before, after, expand)
    found = find_renames(before, after, ask, renames)
    operations = list_operations(package, before, after, found)
    if not operations:
        return None
    operations = _with_fills(operations, before, fills or {}, package)
    _refuse_unknown_conversions(operations, before)
    changed = [each for each in operations if isinstance(each, LinkColumns | UnlinkColumns)]
    if changed and not name:
        verb = "contract" if contract else "expand"
        name = re.sub(r"\W+", "_", f"{verb} {changed[0].table} {changed[0].old} {changed[0].new}")[
            :60
        ].lower()
    # Who asks for it knows that nobody uses the old column.
    return draft(graph, package, operations, name=name, allow=("drop",) if contract and changed else ())


def find_difference(graph: Graph, package: Package) -> list[Operation]:
    """What would be in the next migration, taking nothing for a rename."""
    before = graph.state_of(package.name)
    return list_operations(package, before, with_links(before, read_models(package.models)), ())


def list_operations(
    package: Package, before: State, after: State, renames: Sequence[Rename]
) -> list[Operation]:
    """The operations from one state to the other, with what rows get that are there."""
    # What other packages need is theirs.
    after = replace(after, extensions=after.extensions | before.extensions)
    fills = {**_defaults(package.models), **dict(values_by_links(before))}
    return find_operations(before, after, renames, fills=fills, fills_back=_empty_values(before))


def draft(
    graph: Graph,
    package: Package,
    operations: Sequence[Operation],
    *,
    name: str = "",
    allow: tuple[str, ...] = (),
) -> Draft:
    """The next migration of a package, with these operations."""
    last = graph.last_of(package.name)
    number = last.number + 1 if last is not None else 1
    stem = f"{number:04}_{name or name_for(operations, is_first=last is None)}"
    if not NAME.fullmatch(stem):
        raise MigrationError(f"{name!r} is no name for a migration", fix="Use small letters, digits and _.")
    after = (last.name,) if last is not None else ()
    needed = _needed_packages(graph, package, operations)
    migration = Migration(list(operations), (*after, *needed), allow=allow)
    return Draft(package.name, package.folder / f"{stem}.py", migration)


def _needed_packages(graph: Graph, package: Package, operations: Sequence[Operation]) -> list[str]:
    """The last migration of each other package that has a table which is referred to."""
    labels = set[str]()
    for each in operations:
        if isinstance(each, CreateTable):
            labels |= {key.table for key in each.table.foreign_keys}
        elif isinstance(each, AddRule) and isinstance(each.rule, ForeignKey):
            labels.add(each.rule.table)
    others = {graph.owners[label] for label in labels if label in graph.owners} - {package.name}
    last = [graph.last_of(other) for other in sorted(others)]
    return [f"{each.package}:{each.name}" for each in last if each is not None]


# Any: values are of the types that columns hold, here and below.
def _empty_values(before: State) -> dict[tuple[str, str], Any]:
    """What columns get that a reverted migration brings back."""
    return {
        (label, column.name): value
        for label, table in before.tables.items()
        for column in table.columns
        if (value := empty_value(column)) is not UNSET and not _is_reference(column, table.foreign_keys)
    }


def _is_reference(column: Column, keys: Sequence[ForeignKey]) -> bool:
    return any(column.name in key.columns for key in keys)


def _defaults(models: Sequence[type[Model]]) -> dict[tuple[str, str], Any]:
    """The defaults that models give their fields; UNSET for those that have none."""
    infos = with_pairs(model.__table_info__ for model in models)
    return {
        (f"{info.schema}.{info.name}" if info.schema else info.name, column.name): _default(column)
        for info in infos
        for column in info.columns.values()
    }


def _default(column: ColumnInfo) -> Any:
    options = column.options
    if options.default_factory is not None:
        made = options.default_factory()
        # What is not empty may be another value for each row: a number, a moment, a secret.
        return msgspec.to_builtins(made) if not made else UNSET
    if options.default in (UNSET, None) or column.type.kind == "encrypted":
        return UNSET
    if column.type.kind == "json":
        return msgspec.to_builtins(options.default)
    return getattr(options.default, "value", options.default)


def _with_fills(
    operations: Sequence[Operation], state: State, fills: Mapping[str, str], package: Package
) -> list[Operation]:
    left = dict(fills)
    found, missing = [], []
    for operation in operations:
        name = _needs_value(operation, state)
        state = operation.apply(state)
        if name in left:
            text = left.pop(name)
            operation = replace(operation, fill=SQL(text) if text else UNSET)
        elif name and getattr(operation, "fill", UNSET) is UNSET:
            missing.append(name)
        found.append(operation)
    if missing:
        options = " ".join(f"--fill '{name}=…'" for name in missing)
        raise ValueNeeded(
            f"rows that are there need a value for {', '.join(missing)}",
            where=tuple(_origins(missing, package)),
            fix=f"Give the field a default, let it be None, or say in SQL what they get: {options} "
            "(nothing behind the = where the table has no rows).",
        )
    if left:
        raise MigrationError(f"no column needs a value for {', '.join(left)}", fix="Leave out --fill for it.")
    return found


def _needs_value(operation: Operation, state: State) -> str:
    """The column that must have a value now, and had none before."""
    if not isinstance(operation, AddColumn | ChangeColumn):
        return ""
    column = operation.column
    if isinstance(operation, AddColumn):
        is_needed = not (column.nullable or column.computed or column.default)
    else:
        is_needed = state.get_table(operation.table).get_column(column.name).nullable and not column.nullable
    return f"{operation.table}.{column.name}" if is_needed else ""


def _origins(names: Sequence[str], package: Package) -> list[Origin]:
    tables = {name.rpartition(".")[0] for name in names}
    infos = (model.__table_info__ for model in package.models)
    return [info.origin for info in infos if info.name in tables]


def _refuse_unknown_conversions(operations: Sequence[Operation], before: State) -> None:
    for operation in operations:
        if isinstance(operation, ChangeColumn) and operation.convert is None:
            old = before.get_table(operation.table).get_column(operation.column.name)
            kind = operation.column.kind
            if not can_convert(old, operation.column):
                raise MigrationFileError(
                    f"{operation.table}.{old.name} is {old.kind} and can't become {kind} by itself",
                    fix="Add a second field, fill it in a migration of your own (bistro db make --empty), "
                    "and drop the first one.",
                )
        before = operation.apply(before)
