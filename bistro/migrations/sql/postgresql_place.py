"""Where an operation stands in its migration, and what is asked for of PostgreSQL there."""

from __future__ import annotations

# Any: the other fields of a step.
from typing import Any

from msgspec import Struct

from bistro.db.lowering.sql_types import quoted_name
from bistro.migrations.operations.base import Operation
from bistro.migrations.schema import State
from bistro.migrations.sql.steps import Lock, Step, Work


class Place(Struct, frozen=True):
    """An operation, its number, and the state before it; `new` are tables that nobody else knows yet."""

    index: int
    operation: Operation
    before: State
    is_plain: bool
    new: frozenset[str] = frozenset()

    def is_at_once(self, label: str) -> bool:
        """Whether a change of the table need not be taken apart."""
        return self.is_plain or label in self.new

    def alter(self, label: str, words: str, *, work: Work = "instant") -> Step:
        """A change of a table."""
        return self.step(f"ALTER TABLE {name_of(label)} {words}", "ACCESS EXCLUSIVE", label, work=work)

    def fill(self, label: str, setting: str, where: str) -> Step:
        """New values in the rows that `where` describes."""
        sql = f"UPDATE {name_of(label)} SET {setting} WHERE ({where})"
        if self.is_at_once(label):
            return self.step(sql, "ROW EXCLUSIVE", label, work="rewrite")
        return self.step(sql, "ROW EXCLUSIVE", label, work="rewrite", how="batches")

    # Any: see above.
    def step(self, sql: str, lock: Lock = "", *tables: str, **more: Any) -> Step:
        """One statement of the operation."""
        return Step(self.index, self.operation, sql, lock=lock, tables=tables, **more)


def name_of(label: str, schema: str = "") -> str:
    """A name as SQL has it; with the schema that is in it, or that is given."""
    parts = [*filter(None, [schema]), label] if schema else label.split(".")
    return ".".join(quoted_name(part) for part in parts)


def bare(label: str) -> str:
    """The name of a table without its schema."""
    return label.rpartition(".")[2]


def schema_of(label: str) -> str | None:
    """The schema in a label."""
    return label.rpartition(".")[0] or None
