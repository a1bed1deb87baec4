"""Vectors in migrations: the extension, the column and its index come, and go when it is reverted."""

from __future__ import annotations

from typing import Any

import pytest

from bistro.db import Database, Field, Index, Model, Vector, auto, field
from bistro.migrations import MigrationFileError
from bistro.migrations.catalog import find_drift
from bistro.migrations.inspecting import read_tables, write_models
from tests.migrations.support import Folder, fresh, real


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.service)])
def database(request: pytest.FixtureRequest) -> Database:
    kind = {"sqlite": "sqlite_url", "postgresql": "vector_url"}[request.param]
    return Database(request.getfixturevalue(kind))


def models(dimensions: int) -> tuple[Any, Any]:
    class Note(Model, table="note"):
        id: Field[int] = auto()

    class Vectored(
        Model,
        table="note",
        indexes=(
            Index(("look",), using="ivfflat", operator_class="vector_cosine_ops", storage=(("lists", 5),)),
        ),
    ):
        id: Field[int] = auto()
        look: Field[Vector | None] = field(dimensions=dimensions)

    return Note, Vectored


async def test_vector_is_added_reverted_and_inspected(database: Database, folder: Folder) -> None:
    plain, vectored = models(3)
    folder.make(plain)
    await folder.migrator(database).migrate()
    await database.execute("insert into note default values")

    folder.make(vectored)
    await folder.migrator(database).migrate()

    assert find_drift(await fresh(database, vectored), await real(database)) == []
    await vectored.objects.update(look=[0.5, 0.5, 0.5])
    assert [each.look for each in await vectored.objects] == [[0.5, 0.5, 0.5]]
    text = write_models(await read_tables(database, ["note"]))
    assert ("look: Field[Vector | None] = field(dimensions=3)" in text) == (database.dialect == "postgresql")

    await folder.migrator(database).revert()
    assert find_drift(await fresh(database, plain), await real(database)) == []


def test_another_number_of_dimensions_is_another_column(folder: Folder) -> None:
    folder.make(models(3)[1])

    with pytest.raises(MigrationFileError, match="can't become vector"):
        folder.make(models(4)[1])
