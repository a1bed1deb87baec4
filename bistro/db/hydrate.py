"""From rows to instances: a loop over the rows, written for what a query selects.

Where the driver gives every value as it is wanted, the loop is `starmap` in C. Else it is one list
comprehension that has the conversions in it, and makes the instances behind joins on the way:

    return [Note(v0, v1, None if v2 is None else read_2(v2), Author(v3, v4)) for v0, v1, v2, v3, v4 in rows]
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import starmap

# Any: rows have values of any type, and models are classes of any shape.
from typing import Any

from msgspec import UNSET, Struct

from bistro.db.column_types import ColumnType
from bistro.db.plan import Hydrate
from bistro.db.storage import find_reader
from bistro.db.table import TableInfo
from bistro.ground.codegen import compile_function


class ValueItem(Struct, frozen=True, eq=False):
    """One selected value; without a type it is given as the driver gives it."""

    type: ColumnType | None


class ModelItem(Struct, frozen=True, eq=False):
    """A whole row of a model, and the rows that are joined to it, by the relation's name."""

    info: TableInfo
    joined: dict[str, ModelItem] = {}
    optional: bool = False


Item = ValueItem | ModelItem


def write_hydrate(items: list[Item], dialect: str, *, single: bool) -> Hydrate:
    """The function that makes results of rows; `single` items are given bare, others as tuples."""
    first = items[0]
    writer = _Writer(dialect)
    if single and isinstance(first, ModelItem) and not first.joined and not writer.converts(first.info):
        model = first.info.model
        return lambda rows: list(starmap(model, rows))
    parts = [writer.item(item) for item in items]
    result = parts[0] if single else f"({', '.join(parts)},)"
    names = ", ".join(f"v{number}" for number in range(writer.count))
    source = f"def hydrate(rows):\n    return [{result} for {names}, in rows]\n"
    hydrate: Hydrate = compile_function(source, "hydrate", f"<rows of {_label(items)}>", writer.names)
    return hydrate


class _Writer:
    """Writes the expressions; counts the values of a row on the way."""

    def __init__(self, dialect: str) -> None:
        self.dialect = dialect
        self.count = 0
        self.names: dict[str, Any] = {"UNSET": UNSET}

    def converts(self, info: TableInfo) -> bool:
        """Whether some column of a model needs a conversion."""
        return any(find_reader(column.type, self.dialect) for column in info.columns.values())

    def item(self, item: Item) -> str:
        if isinstance(item, ValueItem):
            return self.value(item.type, nullable=True)
        first = self.count
        # A row that an outer join did not find has no key.
        test = first + list(item.info.columns.values()).index(item.info.key[0])
        values = [self.value(column.type, nullable=column.nullable) for column in item.info.columns.values()]
        values += self.relations(item)
        name = self.name("Model", item.info.model)
        made = f"{name}({', '.join(values)})"
        return f"(None if v{test} is None else {made})" if item.optional else made

    def relations(self, item: ModelItem) -> Iterator[str]:
        """The slots of relations, as far as one is joined; the rest stay unset by themselves."""
        names = list(item.info.relations)
        last = max((names.index(name) for name in item.joined), default=-1)
        for name in names[: last + 1]:
            yield self.item(item.joined[name]) if name in item.joined else "UNSET"

    def value(self, type_: ColumnType | None, *, nullable: bool) -> str:
        value = f"v{self.count}"
        self.count += 1
        reader = find_reader(type_, self.dialect) if type_ is not None else None
        if reader is None:
            return value
        function = self.name("read", reader.function) if reader.function is not None else ""
        converted = reader.expression.format(value=value, function=function)
        return f"(None if {value} is None else {converted})" if nullable else converted

    def name(self, kind: str, value: Any) -> str:
        found = next((name for name, each in self.names.items() if each is value), None)
        if found is None:
            found = f"{kind}_{len(self.names)}"
            self.names[found] = value
        return found


def _label(items: list[Item]) -> str:
    return ", ".join(item.info.label if isinstance(item, ModelItem) else "values" for item in items)
