"""The values of a query on their way into SQL: numbered in the order in which the query has them."""

from __future__ import annotations

# Any: values are of any type.
from typing import Any

import sqlalchemy as sa

from bistro.db.column_types import ColumnType
from bistro.db.lowering.dialects import Dialect, dialect_of
from bistro.db.lowering.hidden import hide
from bistro.db.lowering.sql_types import Type, parameter_type
from bistro.db.recipe import Given
from bistro.db.writers import Writer


class Parameters:
    """Hands out a placeholder for each value, and remembers what the value goes through."""

    def __init__(self, dialect: Dialect) -> None:
        self.dialect = dialect
        self.writers: list[Writer | None] = []

    def next(self, type_: ColumnType | None) -> Any:
        """The placeholder of the next value, which is of `type_`."""
        if type_ is None:
            return self.raw(None, None)
        return self.raw(parameter_type(type_), Writer("value", type_))

    def hidden(self, type_: ColumnType | None) -> Any:
        """The placeholder of the next value, which SQLite's planner need not see."""
        given = self.next(type_)
        return hide(given) if self.dialect == "sqlite" else given

    def raw(self, sql: Type | None, writer: Writer | None) -> Any:
        """The placeholder of the next value, which goes through `writer`."""
        self.writers.append(writer)
        return sa.bindparam(f"p{len(self.writers) - 1}", type_=sql, unique=False)

    def skip(self, count: int) -> int:
        """Pass over values that another statement takes; where they begin."""
        first = len(self.writers)
        self.writers += [None] * count
        return first

    def compile(self, statement: Any) -> tuple[str, tuple[Given, ...], int]:
        """The SQL of a statement, its parameters, and how many values the query has."""
        compiled = statement.compile(dialect=dialect_of(self.dialect))
        given = tuple(self._given(name, compiled.params) for name in compiled.positiontup or [])
        return str(compiled), given, len(self.writers)

    def _given(self, name: str, constants: dict[str, Any]) -> Given:
        if not (name.startswith("p") and name[1:].isdigit()):
            # A constant: SQLAlchemy's LIMIT -1 that SQLite wants before an OFFSET, a form of times.
            return Given(None, constant=constants[name])
        number = int(name[1:])
        return Given(number, self.writers[number])
