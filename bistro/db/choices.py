"""Rows as the choices of a field in a form: those that a foreign key may name, or those of a query."""

from __future__ import annotations

from collections.abc import Callable, Sequence

# Any: keys and labels are columns of any model, and a query is of any.
from typing import Any, Final
from uuid import UUID

from bistro.db.column_types import ColumnType
from bistro.db.expressions import Column
from bistro.db.model_errors import ModelError
from bistro.db.table import ColumnInfo, TableInfo

KEY_LENGTH_MAX: Final = 64


class ModelChoices:
    """Lets a form choose among rows: `author_id: Annotated[int, ModelChoices(Author.objects)]`.

    A choice is a row's primary key, which must be one column; people see `label`, by default the
    first text that the model has. Whoever sends another key than those of the query is refused.
    """

    def __init__(self, query: Any, *, label: Any = None) -> None:
        """`query`: the rows that may be chosen; a callable is asked for it at each use."""
        self._query = query
        self._label = label

    async def find_choices(self, text: str, limit: int) -> Sequence[tuple[str, str]]:
        """The first rows by label, those with `text` in it; wildcards in it mean themselves."""
        query, key, label = self._parts()
        if text:
            query = (
                query.filter(label.icontains(text))
                if _is_text(label.type)
                else query.filter(key.in_(_keys([text], key)))
            )
        rows = await query.order_by(label, key).limit(limit).select(key, label)
        return [(str(each), str(shown)) for each, shown in rows]

    async def get_choices(self, values: Sequence[str]) -> Sequence[tuple[str, str]]:
        """Those of `values` that are keys of rows in the query."""
        query, key, label = self._parts()
        keys = _keys(values, key)
        rows = await query.filter(key.in_(keys)).select(key, label) if keys else []
        return [(str(each), str(shown)) for each, shown in rows]

    def _parts(self) -> tuple[Any, Column[Any], Column[Any]]:
        query: Any = self._query() if callable(self._query) else self._query
        table: TableInfo = query.shape.table
        if len(table.key) != 1:
            raise ModelError(
                f"rows of {table.label} can't be choices: their key has several columns",
                fix="Give the field choices of your own, with find_choices and get_choices.",
            )
        label = Column(_label_of(table)) if self._label is None else self._label
        return query, Column(table.key[0]), label


def choices_of(column: ColumnInfo) -> ModelChoices | None:
    """The rows that a foreign key's column may name; None where it is one of several columns."""
    relation = column.relation
    if relation is None or len(relation.columns) != 1:
        return None
    return ModelChoices(lambda: relation.target.model.objects)


def _label_of(table: TableInfo) -> ColumnInfo:
    texts = (each for each in table.columns.values() if _is_text(each.type) and not each.options.private)
    return next(texts, table.key[0])


def _is_text(type_: ColumnType) -> bool:
    return type_.python is str


def _keys(values: Sequence[str], key: Column[Any]) -> list[Any]:
    """The texts as keys; what can be none is left out."""
    read: Callable[[str], Any] = _READERS.get(key.type.python, str)
    found = []
    for each in values:
        try:
            if len(each) <= KEY_LENGTH_MAX and "\0" not in each:
                found.append(read(each))
        except ValueError:
            continue
    return found


def _read_int(text: str) -> int:
    if not (text.removeprefix("-").isdigit() and text.isascii() and len(text) <= 19):
        raise ValueError(text)
    number = int(text)
    if not -(2**63) <= number < 2**63:
        raise ValueError(text)
    return number


_READERS: Final[dict[Any, Callable[[str], Any]]] = {int: _read_int, UUID: UUID, str: str}
