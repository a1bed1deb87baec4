"""Operations on whole tables."""

from __future__ import annotations

from typing import ClassVar

from msgspec.structs import replace

from bistro.migrations.errors import MigrationFileError
from bistro.migrations.operations.base import Operation
from bistro.migrations.schema import ForeignKey, State, Table, label_of


class CreateTable(Operation, frozen=True, tag=True):
    """Make a table with its rules and indexes."""

    table: Table

    def apply(self, before: State) -> State:
        """The state with the table."""
        if self.table.label in before.tables:
            raise MigrationFileError(f"there is a table {self.table.label} already")
        return before.with_table(self.table)

    def reverse(self, before: State) -> Operation:
        """Drop it."""
        return DropTable(self.table.label)

    def describe(self) -> str:
        """It in a few words."""
        return f"create the table {self.table.label}"


class DropTable(Operation, frozen=True, tag=True):
    """Drop a table and all its rows. The reverse makes it anew, empty."""

    table: str
    loses_data: ClassVar[bool] = True

    def apply(self, before: State) -> State:
        """The state without the table."""
        before.get_table(self.table)
        return before.without_table(self.table)

    def reverse(self, before: State) -> Operation:
        """Make it as it was."""
        return CreateTable(before.get_table(self.table))

    def describe(self) -> str:
        """It in a few words."""
        return f"drop the table {self.table}"


class RenameTable(Operation, frozen=True, tag=True):
    """Call a table otherwise; its rows stay, and foreign keys follow."""

    old: str
    new: str

    def apply(self, before: State) -> State:
        """The state in which everything knows the new name."""
        table = before.get_table(self.old)
        renamed = replace(table, name=self.new.rpartition(".")[2])
        if renamed.label != self.new:
            raise MigrationFileError(
                f"{self.old} can't become {self.new}: a table stays in its schema",
                fix=f"Name it {label_of(renamed.name, table.schema)}.",
            )
        if self.new in before.tables:
            raise MigrationFileError(f"there is a table {self.new} already")
        tables = {renamed.label if name == self.old else name: each for name, each in before.tables.items()}
        tables[renamed.label] = renamed
        return replace(before, tables={name: self._follow(each) for name, each in tables.items()})

    def reverse(self, before: State) -> Operation:
        """Call it as before."""
        return RenameTable(self.new, self.old)

    def describe(self) -> str:
        """It in a few words."""
        return f"rename the table {self.old} to {self.new}"

    def _follow(self, table: Table) -> Table:
        if all(key.table != self.old for key in table.foreign_keys):
            return table
        constraints = tuple(
            replace(each, table=self.new) if isinstance(each, ForeignKey) and each.table == self.old else each
            for each in table.constraints
        )
        return replace(table, constraints=constraints)


class CreateExtension(Operation, frozen=True, tag=True):
    """Have an extension of PostgreSQL; nothing in SQLite. It stays when this is reverted."""

    name: str

    def apply(self, before: State) -> State:
        """The state with the extension."""
        return replace(before, extensions=before.extensions | {self.name})

    def reverse(self, before: State) -> Operation:
        """Forget that it is needed: others in the same database may use it."""
        return ForgetExtension(self.name)

    def describe(self) -> str:
        """It in a few words."""
        return f"create the extension {self.name}"


class ForgetExtension(Operation, frozen=True, tag=True):
    """Need an extension no longer; it stays in the database, where others may use it."""

    name: str

    def apply(self, before: State) -> State:
        """The state without the extension."""
        return replace(before, extensions=before.extensions - {self.name})

    def reverse(self, before: State) -> Operation:
        """Need it again."""
        return CreateExtension(self.name)

    def describe(self) -> str:
        """It in a few words."""
        return f"need the extension {self.name} no longer"
