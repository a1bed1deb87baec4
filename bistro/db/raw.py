"""SQL of the program's own, with values as parameters and rows as instances, the same for both databases."""

from __future__ import annotations

from collections.abc import Mapping
from string import Formatter

# Any: values are of any type.
from typing import Any

from bistro.db.database import Database, get_database
from bistro.db.drivers.protocol import Dialect
from bistro.db.functions import as_expression
from bistro.db.hydrate import Item, ModelItem, write_hydrate
from bistro.db.model_errors import QueryError
from bistro.db.plan import Hydrate, refuse_value
from bistro.db.shape import Shape
from bistro.db.storage import find_writer
from bistro.db.table import TableInfo


async def run_raw(root: Shape, text: str, values: Mapping[str, Any], database: Database) -> list[Any]:
    """The instances that a statement gives."""
    sql, names = write_raw(text, {"columns": root.table}, values, database.dialect)
    shape = root.child(("raw",))
    hydrate = shape.plans.get(database.dialect)
    if hydrate is None:
        hydrate = write_hydrate([ModelItem(root.table)], database.dialect, single=True)
        shape.plans[database.dialect] = hydrate
    stored = [_stored(values[name], database.dialect) for name in names]
    found: list[Any] = hydrate(await database.fetch(sql, stored))
    return found


class RawRows:
    """A statement of the program's own whose rows are instances of several models, written once.

        NOTES = RawRows("SELECT {Note}, {Person} FROM note LEFT JOIN person ON … WHERE note.id = {id}",
                        Note, optional=Person)
        for note, person in await NOTES.fetch(id=3): ...

    The name of a model stands for its columns, another one for a value. A row in which `optional`
    was not found has None in its place.
    """

    def __init__(self, text: str, *models: Any, optional: Any = None) -> None:
        self._text = text
        chosen = [*models] if optional is None else [*models, optional]
        self._tables: dict[str, TableInfo] = {each.__name__: each.__table_info__ for each in chosen}
        self._items: list[Item] = [
            ModelItem(each.__table_info__, optional=each is optional) for each in chosen
        ]
        self._written: dict[str, tuple[str, list[str], Hydrate]] = {}

    async def fetch(self, *, using: Database | None = None, **values: Any) -> list[Any]:
        """The rows, each a tuple with an instance of every model."""
        database = using or get_database()
        dialect = database.dialect
        sql, names, hydrate = self._written.get(dialect) or self._write(dialect, values)
        stored = [_stored(values[name], dialect) for name in names]
        rows: list[Any] = hydrate(await database.fetch(sql, stored))
        return rows

    def _write(self, dialect: Dialect, values: Mapping[str, Any]) -> tuple[str, list[str], Hydrate]:
        sql, names = write_raw(self._text, self._tables, values, dialect)
        hydrate = write_hydrate(self._items, dialect, single=False)
        written = self._written[dialect] = sql, names, hydrate
        return written


def write_raw(
    text: str, tables: Mapping[str, TableInfo], values: Mapping[str, Any], dialect: str
) -> tuple[str, list[str]]:
    """The statement with the database's placeholders, and the names of the values in their order."""
    parts, names = [], []
    for literal, name, form, conversion in Formatter().parse(text):
        parts.append(literal)
        if name is None:
            continue
        if form or conversion or not name.isidentifier():
            raise QueryError(
                f"{{{name}}} is no name of a value", fix="Write {columns}, {name}, or {{ for a brace."
            )
        if name in tables:
            parts.append(_column_list(tables[name]))
        elif name in values:
            names.append(name)
            parts.append("?" if dialect == "sqlite" else f"${len(names)}")
        else:
            raise QueryError(f"there is no value for {{{name}}}", fix=f"Give one: raw(…, {name}=…).")
    return "".join(parts), names


def _column_list(table: TableInfo) -> str:
    # Names were checked when the model was defined; quoted, they may be words of SQL.
    return ", ".join(f'"{table.name}"."{column.name}"' for column in table.columns.values())


def _stored(value: Any, dialect: str) -> Any:
    if type(value) is str:
        return value  # as both databases take it
    type_ = as_expression(value).type if value is not None else None
    writer = find_writer(type_, dialect) if type_ is not None else None
    try:
        return value if writer is None else writer(value)
    except (TypeError, ValueError, AttributeError, ArithmeticError) as error:
        raise refuse_value(error) from error
