"""Operations for the time in which old code uses one column and new code another one."""

from __future__ import annotations

from msgspec.structs import replace

from bistro.db.lowering.tables import name_of
from bistro.migrations.errors import MigrationFileError
from bistro.migrations.operations.base import Operation
from bistro.migrations.schema import Link, State
from bistro.migrations.sql.conversions import can_convert


class LinkColumns(Operation, frozen=True, tag=True):
    """Keep two columns alike by triggers: whatever is written into one is written into the other."""

    table: str
    old: str
    new: str

    def apply(self, before: State) -> State:
        """The state in which they are alike. Raises MigrationFileError where values can't go both ways."""
        table = before.get_table(self.table)
        old, new = table.get_column(self.old), table.get_column(self.new)
        if not (can_convert(old, new) and can_convert(new, old)):
            raise MigrationFileError(
                f"{self.table}.{self.old} is {old.kind} and {self.new} {new.kind}: nobody knows how values "
                "go both ways",
                fix="Let the code write both.",
            )
        link = Link(name_of("bistro_link", table.name, self.old, self.new), self.old, self.new)
        return before.with_table(replace(table, links=(*table.links, link)))

    def reverse(self, before: State) -> Operation:
        """Let them be two columns."""
        return UnlinkColumns(self.table, self.old, self.new)

    def describe(self) -> str:
        """It in a few words."""
        return f"keep {self.table}.{self.old} and {self.new} alike"


class UnlinkColumns(Operation, frozen=True, tag=True):
    """Keep two columns alike no longer."""

    table: str
    old: str
    new: str

    def apply(self, before: State) -> State:
        """The state in which they are two columns. Raises MigrationFileError where they are so already."""
        table = before.get_table(self.table)
        link = table.get_link(self.old, self.new)
        return before.with_table(replace(table, links=tuple(each for each in table.links if each != link)))

    def reverse(self, before: State) -> Operation:
        """Keep them alike again."""
        return LinkColumns(self.table, self.old, self.new)

    def describe(self) -> str:
        """It in a few words."""
        return f"keep {self.table}.{self.old} and {self.new} alike no longer"
