"""Many migrations as one, for a new database; a database that has them all counts as having it."""

from __future__ import annotations

from collections.abc import Sequence

from bistro.migrations.diff import find_operations
from bistro.migrations.errors import MigrationError
from bistro.migrations.graph import Graph
from bistro.migrations.making import Draft
from bistro.migrations.migration import Loaded, Migration
from bistro.migrations.operations.custom import RunPython, RunSQL
from bistro.migrations.package import Package
from bistro.migrations.schema import State


def squash(graph: Graph, package: Package, name: str = "", *, without_custom: bool = False) -> Draft:
    """One migration for all of a package up to `name`, by default for all of them.

    Raises MigrationError where SQL or Python of one's own is among them, unless that is to be left
    out: on an empty database there are no rows to work on.
    """
    row = _row(graph, package, name)
    custom = [each for each in row if _has_custom(each)]
    if custom and not without_custom:
        raise MigrationError(
            f"{', '.join(each.name for each in custom)} run SQL or Python",
            where=tuple(each.origin for each in custom),
            fix="Leave that out with --without-custom, where an empty database needs nothing of it; "
            "or squash up to the one before.",
        )
    state = _state_of(row)
    others = dict.fromkeys(after for each in row for after in each.migration.after if ":" in after)
    replaced = dict.fromkeys(name for each in row for name in (*each.migration.replaces, each.name))
    migration = Migration(find_operations(State(), state), tuple(others), tuple(replaced))
    return Draft(package.name, package.folder / f"{row[-1].number:04}_squashed.py", migration)


def _row(graph: Graph, package: Package, name: str) -> list[Loaded]:
    row = [placed.loaded for placed in graph.placed if placed.loaded.package == package.name]
    if name:
        last = graph.get(name).loaded
        if last not in row:
            raise MigrationError(f"{last.full_name} is not in the package {package.name}")
        row = row[: row.index(last) + 1]
    if len(row) < 2:
        raise MigrationError("there are no two migrations that could become one")
    return row


def _has_custom(loaded: Loaded) -> bool:
    return any(isinstance(each, RunSQL | RunPython) for each in loaded.migration.operations)


def _state_of(row: Sequence[Loaded]) -> State:
    """What these migrations make by themselves."""
    state = State()
    for loaded in row:
        state = loaded.migration.apply(state)
    return state
