"""Rows for tests, of which a test says only what matters to it."""

from __future__ import annotations

import inspect
import itertools
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal

# Any: fields have values of every type.
from typing import Any, Generic, TypeVar
from uuid import UUID

from msgspec import UNSET

from bistro.db import Database, Model

M = TypeVar("M", bound=Model)
Maker = Callable[[str, int], Any]

# What a field gets that must have a value, by its kind: the same in every run, another for each row.
MAKERS: Mapping[str, Maker] = {
    "integer": lambda _, number: number,
    "float": lambda _, number: float(number),
    "decimal": lambda _, number: Decimal(number),
    "text": lambda field, number: f"{field} {number}",
    "bytes": lambda field, number: f"{field} {number}".encode(),
    "bool": lambda *_: False,
    "date": lambda _, number: date(2026, 1, 1) + timedelta(days=number),
    "time": lambda _, number: time(number % 24, 0),
    "datetime": lambda _, number: datetime(2026, 1, 1, 12, tzinfo=UTC) + timedelta(minutes=number),
    "duration": lambda _, number: timedelta(seconds=number),
    "uuid": lambda _, number: UUID(int=number),
    "array": lambda *_: [],
}


class Factory(Generic[M]):
    """Makes rows of `model`; each test names the values that it is about.

        authors = Factory(Author)
        notes = Factory(Note, title=lambda number: f"Note {number}", author=authors)

        async def test_a_note_has_an_author():
            note = await notes.create(title="milk")

    A default is a value, a function of the number of the row, or another factory, which makes the
    row that is referred to. A field that must have a value and has none gets one made up; for kinds
    that can't be made up, name one. A model whose fields belong together makes them up itself, by a class
    method `__make_up__(number, given)` that returns them by name. In plain tests: `sync(notes.create())`.
    """

    def __init__(self, model: type[M], **defaults: Any) -> None:
        self._model = model
        self._defaults = defaults
        self._numbers = itertools.count(1)

    async def create(self, *, using: Database | None = None, **values: Any) -> M:
        """A new row, stored.

        Raises what storing raises, and TypeError where nobody gives a row that it must refer to.
        """
        made = await self._complete(values, using)
        objects = self._model.objects if using is None else self._model.objects.using(using)
        row: M = await objects.create(**made)
        return row

    async def create_many(self, count: int, *, using: Database | None = None, **values: Any) -> list[M]:
        """So many new rows, stored one after the other."""
        return [await self.create(using=using, **values) for _ in range(count)]

    async def _complete(self, values: Mapping[str, Any], using: Database | None) -> dict[str, Any]:
        number = next(self._numbers)
        given = {**self._defaults, **values}
        made = {name: await _resolve(value, number, using) for name, value in given.items()}
        make_up: Callable[..., dict[str, Any]] | None = getattr(self._model, "__make_up__", None)
        if make_up is not None:
            made = {**make_up(number, made), **made}
        for column in self._model.__table_info__.columns.values():
            relation = column.relation
            is_given = column.field in made or (relation is not None and relation.name in made)
            if is_given or not _must_have_value(column):
                continue
            if relation is not None:
                raise TypeError(
                    f"a {self._model.__name__} must name a row by {relation.name!r}: give one to create(), "
                    f"or let the factory make it: Factory({self._model.__name__}, {relation.name}=Factory(…))"
                )
            make = MAKERS.get(column.type.kind)
            if make is not None:
                made[column.field] = _shorten(make(column.field, number), column.options.max_length)
        return made


# Any: as in Factory.
async def _resolve(value: Any, number: int, using: Database | None) -> Any:
    if isinstance(value, Factory):
        return await value.create(using=using)
    if inspect.isfunction(value):
        value = value(number)
    return await value if inspect.isawaitable(value) else value


def _must_have_value(column: Any) -> bool:
    options = column.options
    has_default = options.default is not UNSET or options.default_factory is not None
    return not (column.nullable or has_default or options.made_elsewhere)


def _shorten(value: Any, length_max: int | None) -> Any:
    # From the front: what tells one row from the next is the number at the end.
    return value[-length_max:] if isinstance(value, str) and length_max else value
