"""Columns that hold files: what becomes of a file when its row is stored, changed, deleted or undone.

A file is kept before its row is written, and removed again where the row is not: by the error itself,
or by the end of the transaction. One that is replaced, or whose row is deleted, is removed after the
commit. What the database deletes by itself, by `on_delete`, leaves its files where they are.
"""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Sequence
from contextlib import asynccontextmanager
from functools import partial
from pathlib import PurePath

# Any: instances are of any model.
from typing import Any

from bistro.db.database import Database
from bistro.db.expressions import Assignment, Column
from bistro.db.keys import NULL, VALUE
from bistro.db.model_errors import QueryError
from bistro.db.plan import Plan
from bistro.db.planning import get_plan
from bistro.db.shape import Shape
from bistro.db.table import ColumnInfo, TableInfo
from bistro.db.transaction import Transaction
from bistro.db.transactions import transaction
from bistro.ground.stored_files import IncomingFile, KeptFile, StoredFile, find_upload

Names = list[tuple[StoredFile | None, ...]]
_logger = logging.getLogger("bistro.db")


class KeptFiles:
    """The files that were kept for one change; made by `keeping`."""

    def __init__(self, database: Database, whole: Transaction) -> None:
        self._place = database.files
        self._database = database
        self._whole = whole
        self._undo: list[Callable[[], Awaitable[None]]] = []
        self.files: set[StoredFile] = set()

    async def keep(self, upload: IncomingFile) -> StoredFile:
        """Keep an upload; undone with the transaction, or by `undo`. Raises QueryError without a place."""
        if self._place is None:
            raise QueryError(
                f"the database {self._database.name} has no place for files",
                fix="Install App(PrivateFiles()), or open it as Database(url, files=DiskStorage(folder)).",
            )
        await upload.seek(0)
        name = await self._place.save(upload, suffix=PurePath(upload.file_name).suffix)
        self._undone_by(partial(self._place.delete, name))
        kept = KeptFile(name, upload.file_name, upload.size)
        self.files.add(kept)
        return kept

    async def keep_all(self, table: TableInfo, instances: Sequence[Any], names: Collection[str] = ()) -> None:
        """Keep the uploads that instances have (in fields of these names), and give them the kept files."""
        columns = [each for each in table.file_columns if not names or each.field in names]
        for instance in instances:
            for column in columns:
                value = getattr(instance, column.field)
                upload = find_upload(value)
                if upload is not None:
                    setattr(instance, column.field, await self.keep(upload))
                    self._undone_by(partial(_give_back, instance, column.field, value))

    async def undo(self) -> None:
        """Remove what was kept."""
        for function in self._undo:
            await function()

    def _undone_by(self, function: Callable[[], Awaitable[None]]) -> None:
        self._undo.append(function)
        self._whole.after_rollback(function)


async def _give_back(instance: Any, field: str, upload: IncomingFile | StoredFile) -> None:
    # Whoever tries again has the upload to store, and not the name of a file that is gone.
    setattr(instance, field, upload)


def have_uploads(table: TableInfo, instances: Sequence[Any]) -> bool:
    """Whether some instance has a file that is not kept yet."""
    return any(
        find_upload(getattr(instance, column.field)) is not None
        for column in table.file_columns
        for instance in instances
    )


@asynccontextmanager
async def keeping(database: Database) -> AsyncIterator[KeptFiles]:
    """Keep files within, in the transaction at hand or one of its own; none stays where it raises."""
    whole = database.find_transaction()
    if whole is None:
        async with transaction(using=database) as own:
            yield KeptFiles(database, own)
        return
    kept = KeptFiles(database, whole)
    try:
        yield kept
    except BaseException:
        # The program may catch this, and commit the rest.
        await kept.undo()
        raise


async def change_files(
    shape: Shape,
    params: tuple[Any, ...],
    assignments: Sequence[Assignment],
    database: Database,
    change: Callable[[list[Assignment]], Awaitable[int]],
    fresh: Collection[StoredFile] = (),
) -> int:
    """Run `change` with kept files in the place of uploads; what they replace is removed after the commit.

    `fresh` are files that were kept for this change already.
    """
    columns = [each.column for each in assignments if each.column in shape.table.file_columns]
    async with keeping(database) as kept:
        before = await _find_files(shape, params, columns, database)
        if not before:
            return 0
        kept_assignments = [await _kept(each, len(before), kept, shape.table) for each in assignments]
        count = await change(kept_assignments)
        after = {each.column: each.params[0] if each.params else None for each in kept_assignments}
        for row in before:
            for column, old in zip(columns, row, strict=True):
                # A file that was only written back says nothing about the one that is there now.
                new = after[column]
                if new is None or new in kept.files or new in fresh:
                    _remove_later(old, new, database)
        return count


async def _kept(assignment: Assignment, rows: int, kept: KeptFiles, table: TableInfo) -> Assignment:
    if assignment.column not in table.file_columns:
        return assignment
    if assignment.key is NULL:
        return assignment
    if assignment.key is not VALUE:
        raise QueryError(
            f"{assignment.column!r} can't be computed", fix="Give an upload, or None to remove the file."
        )
    (value,) = assignment.params
    if rows > 1:
        raise QueryError(
            f"one file can't be that of {rows} rows: it goes when the first of them does",
            fix=f"Narrow the query to one {table.label}.",
        )
    upload = find_upload(value)
    if upload is not None:
        return Assignment(assignment.column, VALUE, (await kept.keep(upload),))
    return assignment


async def delete_with_files(
    shape: Shape, params: tuple[Any, ...], database: Database, delete: Callable[[], Awaitable[int]]
) -> int:
    """Run `delete`; the files of the rows are removed after the commit."""
    async with keeping(database):
        before = await _find_files(shape, params, shape.table.file_columns, database)
        count = await delete()
        for row in before:
            for old in row:
                _remove_later(old, None, database)
        return count


async def _find_files(
    shape: Shape, params: tuple[Any, ...], columns: Sequence[ColumnInfo], database: Database
) -> Names:
    """The files of the rows of a query, which nobody else changes until the end of the transaction."""
    keys = (Column[Any](column).key for column in columns)
    asked = shape.child(("lock", False, False)).child(("select", *keys))
    plan: Plan = get_plan(asked, database.dialect)
    rows = plan.hydrate(await database.fetch(plan.sql, plan.values(params)))
    return [row if len(columns) > 1 else (row,) for row in rows]


def _remove_later(old: StoredFile | None, new: StoredFile | None, database: Database) -> None:
    if old is None or old == new:
        return
    whole = database.find_transaction()
    assert whole is not None
    if database.files is None:
        _logger.warning("the database %s has no place for files: %s stays", database.name, old.name)
        return
    whole.after_commit(partial(database.files.delete, old.name))
