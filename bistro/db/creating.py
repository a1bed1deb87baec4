"""The verbs of `Note.objects` that make rows, and rows out of SQL of your own."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

# Any: fields have values of any type.
from typing import Any, Generic, TypeVar

from msgspec import Struct

from bistro.db.bulk import insert_many
from bistro.db.bulk_update import update_many
from bistro.db.database import Database, get_database
from bistro.db.errors import UniqueViolation
from bistro.db.expressions import Column
from bistro.db.raw import run_raw
from bistro.db.shape import Shape
from bistro.db.transactions import transaction
from bistro.db.upsert import upsert
from bistro.db.write import field_names, insert, make_instance

T = TypeVar("T")
On = Column[Any] | tuple[Column[Any], ...]


class Creating(Generic[T]):
    """What a query has besides questions: verbs that make rows of its model."""

    __slots__ = ()
    shape: Shape
    database: Database | None

    async def create(self, data: Struct | None = None, /, **values: Any) -> T:
        """Store a new row: `create(title="Home", author=user)`, or what a form or a client sent.

        Raises IntegrityError where a rule of the table forbids it.
        """
        instance: T = make_instance(self.shape.table, data, values)
        await insert(self.shape.root, instance, self._database())
        return instance

    async def bulk_create(self, instances: Iterable[T]) -> list[T]:
        """Store new rows, all or none, by few statements; each gets what the database made."""
        given = list(instances)
        await insert_many(self.shape.root, given, self._database())
        return given

    async def bulk_update(self, instances: Iterable[T], *fields: Column[Any]) -> int:
        """Store these fields of rows that are there, all or none; how many there were.

        `bulk_update(notes, Note.title, Note.views)`. Rows that are gone are left out, and not counted.
        """
        return await update_many(self.shape.root, list(instances), field_names(fields), self._database())

    async def upsert(
        self,
        data: Struct | None = None,
        /,
        *,
        on: On,
        update: On | None = None,
        **values: Any,
    ) -> T:
        """Store a row, or change the one with the same `on`, which has to be unique; the row as it is then.

        `upsert(on=Tag.name, name="new", color="red")`. `update` says which columns change, by
        default all that are given.
        """
        instance = make_instance(self.shape.table, data, values)
        changed = None if update is None else field_names(_columns(update))
        row: T = await upsert(self.shape.root, instance, field_names(_columns(on)), changed, self._database())
        return row

    async def bulk_upsert(self, instances: Iterable[T], *, on: On, update: On | None = None) -> list[T]:
        """Store these rows or change those with the same `on`, all or none; the rows as they are then."""
        database = self._database()
        names = field_names(_columns(on))
        changed = None if update is None else field_names(_columns(update))
        async with transaction(using=database):
            return [await upsert(self.shape.root, each, names, changed, database) for each in instances]

    async def get_or_create(
        self, defaults: Mapping[str, Any] | None = None, /, **values: Any
    ) -> tuple[T, bool]:
        """The row with these values, and whether it was made now, with `defaults` for the rest.

        The values have to be unique together: two requests at once then get the same row.
        """
        found = await self._find(values)
        if found is not None:
            return found, False
        try:
            async with transaction(using=self._database()):
                return await self.create(**{**values, **(defaults or {})}), True
        except UniqueViolation:
            found = await self._find(values)
            if found is None:
                raise
            return found, False

    async def raw(self, sql: str, **values: Any) -> Sequence[T]:
        """Instances out of SQL of your own: `{columns}` stands for the model's columns, `{name}` for a value.

            await Note.objects.raw("SELECT {columns} FROM note WHERE title = {title}", title="Home")

        Values become parameters, never part of the text. Write `{{` for a brace.
        """
        found: Sequence[T] = await run_raw(self.shape.root, sql, values, self._database())
        return found

    async def _find(self, values: Mapping[str, Any]) -> T | None:
        raise NotImplementedError

    def _database(self) -> Database:
        return self.database or get_database(self.shape.root.info.database)


def _columns(of: On) -> tuple[Column[Any], ...]:
    return of if isinstance(of, tuple) else (of,)
