"""The migrations of all packages in one order, and the state after each."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from msgspec import Struct

from bistro.ground.text import did_you_mean
from bistro.migrations.errors import MigrationError, MigrationFileError
from bistro.migrations.migration import Loaded, full_name
from bistro.migrations.operations.tables import CreateTable, DropTable, RenameTable
from bistro.migrations.package import Package
from bistro.migrations.schema import State


class Placed(Struct, frozen=True, eq=False):
    """A migration at its place: the state before it, and after it."""

    loaded: Loaded
    before: State
    after: State

    @property
    def full_name(self) -> str:
        """The name among those of all packages."""
        return self.loaded.full_name


class Graph:
    """All migrations of some packages, in the order in which they are applied."""

    def __init__(self, packages: Iterable[Package]) -> None:
        """Raises MigrationFileError, BranchError."""
        self.packages = tuple(packages)
        rows = {package.name: package.load() for package in self.packages}
        self.placed: list[Placed] = []
        self.owners: dict[str, str] = {}
        """Which package each table of the last state belongs to."""
        self.replacing = _find_replacing(rows.values())
        state = State()
        for loaded in _ordered(rows, self.replacing):
            before, state = state, _apply(loaded, state)
            self._note_owners(loaded)
            self.placed.append(Placed(loaded, before, state))
        self.state = state
        self.by_name = {each.full_name: each for each in self.placed}

    def get(self, name: str) -> Placed:
        """The migration called so, or whose name begins so if no other's does. Raises MigrationError."""
        if name in self.by_name:
            return self.by_name[name]
        found = [each for full, each in self.by_name.items() if full.startswith(name)]
        if len(found) == 1:
            return found[0]
        near = did_you_mean(name, self.by_name)
        fix = f"Did you mean {near}?" if near else "`bistro db status` lists them."
        what = f"several migrations begin with {name}" if found else f"there is no migration {name}"
        raise MigrationError(what, fix=fix)

    def last_of(self, package: str) -> Loaded | None:
        """The last migration of a package."""
        own = [each.loaded for each in self.placed if each.loaded.package == package]
        return own[-1] if own else None

    def state_of(self, package: str) -> State:
        """The part of the last state that is a package's."""
        tables = {
            label: table for label, table in self.state.tables.items() if self.owners.get(label) == package
        }
        return State(tables, self.state.extensions)

    def needed_for(self, target: Placed) -> set[str]:
        """The full names of all that must be applied before `target`, and its own."""
        needed, waiting = set[str](), [target.full_name]
        while waiting:
            name = waiting.pop()
            if name not in needed:
                needed.add(name)
                waiting += [self.replacing.get(each, each) for each in self.by_name[name].loaded.after]
        return needed

    def _note_owners(self, loaded: Loaded) -> None:
        for operation in loaded.migration.operations:
            if isinstance(operation, CreateTable):
                self.owners[operation.table.label] = loaded.package
            elif isinstance(operation, DropTable):
                self.owners.pop(operation.table, None)
            elif isinstance(operation, RenameTable):
                self.owners[operation.new] = self.owners.pop(operation.old, loaded.package)


def _find_replacing(rows: Iterable[Sequence[Loaded]]) -> dict[str, str]:
    """For each migration that was squashed, the one that stands for it."""
    return {
        full_name(each.package, name): each.full_name
        for row in rows
        for each in row
        for name in each.migration.replaces
    }


def _ordered(rows: dict[str, list[Loaded]], replacing: dict[str, str]) -> list[Loaded]:
    """Each behind all that it comes after; packages in turn as they are given."""
    placed: dict[str, Loaded] = {}
    waiting = {name: list(row) for name, row in rows.items()}
    while any(waiting.values()):
        ready = next((row for row in waiting.values() if row and _is_ready(row[0], placed, replacing)), None)
        if ready is None:
            raise _stuck(next(row[0] for row in waiting.values() if row), waiting, replacing)
        loaded = ready.pop(0)
        placed[loaded.full_name] = loaded
    return list(placed.values())


def _is_ready(loaded: Loaded, placed: dict[str, Loaded], replacing: dict[str, str]) -> bool:
    return all(replacing.get(name, name) in placed for name in loaded.after)


def _stuck(loaded: Loaded, waiting: dict[str, list[Loaded]], replacing: dict[str, str]) -> MigrationFileError:
    there = {each.full_name for row in waiting.values() for each in row}
    missing = [name for name in loaded.after if replacing.get(name, name) not in there]
    if missing:
        what = f"{loaded.full_name} comes after {', '.join(missing)}, which is not there"
        return MigrationFileError(
            what, where=(loaded.origin,), fix="Install that package, or correct `after`."
        )
    return MigrationFileError(
        f"{loaded.full_name} and others come after each other in a circle", where=(loaded.origin,)
    )


def _apply(loaded: Loaded, state: State) -> State:
    for number, operation in enumerate(loaded.migration.operations, 1):
        try:
            state = operation.apply(state)
        except MigrationFileError as error:
            raise MigrationFileError(
                f"{loaded.full_name}, operation {number} ({operation.describe()}): {error.what}",
                where=(loaded.origin,),
                fix=error.fix,
            ) from error
    return state
