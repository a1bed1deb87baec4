"""The operations that lead from one state to another.

How it works. Renames come first, since everything after them speaks of the new names. Then what is
in the way goes (constraints, indexes), what is new comes, and what loses data stands last: where a
migration fails before, all of it can be undone.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

# Any: a value is of the type that its column holds.
from typing import Any

from msgspec import UNSET
from msgspec.structs import replace

from bistro.migrations.operations.base import Operation
from bistro.migrations.operations.columns import AddColumn, ChangeColumn, DropColumn, RenameColumn
from bistro.migrations.operations.custom import Fill
from bistro.migrations.operations.links import LinkColumns, UnlinkColumns
from bistro.migrations.operations.rules import AddRule, DropRule, RenameRule
from bistro.migrations.operations.tables import (
    CreateExtension,
    CreateTable,
    DropTable,
    ForgetExtension,
    RenameTable,
)
from bistro.migrations.schema import (
    Check,
    Column,
    Exclude,
    ForeignKey,
    Index,
    PrimaryKey,
    Rule,
    State,
    Table,
)
from bistro.migrations.sql.links import forward_value
from bistro.migrations.sql_text import SQL, names_in

Fills = Mapping[tuple[str, str], Any]
"""What rows get in a column, by table and column."""
Rename = RenameTable | RenameColumn


def find_operations(
    before: State,
    after: State,
    renames: Iterable[Rename] = (),
    *,
    fills: Fills | None = None,
    fills_back: Fills | None = None,
) -> list[Operation]:
    """What makes `before` into `after`, in an order that works.

    `fills` are for columns that rows must have a value in now, `fills_back` for those that a
    reverse brings back.
    """
    return Difference(before, after, fills or {}, fills_back or {}).find(renames)


class Difference:
    """Collects operations; `state` is what those so far have made of the first state."""

    def __init__(self, before: State, after: State, fills: Fills, fills_back: Fills) -> None:
        self.state = before
        self.after = after
        self._fills = dict(fills)
        self._fills_back = dict(fills_back)
        self.found: list[Operation] = []

    def find(self, renames: Iterable[Rename]) -> list[Operation]:
        """Everything, step by step."""
        self._add(CreateExtension(name) for name in sorted(self.after.extensions - self.state.extensions))
        for rename in renames:
            self._add([rename])
            self._follow(rename)
        for step in (
            self._unlink,
            self._rename_rules,
            self._drop_rules,
            self._create_tables,
            self._drop_computed,
            self._change_columns,
            self._add_columns,
            self._link,
            self._add_rules,
            self._drop_columns,
            self._drop_tables,
        ):
            self._add(step())
        self._add(ForgetExtension(name) for name in sorted(self.state.extensions - self.after.extensions))
        return self.found

    def _add(self, operations: Iterable[Operation]) -> None:
        for operation in list(operations):
            self.state = operation.apply(self.state)
            self.found.append(operation)

    def _follow(self, rename: Rename) -> None:
        """What columns get when they come back is known by the names that they had before."""
        if isinstance(rename, RenameTable):
            moved = {key: (rename.new, key[1]) for key in self._fills_back if key[0] == rename.old}
        else:
            old = rename.table, rename.old
            moved = {old: (rename.table, rename.new)} if old in self._fills_back else {}
        for before, now in moved.items():
            self._fills_back[now] = self._fills_back.pop(before)

    def _pairs(self) -> Iterator[tuple[Table, Table]]:
        """The tables that are on both sides, as they are now and as they shall be."""
        for label, wanted in self.after.tables.items():
            if label in self.state.tables:
                yield self.state.tables[label], wanted

    def _unlink(self) -> Iterator[Operation]:
        for here, wanted in self._pairs():
            for link in here.links:
                if link not in wanted.links:
                    yield UnlinkColumns(here.label, link.old, link.new)

    def _link(self) -> Iterator[Operation]:
        for here, wanted in self._pairs():
            for link in wanted.links:
                if link not in here.links:
                    yield LinkColumns(here.label, link.old, link.new)
                    value = forward_value(here, link)
                    where = f'"{link.new}" IS NULL AND "{link.old}" IS NOT NULL'
                    yield Fill(here.label, link.new, value, where)

    def _rename_rules(self) -> Iterator[Operation]:
        for here, wanted in self._pairs():
            gone = {_content(rule): rule for name, rule in here.rules.items() if name not in wanted.rules}
            for name, rule in wanted.rules.items():
                old = gone.pop(_content(rule), None) if name not in here.rules else None
                if old is not None:
                    yield RenameRule(here.label, old.name, name)

    def _drop_rules(self) -> Iterator[Operation]:
        gone = [
            (here.label, rule)
            for here, wanted in self._pairs()
            for name, rule in here.rules.items()
            if wanted.rules.get(name) != rule
            or _words(rule, here) & _retyped(here, wanted)
            or columns_of(rule) & _made_anew(here, wanted)
        ]
        # Foreign keys first: a key that they lead to may have to go as well.
        for label, rule in sorted(gone, key=lambda each: _rank(each[1]), reverse=True):
            yield DropRule(label, rule.name)
        for here in self._dropped():
            for key in here.foreign_keys:
                # Tables that go may lead to each other in a circle.
                if key.table != here.label:
                    yield DropRule(here.label, key.name)

    def _create_tables(self) -> Iterator[Operation]:
        waiting = {name: each for name, each in self.after.tables.items() if name not in self.state.tables}
        while waiting:
            ready = [name for name, table in waiting.items() if not _needs(table) & waiting.keys() - {name}]
            # In a circle of foreign keys one has to begin; what it leads to comes later.
            for name in ready or [next(iter(waiting))]:
                table = waiting.pop(name)
                late = [key for key in table.foreign_keys if key.table in waiting]
                kept = tuple(rule for rule in table.constraints if rule not in late)
                yield CreateTable(replace(table, constraints=kept, links=()))

    def _drop_computed(self) -> Iterator[Operation]:
        """Columns that the database computes can't be changed, nor what they are computed from."""
        for here, wanted in self._pairs():
            for name in _computed_anew(here, wanted):
                new = wanted.find_column(name)
                if new is not None and not new.computed:
                    # What was computed so far is what the rows have from now on.
                    self._fills[here.label, name] = SQL(here.get_column(name).computed)
                yield DropColumn(here.label, name)

    def _change_columns(self) -> Iterator[Operation]:
        for here, wanted in self._pairs():
            for old, new in _changed(here, wanted):
                if new.computed:
                    # What is in it is kept until everything else is done, and is dropped with the rest.
                    away = _free_name(f"{old.name}_before", here, wanted)
                    rename = RenameColumn(here.label, old.name, away)
                    self._follow(rename)
                    yield rename
                else:
                    yield self._change(here.label, old, new)

    def _change(self, table: str, old: Column, new: Column) -> ChangeColumn:
        if old.nullable and not new.nullable:
            return ChangeColumn(table, new, self._fills.get((table, new.name), UNSET))
        if new.nullable and not old.nullable:
            return ChangeColumn(table, new, self._fills_back.get((table, new.name), UNSET))
        return ChangeColumn(table, new)

    def _add_columns(self) -> Iterator[Operation]:
        for here, wanted in self._pairs():
            for column in wanted.columns:
                if here.find_column(column.name) is None:
                    yield AddColumn(here.label, column, self._fill(here.label, column))

    def _add_rules(self) -> Iterator[Operation]:
        missing = [
            (here.label, rule)
            for here, wanted in self._pairs()
            for name, rule in wanted.rules.items()
            if name not in here.rules
        ]
        for label, rule in sorted(missing, key=lambda each: _rank(each[1])):
            yield AddRule(label, rule)

    def _drop_columns(self) -> Iterator[Operation]:
        for here, wanted in self._pairs():
            for column in here.columns:
                if wanted.find_column(column.name) is None:
                    yield DropColumn(here.label, column.name, fill=self._fill_back(here.label, column))

    def _drop_tables(self) -> Iterator[Operation]:
        for table in self._dropped():
            yield DropTable(table.label)

    def _dropped(self) -> list[Table]:
        return [table for label, table in self.state.tables.items() if label not in self.after.tables]

    # Any: a value is of the type that its column holds.
    def _fill(self, table: str, column: Column) -> Any:
        fill = self._fills.get((table, column.name), UNSET)
        return UNSET if _fills_itself(column) and not isinstance(fill, SQL) else fill

    def _fill_back(self, table: str, column: Column) -> Any:
        return UNSET if _fills_itself(column) else self._fills_back.get((table, column.name), UNSET)


