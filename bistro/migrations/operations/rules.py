"""Operations on constraints and indexes, which share their names."""

from __future__ import annotations

from msgspec.structs import replace

from bistro.migrations.errors import MigrationFileError
from bistro.migrations.operations.base import Operation
from bistro.migrations.schema import Check, Exclude, Index, Rule, State, Table


class AddRule(Operation, frozen=True, tag=True):
    """Add a constraint or an index to a table."""

    table: str
    rule: Rule

    def apply(self, before: State) -> State:
        """The state with the rule. Raises MigrationFileError where a column of it is not there."""
        table = before.get_table(self.table)
        if self.rule.name in table.rules:
            raise MigrationFileError(f"there is a rule {self.rule.name} of {self.table} already")
        if not isinstance(self.rule, Check | Exclude | Index):
            for name in self.rule.columns:
                table.get_column(name)
        return before.with_table(table.with_rule(self.rule))

    def reverse(self, before: State) -> Operation:
        """Drop it."""
        return DropRule(self.table, self.rule.name)

    def describe(self) -> str:
        """It in a few words."""
        return f"add {self.rule.name} to {self.table}"


class DropRule(Operation, frozen=True, tag=True):
    """Drop a constraint or an index of a table."""

    table: str
    name: str

    def apply(self, before: State) -> State:
        """The state without the rule."""
        table = before.get_table(self.table)
        table.get_rule(self.name)
        return before.with_table(table.without_rule(self.name))

    def reverse(self, before: State) -> Operation:
        """Add it as it was."""
        return AddRule(self.table, before.get_table(self.table).get_rule(self.name))

    def describe(self) -> str:
        """It in a few words."""
        return f"drop {self.name} of {self.table}"


class RenameRule(Operation, frozen=True, tag=True):
    """Call a constraint or an index otherwise, as after a rename of its table or column."""

    table: str
    old: str
    new: str

    def apply(self, before: State) -> State:
        """The state with the new name."""
        table = before.get_table(self.table)
        table.get_rule(self.old)
        if self.new in table.rules:
            raise MigrationFileError(f"there is a rule {self.new} of {self.table} already")
        return before.with_table(_renamed(table, self.old, self.new))

    def reverse(self, before: State) -> Operation:
        """Call it as before."""
        return RenameRule(self.table, self.new, self.old)

    def describe(self) -> str:
        """It in a few words."""
        return f"rename {self.old} of {self.table} to {self.new}"


def _renamed(table: Table, old: str, new: str) -> Table:
    return replace(
        table,
        constraints=tuple(
            replace(each, name=new) if each.name == old else each for each in table.constraints
        ),
        indexes=tuple(replace(each, name=new) if each.name == old else each for each in table.indexes),
    )
