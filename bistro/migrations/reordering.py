"""Two branches made a migration each: put one behind the other, where their order makes no difference."""

from __future__ import annotations

import ast
from collections.abc import Sequence
from pathlib import Path

from msgspec import Struct

from bistro.migrations.errors import BranchError, MigrationError, MigrationFileError
from bistro.migrations.graph import Graph
from bistro.migrations.migration import Loaded
from bistro.migrations.package import Package, load_file
from bistro.migrations.schema import State


class Move(Struct, frozen=True):
    """A migration that gets another number and comes after another one."""

    loaded: Loaded
    name: str
    after: str

    @property
    def file(self) -> Path:
        """The file that it will have."""
        return self.loaded.file.with_name(f"{self.name}.py")

    def write(self) -> None:
        """Write the file under its new name, and take the old one away."""
        text = with_after(self.loaded.file.read_text(encoding="utf-8"), self._after)
        with self.file.open("x", encoding="utf-8") as out:
            out.write(text)
        self.loaded.file.unlink()

    @property
    def _after(self) -> tuple[str, ...]:
        others = [name for name in self.loaded.migration.after if ":" in name]
        return (self.after, *others)


def find_moves(packages: Sequence[Package], package: Package, name: str = "") -> list[Move]:
    """What puts the branch with the migration `name` behind the other one; nothing where there is one row.

    Without a name it is the branch whose names are later in the alphabet. Raises BranchError where
    the two can't be put in a row by themselves, and says why.
    """
    loaded = [load_file(file, package.name) for file in sorted(package.folder.glob("[0-9]*.py"))]
    base, one, other = _split(loaded, name)
    if not other:
        if name and name not in {each.name for each in loaded}:
            raise MigrationError(f"there is no migration {name} in the package {package.name}")
        return []
    _refuse_if_order_matters(packages, package, base, one, other)
    last, number, moves = one[-1].name, one[-1].number, list[Move]()
    for each in other:
        number += 1
        new = f"{number:04}_{each.name.partition('_')[2]}"
        moves.append(Move(each, new, last))
        last = new
    return moves


def _split(loaded: Sequence[Loaded], name: str) -> tuple[list[Loaded], list[Loaded], list[Loaded]]:
    """What both branches share, the one that stays, and the one that moves behind it."""
    following: dict[str, list[Loaded]] = {}
    for each in loaded:
        own = each.own_after[0].rpartition(":")[2] if each.own_after else ""
        following.setdefault(own, []).append(each)
    base: list[Loaded] = []
    place = ""
    while len(following.get(place, ())) == 1:
        base.append(following[place][0])
        place = base[-1].name
    heads = following.get(place, [])
    if len(heads) < 2:
        return base, [], []
    rows = [_row(head, following) for head in heads[:2]]
    if any(each.name == name for each in rows[0]):
        rows.reverse()
    return base, rows[0], rows[1]


def _row(head: Loaded, following: dict[str, list[Loaded]]) -> list[Loaded]:
    row = [head]
    while row[-1].name in following:
        after = following[row[-1].name]
        if len(after) > 1:
            raise BranchError(
                f"{after[0].name} and {after[1].name} both come after {row[-1].name}, within a branch",
                where=(after[0].origin, after[1].origin),
                fix=f"Put these in a row first, by hand: change `after` in {after[1].file.name}.",
            )
        row.append(after[0])
    return row


def _refuse_if_order_matters(
    packages: Sequence[Package],
    package: Package,
    base: Sequence[Loaded],
    one: Sequence[Loaded],
    other: Sequence[Loaded],
) -> None:
    """Apply both in both orders to what they share; the two ends must be the same."""
    state = _others(packages, package)
    for each in base:
        state = each.migration.apply(state)
    try:
        ends = [_without_order(_apply(state, rows)) for rows in ((one, other), (other, one))]
    except MigrationFileError as error:
        raise _conflict(one, other, error.what) from error
    if ends[0] != ends[1]:
        raise _conflict(one, other, "which of them comes last makes a difference to the tables")


def _others(packages: Sequence[Package], package: Package) -> State:
    """What the migrations of other packages make: this one may build on it."""
    return Graph([each for each in packages if each.name != package.name]).state


def _apply(state: State, rows: Sequence[Sequence[Loaded]]) -> State:
    for row in rows:
        for each in row:
            state = each.migration.apply(state)
    return state


def _without_order(state: State) -> object:
    """A state in which columns and rules stand in no order."""
    return {
        label: (
            frozenset(table.columns),
            frozenset(table.constraints),
            frozenset(table.indexes),
            frozenset(table.links),
        )
        for label, table in state.tables.items()
    }


def _conflict(one: Sequence[Loaded], other: Sequence[Loaded], why: str) -> BranchError:
    files = ", ".join(each.file.name for each in other)
    return BranchError(
        f"{other[0].name} can't just be put behind {one[-1].name}: {why}",
        where=(one[0].origin, other[0].origin),
        fix=f"Delete {files}, and run `bistro db make` after the merge.",
    )


def with_after(text: str, after: tuple[str, ...]) -> str:
    """The text of a migration's file with another `after`. Raises MigrationFileError."""
    for call in ast.walk(ast.parse(text)):
        if isinstance(call, ast.Call) and getattr(call.func, "id", "") == "Migration":
            for keyword in call.keywords:
                if keyword.arg == "after":
                    return _replaced(text, keyword.value, _written(after))
    raise MigrationFileError(
        "the file has no Migration(…, after=…) that could be changed", fix="Change it by hand."
    )


def _replaced(text: str, node: ast.expr, new: str) -> str:
    lines = text.splitlines(keepends=True)
    assert node.end_lineno is not None
    assert node.end_col_offset is not None
    # ast counts columns in bytes.
    first, last = lines[node.lineno - 1].encode(), lines[node.end_lineno - 1].encode()
    head = first[: node.col_offset].decode()
    tail = last[node.end_col_offset :].decode()
    return "".join([*lines[: node.lineno - 1], head, new, tail, *lines[node.end_lineno :]])


def _written(names: tuple[str, ...]) -> str:
    inner = ", ".join(f'"{name}"' for name in names)
    return f"({inner},)" if len(names) == 1 else f"({inner})"