def _fills_itself(column: Column) -> bool:
    return bool(column.nullable or column.default or column.computed)


def _changed(here: Table, wanted: Table) -> Iterator[tuple[Column, Column]]:
    for column in here.columns:
        new = wanted.find_column(column.name)
        if new is not None and new != column:
            yield column, new


def _computed_anew(here: Table, wanted: Table) -> list[str]:
    """Columns that are computed and go, or are to be computed otherwise, or from what changes."""
    changed = {column.name for column, _ in _changed(here, wanted)}
    return [
        column.name
        for column in here.columns
        if column.computed
        and (wanted.find_column(column.name) != column or changed & names_in(column.computed))
    ]


def _made_anew(here: Table, wanted: Table) -> set[str]:
    """Columns whose rules go first: those that are dropped to come back, or are computed from now on."""
    plain = {old.name for old, new in _changed(here, wanted) if new.computed and not old.computed}
    return plain.union(_computed_anew(here, wanted))


def _free_name(name: str, *tables: Table) -> str:
    while any(table.find_column(name) is not None for table in tables):
        name += "_"
    return name


def columns_of(rule: Rule) -> set[str]:
    """Every column that a rule is about, plainly or in its SQL."""
    if isinstance(rule, Check):
        return names_in(rule.condition)
    if isinstance(rule, Index):
        return names_in(" ".join((*(part.removeprefix("-") for part in rule.parts), rule.where))) | {
            *rule.including,
            *(part.removeprefix("-") for part in rule.parts),
        }
    if isinstance(rule, Exclude):
        return names_in(" ".join((*(part for part, _ in rule.parts), rule.where)))
    return set(rule.columns)


def _retyped(here: Table, wanted: Table) -> set[str]:
    """Columns that get another type: PostgreSQL would keep a cast to the old one in conditions about them."""
    return {
        old.name
        for old, new in _changed(here, wanted)
        if replace(old, nullable=False, default="") != replace(new, nullable=False, default="")
    }


def _words(rule: Rule, table: Table) -> set[str]:
    """The names in the SQL of a rule; plain columns follow their type by themselves."""
    if isinstance(rule, Check):
        return names_in(rule.condition)
    if isinstance(rule, Index):
        parts = [part for part in rule.parts if table.find_column(part.removeprefix("-")) is None]
        return names_in(" ".join((*parts, rule.where)))
    if isinstance(rule, Exclude):
        return names_in(" ".join((*(part for part, _ in rule.parts), rule.where)))
    return set()


def _content(rule: Rule) -> Rule:
    return replace(rule, name="")


def _needs(table: Table) -> set[str]:
    return {key.table for key in table.foreign_keys}


def _rank(rule: Rule) -> int:
    if isinstance(rule, PrimaryKey):
        return 0
    return 2 if isinstance(rule, ForeignKey) else 1
