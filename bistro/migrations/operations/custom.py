"""Operations that are written by hand: SQL, and Python that works on rows."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

# Any: the models that a function is given are made when it runs.
from typing import Any, ClassVar

from bistro.migrations.operations.base import Operation
from bistro.migrations.schema import State
from bistro.migrations.sql_text import SQL

Work = Callable[[Any], Awaitable[object] | object]
"""Gets the models as they were at this point: `models.note`, or `models["schema.note"]`."""


class RunSQL(Operation, frozen=True, tag=True):
    """Run SQL of your own: one statement, or several in a row. `undo` is run where this is reverted.

    With `alone=True` each statement is by itself and not in the migration's transaction, as
    PostgreSQL wants it of `CREATE INDEX CONCURRENTLY`.
    """

    sql: str | SQL | tuple[str | SQL, ...]
    undo: str | SQL | tuple[str | SQL, ...] | None = None
    alone: bool = False

    @property
    def statements(self) -> tuple[SQL, ...]:
        """The statements."""
        given = self.sql if isinstance(self.sql, tuple) else (self.sql,)
        return tuple(each if isinstance(each, SQL) else SQL(each) for each in given)

    def apply(self, before: State) -> State:
        """The same state: what SQL changes of the schema, no model knows."""
        return before

    def reverse(self, before: State) -> Operation | None:
        """Run `undo`, if there is one."""
        return None if self.undo is None else RunSQL(self.undo, self.sql, self.alone)

    def describe(self) -> str:
        """It in a few words."""
        first = self.statements[0]
        return f"run SQL: {(first.text or first.postgresql or first.sqlite).strip()[:60]}"


class RunPython(Operation, frozen=True, tag=True):
    """Call a function, `def` or `async def`, with the models as they were at this point.

    `undo` is called where this is reverted; `RunPython.nothing` says that nothing has to be done then.
    """

    function: Work
    undo: Work | None = None

    @staticmethod
    def nothing(models: object) -> None:
        """Do nothing."""

    def apply(self, before: State) -> State:
        """The same state."""
        return before

    def reverse(self, before: State) -> Operation | None:
        """Call `undo`, if there is one."""
        return None if self.undo is None else RunPython(self.undo, self.function)

    def describe(self) -> str:
        """It in a few words."""
        return f"call {getattr(self.function, '__name__', 'a function')}"


class Fill(Operation, frozen=True, tag=True):
    """Set a column in every row that `where` describes, in batches, each kept by itself.

    A batch that was done is not done again: `where` must not fit a row that has its value, as
    `"slug IS NULL"`. Old rows are not touched where this is reverted.
    """

    table: str
    column: str
    value: SQL
    where: str
    rows_per_batch: int = 1000
    loses_data: ClassVar[bool] = False

    def apply(self, before: State) -> State:
        """The same state. Raises MigrationFileError where there is no such column."""
        before.get_table(self.table).get_column(self.column)
        return before

    def reverse(self, before: State) -> Operation:
        """Nothing: a value that is there does no harm."""
        return Nothing(f"keep what is in {self.table}.{self.column}")

    def describe(self) -> str:
        """It in a few words."""
        return f"fill the column {self.table}.{self.column}"


class Nothing(Operation, frozen=True, tag=True):
    """Do nothing, and say so."""

    why: str

    def apply(self, before: State) -> State:
        """The same state."""
        return before

    def reverse(self, before: State) -> Operation:
        """Nothing."""
        return self

    def describe(self) -> str:
        """It in a few words."""
        return self.why
