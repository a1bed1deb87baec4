"""Operations on columns."""

from __future__ import annotations

# Any: a value is of the type that its column holds.
from typing import Any, ClassVar

from msgspec import UNSET
from msgspec.structs import replace

from bistro.migrations.errors import MigrationFileError
from bistro.migrations.operations.base import Operation
from bistro.migrations.schema import Column, ForeignKey, State, Table
from bistro.migrations.sql_text import SQL, names_in


class AddColumn(Operation, frozen=True, tag=True):
    """Add a column. `fill` is what rows get that are there: a value of Python, or `SQL("…")` for each."""

    table: str
    column: Column
    fill: Any = UNSET

    def apply(self, before: State) -> State:
        """The state with the column."""
        table = before.get_table(self.table)
        if table.find_column(self.column.name) is not None:
            raise MigrationFileError(f"there is a column {self.table}.{self.column.name} already")
        return before.with_table(replace(table, columns=(*table.columns, self.column)))

    def reverse(self, before: State) -> Operation:
        """Drop it."""
        return DropColumn(self.table, self.column.name, fill=self.fill)

    def describe(self) -> str:
        """It in a few words."""
        return f"add the column {self.table}.{self.column.name}"


class DropColumn(Operation, frozen=True, tag=True):
    """Drop a column and what is in it. `fill` is what rows get in it where this is reverted."""

    table: str
    column: str
    fill: Any = UNSET
    loses_data: ClassVar[bool] = True

    def apply(self, before: State) -> State:
        """The state without the column. Raises MigrationFileError where a rule is about it."""
        table = before.get_table(self.table)
        column = table.get_column(self.column)
        self._refuse_if_used(table)
        return before.with_table(
            replace(table, columns=tuple(each for each in table.columns if each is not column))
        )

    def reverse(self, before: State) -> Operation:
        """Add it as it was, at the end."""
        return AddColumn(self.table, before.get_table(self.table).get_column(self.column), fill=self.fill)

    def describe(self) -> str:
        """It in a few words."""
        return f"drop the column {self.table}.{self.column}"

    def _refuse_if_used(self, table: Table) -> None:
        # `names_in` would also find the word in a condition's function; such columns are rare enough.
        users = [rule.name for rule in table.rules.values() if self.column in getattr(rule, "columns", ())]
        users += [link.name for link in table.links if self.column in (link.old, link.new)]
        # PostgreSQL would drop the whole index along, and nobody would know.
        users += [
            index.name
            for index in table.indexes
            if self.column in {*names_in(" ".join(index.parts)), *index.including}
        ]
        if users:
            raise MigrationFileError(
                f"{self.table}.{self.column} is used by {', '.join(dict.fromkeys(users))}",
                fix="Drop those first: DropRule(table, name), UnlinkColumns(table, old, new).",
            )


class RenameColumn(Operation, frozen=True, tag=True):
    """Call a column otherwise; what is in it stays, and rules, indexes and foreign keys follow."""

    table: str
    old: str
    new: str

    def apply(self, before: State) -> State:
        """The state in which everything knows the new name."""
        table = before.get_table(self.table)
        table.get_column(self.old)
        if any(self.old in (link.old, link.new) for link in table.links):
            raise MigrationFileError(
                f"{self.table}.{self.old} is kept like another column, by its name",
                fix="Make an end to that first: bistro db make --contract.",
            )
        if table.find_column(self.new) is not None:
            raise MigrationFileError(f"there is a column {self.table}.{self.new} already")
        after = before.with_table(table.with_column_names({self.old: self.new}))
        return replace(after, tables={name: self._follow(each) for name, each in after.tables.items()})

    def reverse(self, before: State) -> Operation:
        """Call it as before."""
        return RenameColumn(self.table, self.new, self.old)

    def describe(self) -> str:
        """It in a few words."""
        return f"rename the column {self.table}.{self.old} to {self.new}"

    def _follow(self, table: Table) -> Table:
        if all(key.table != self.table for key in table.foreign_keys):
            return table
        return replace(table, constraints=tuple(self._follow_in(each) for each in table.constraints))

    # Any: a constraint of any kind.
    def _follow_in(self, rule: Any) -> Any:
        if not isinstance(rule, ForeignKey) or rule.table != self.table:
            return rule
        return replace(rule, target=tuple(self.new if each == self.old else each for each in rule.target))


class ChangeColumn(Operation, frozen=True, tag=True):
    """Give a column another kind, size, default, or let it be null or not; `column` says all of it.

    `fill` is the value of rows that have none, where it may not be null any more, here or when this
    is reverted. `convert` is SQL that makes the new value out of the row, where the kinds do not
    convert by themselves; `convert_back` does it when this is reverted.
    """

    table: str
    column: Column
    fill: Any = UNSET
    convert: SQL | None = None
    convert_back: SQL | None = None

    def apply(self, before: State) -> State:
        """The state with the column as it is now."""
        table = before.get_table(self.table)
        old = table.get_column(self.column.name)
        columns = tuple(self.column if each is old else each for each in table.columns)
        return before.with_table(replace(table, columns=columns))

    def reverse(self, before: State) -> Operation:
        """Make it as it was."""
        old = before.get_table(self.table).get_column(self.column.name)
        return ChangeColumn(self.table, old, self.fill, self.convert_back, self.convert)

    def describe(self) -> str:
        """It in a few words."""
        return f"change the column {self.table}.{self.column.name}"


def is_computed(operation: Operation, before: State) -> bool:
    """Whether an operation drops a column that the database computes, so that nothing is lost."""
    if not isinstance(operation, DropColumn):
        return False
    return bool(before.get_table(operation.table).get_column(operation.column).computed)
