"""What looks like a rename: a table or column that goes while one like it comes.

Nobody can tell by the models alone, and to drop and add would lose what is in it. So whoever makes a
migration is asked.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence

from msgspec.structs import replace

from bistro.ground.text import did_you_mean
from bistro.migrations.diff import Rename
from bistro.migrations.errors import MigrationError
from bistro.migrations.operations.columns import RenameColumn
from bistro.migrations.operations.tables import RenameTable
from bistro.migrations.schema import Column, State, Table

Ask = Callable[[Rename], bool]
LIKENESS_MIN = 0.6


def find_renames(before: State, after: State, ask: Ask, given: Sequence[str] = ()) -> list[Rename]:
    """The renames that lead to `after`: those `given` ("note.body=text", "note=memo") and those agreed to.

    Raises MigrationError where one that was given can't be.
    """
    renames: list[Rename] = []
    for text in sorted(given, key=lambda each: "." in each.partition("=")[0]):
        rename = parse_rename(text, before, after)
        before = rename.apply(before)
        renames.append(rename)
    before = _add_what_follows(renames, before, after)
    for find in (_tables, _columns):
        asked = set[Rename]()
        while (
            candidate := next((each for each in find(before, after) if each not in asked), None)
        ) is not None:
            asked.add(candidate)
            if ask(candidate):
                before = candidate.apply(before)
                renames.append(candidate)
                before = _add_what_follows(renames, before, after)
    return renames


def _add_what_follows(renames: list[Rename], before: State, after: State) -> State:
    """Pairs of a relation are called after their tables: nobody need name them as well."""
    renamed = {each.new for each in renames if isinstance(each, RenameTable)}
    while (found := next(_following(before, after, renamed), None)) is not None:
        before = found.apply(before)
        renames.append(found)
    return before


def _following(before: State, after: State, renamed: set[str]) -> Iterator[Rename]:
    gone = [each for label, each in before.tables.items() if label not in after.tables and _is_pairs(each)]
    come = [each for label, each in after.tables.items() if label not in before.tables and _is_pairs(each)]
    for old in gone:
        same = [new for new in come if _targets(new) == _targets(old) and new.schema == old.schema]
        if renamed & set(_targets(old)) and len(same) == 1:
            yield RenameTable(old.label, same[0].label)
    for label, old in before.tables.items():
        wanted = after.tables.get(label)
        if wanted is not None and _is_pairs(old) and _is_pairs(wanted) and _targets(old) == _targets(wanted):
            for key in old.foreign_keys:
                news = [each for each in wanted.foreign_keys if each.table == key.table]
                name, new = key.columns[0], news[0].columns[0]
                if key.table in renamed and len(news) == 1 and old.find_column(new) is None:
                    yield RenameColumn(label, name, new)


def _targets(table: Table) -> list[str]:
    return sorted(key.table for key in table.foreign_keys)


def parse_rename(text: str, before: State, after: State) -> Rename:
    """The rename that "note=memo", "note.body=text" or "note.body=note.text" means. Raises MigrationError."""
    old, equals, new = (part.strip() for part in text.partition("="))
    if not equals or not old or not new:
        raise MigrationError(
            f"{text!r} is no rename", fix="Write --rename note=memo, or --rename note.body=text."
        )
    if old in before.tables:
        _must_be(new, after.tables, f"no model has the table {new}")
        return RenameTable(old, new)
    table, _, column = old.rpartition(".")
    if table not in before.tables:
        raise _unknown(old, [*before.tables, *_column_names(before)])
    name = new.removeprefix(f"{table}.")
    if before.tables[table].find_column(column) is None:
        raise _unknown(old, list(_column_names(before)))
    wanted = after.tables.get(table)
    _must_be(
        name, wanted.column_names if wanted is not None else (), f"no model has the column {table}.{name}"
    )
    return RenameColumn(table, column, name)


def _must_be(name: str, names: Sequence[str] | dict[str, Table], what: str) -> None:
    if name not in names:
        near = did_you_mean(name, names)
        raise MigrationError(what, fix=f"Did you mean {near}?" if near else "Change the model first.")


def _unknown(name: str, names: Sequence[str]) -> MigrationError:
    near = did_you_mean(name, names)
    fix = f"Did you mean {near}?" if near else "It is the name that the database has now."
    return MigrationError(f"there is no table or column {name}", fix=fix)


def _column_names(state: State) -> Iterator[str]:
    return (f"{table.label}.{name}" for table in state.tables.values() for name in table.column_names)


def _tables(before: State, after: State) -> Iterator[Rename]:
    """Pairs of one that goes and one that comes in the same schema, the most alike first."""
    gone = [table for label, table in before.tables.items() if label not in after.tables]
    come = [table for label, table in after.tables.items() if label not in before.tables]
    pairs = [(_likeness(old, new), old, new) for old in gone for new in come if old.schema == new.schema]
    for likeness, old, new in sorted(pairs, key=lambda pair: -pair[0]):
        if likeness >= LIKENESS_MIN:
            yield RenameTable(old.label, new.label)


def _likeness(old: Table, new: Table) -> float:
    """The share of columns that both have; names of keys may follow the table's."""
    here, there = Counter(map(_shape, old.columns)), Counter(map(_shape, new.columns))
    by_kind = (here & there).total() / max((here | there).total(), 1)
    names = set(old.column_names), set(new.column_names)
    by_name = len(names[0] & names[1]) / max(len(names[0] | names[1]), 1)
    return max(by_kind * 0.5 + by_name * 0.5, by_kind if _is_pairs(old) and _is_pairs(new) else 0)


def _is_pairs(table: Table) -> bool:
    """Whether it has nothing but two foreign keys."""
    return len(table.foreign_keys) == 2 and set(table.key) == set(table.column_names)


def _columns(before: State, after: State) -> Iterator[Rename]:
    for label, table in before.tables.items():
        wanted = after.tables.get(label)
        if wanted is None:
            continue
        gone = [column for column in table.columns if wanted.find_column(column.name) is None]
        come = [column for column in wanted.columns if table.find_column(column.name) is None]
        for old in gone:
            for new in come:
                if _shape(old) == _shape(new) and not old.computed:
                    yield RenameColumn(label, old.name, new.name)


def _shape(column: Column) -> Column:
    return replace(column, name="", nullable=False)
