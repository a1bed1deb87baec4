"""Random versions A, B and C of models: migrating gives what making C anew gives, and reverting gives A."""

from __future__ import annotations

import asyncio
import shutil
import tempfile
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bistro.db import (
    Check,
    Database,
    Field,
    ForeignKey,
    Index,
    ManyToMany,
    Model,
    Unique,
    auto,
    field,
    generated,
    related,
)
from bistro.db.model import ModelMeta
from bistro.migrations.catalog import find_drift
from bistro.migrations.sql.values import as_sql
from tests.migrations.support import Folder, fresh, real

# For each name the kinds that its column may have; they convert into each other.
KINDS: dict[str, dict[str, tuple[Any, dict[str, Any], Any]]] = {
    "amount": {
        "integer": (int, {}, 7),
        "small": (int, {"bits": 32}, 7),
        "decimal": (Decimal, {"max_digits": 10, "decimal_places": 2}, Decimal(7)),
        "finer": (Decimal, {"max_digits": 12, "decimal_places": 4}, Decimal(7)),
        "float": (float, {}, 7.0),
    },
    "label": {"text": (str, {}, "12"), "short": (str, {"max_length": 40}, "12")},
    "flag": {"bool": (bool, {}, True), "integer": (int, {}, 1)},
    "moment": {
        "datetime": (datetime, {}, datetime(2026, 1, 31, tzinfo=UTC)),
        "date": (date, {}, date(2026, 1, 31)),
    },
    "data": {"json": (dict[str, int], {}, {"a": 1})},
    "order": {"text": (str, {}, "it's")},
    # What one version computes is a column of its own in another one.
    "double": {"integer": (int, {}, 7), "computed": (int, {}, None), "otherwise": (int, {}, None)},
}
COMPUTED = {"computed": "id * 2", "otherwise": "id * 3"}
RENAMED = {"label": "title", "moment": "since", "note": "memo"}
"""Names that a version may have instead."""


@dataclass(frozen=True)
class Column:
    base: str
    kind: str
    nullable: bool
    index: bool
    unique: bool
    is_renamed: bool

    @property
    def name(self) -> str:
        return RENAMED.get(self.base, self.base) if self.is_renamed else self.base


@dataclass(frozen=True)
class Table:
    base: str
    is_renamed: bool
    columns: tuple[Column, ...]
    keys: tuple[str, ...]
    pairs: tuple[str, ...]
    check: bool

    @property
    def name(self) -> str:
        return RENAMED.get(self.base, self.base) if self.is_renamed else self.base


@st.composite
def tables(draw: st.DrawFn, name: str, before: tuple[str, ...]) -> Table:
    columns = [
        Column(each, draw(st.sampled_from(sorted(KINDS[each]))), *(draw(st.booleans()) for _ in range(4)))
        for each in draw(st.lists(st.sampled_from(sorted(KINDS)), unique=True, max_size=4))
    ]
    is_renamed = draw(st.booleans())
    keys = draw(st.lists(st.sampled_from(before), unique=True, max_size=1)) if before else []
    pairs = draw(st.lists(st.sampled_from(before), unique=True, max_size=1)) if before else []
    has_amount = any(column.base == "amount" for column in columns)
    return Table(
        name, is_renamed, tuple(columns), tuple(keys), tuple(pairs), has_amount and draw(st.booleans())
    )


@st.composite
def versions(draw: st.DrawFn) -> tuple[Table, ...]:
    names = draw(st.lists(st.sampled_from(["author", "note", "tag"]), unique=True, min_size=1))
    made: list[Table] = []
    for name in sorted(names):
        made.append(draw(tables(name, tuple(each.base for each in made))))
    return tuple(made)


def build(version: tuple[Table, ...]) -> list[type[Model]]:
    """The models of a version."""
    models: dict[str, Any] = {}
    for table in version:
        models[table.base] = build_model(table, models)
    return list(models.values())


def build_model(table: Table, models: dict[str, Any]) -> Any:
    annotations: dict[str, Any] = {"id": Field[int]}
    values: dict[str, Any] = {"id": auto()}
    for column in table.columns:
        python, sizes, value = KINDS[column.base][column.kind]
        if column.kind in COMPUTED:
            annotations[column.name] = Field[int]
            values[column.name] = generated(COMPUTED[column.kind], index=column.index)
            continue
        annotations[column.name] = Field[python | None] if column.nullable else Field[python]
        values[column.name] = field(
            index=column.index,
            **(
                {}
                if column.nullable
                else {"default_factory": dict}
                if isinstance(value, dict)
                else {"default": value}
            ),
            **sizes,
        )
    for other in table.keys:
        annotations[f"own_{other}"] = ForeignKey[models[other] | None]  # type: ignore[valid-type]
        values[f"own_{other}"] = field(on_delete="set null")
    for other in table.pairs:
        annotations[f"{other}s"] = ManyToMany[models[other]]  # type: ignore[valid-type]
        values[f"{other}s"] = related()
    constraints = [
        Unique(("id", column.name)) for column in table.columns if column.unique and column.kind != "json"
    ]
    checks = [Check("amount >= 0")] if table.check else []
    indexes = [
        Index((f"-{column.name}",), where=f"{column.name} IS NOT NULL")
        for column in table.columns
        if column.base == "label"
    ]
    namespace = {"__annotations__": annotations, "__module__": __name__, "__qualname__": table.name, **values}
    return ModelMeta(
        table.name, (Model,), namespace, constraints=(*constraints, *checks), indexes=tuple(indexes)
    )


async def add_rows(database: Database, version: tuple[Table, ...], models: list[type[Model]]) -> None:
    """Two rows in each table, with a value in every column."""
    for table, model in zip(version, models, strict=True):
        given = {
            column.name: KINDS[column.base][column.kind][2]
            for column in table.columns
            if column.kind not in COMPUTED
        }
        for _ in range(2):
            await model.objects.create(**given)


def renames(old: tuple[Table, ...], new: tuple[Table, ...]) -> list[str]:
    """What has another name in the new version, as `bistro db make --rename` wants it."""
    found = []
    for before, after in pairs(old, new):
        if before.name != after.name:
            found.append(f"{before.name}={after.name}")
        columns = {column.base: column for column in after.columns}
        for column in before.columns:
            same = columns.get(column.base, column)
            if same.name != column.name and same.kind not in COMPUTED and column.kind not in COMPUTED:
                found.append(f"{after.name}.{column.name}={same.name}")
    return found


def pairs(old: tuple[Table, ...], new: tuple[Table, ...]) -> list[tuple[Table, Table]]:
    there = {table.base: table for table in new}
    return [(table, there[table.base]) for table in old if table.base in there]


def kept(*each: tuple[Table, ...]) -> list[tuple[str, Column]]:
    """Those columns of the last version that all of them have alike, whatever they are called."""

    def known(version: tuple[Table, ...]) -> set[tuple[str, Column]]:
        return {
            (table.base, replace(column, is_renamed=False)) for table in version for column in table.columns
        }

    same = set.intersection(*(known(version) for version in each))
    return [
        (table.name, column)
        for table in each[-1]
        for column in table.columns
        if (table.base, replace(column, is_renamed=False)) in same and column.kind not in COMPUTED
    ]


async def go_through(url: str, a: tuple[Table, ...], b: tuple[Table, ...], c: tuple[Table, ...]) -> None:
    path = Path(tempfile.mkdtemp())
    folder = Folder(path / "migrations")
    try:
        async with Database(url) as database:
            first = build(a)
            folder.make(*first)
            await folder.migrator(database).migrate()
            await agree(database, *first)
            await add_rows(database, a, first)
            steps, before = 0, a
            for version in (b, c):
                models = build(version)
                steps += bool(folder.make(*models, renames=renames(before, version)))
                before = version
                await folder.migrator(database).migrate()
                await agree(database, *models)
                assert not folder.make(*models)
            await check_rows(database, kept(a, b, c))
            for _ in range(steps):
                await folder.migrator(database).revert()
            await agree(database, *first)
            await check_rows(database, kept(c, b, a))
            await folder.migrator(database).revert()
            assert await real(database) == {}
    finally:
        shutil.rmtree(path)


async def agree(database: Database, *models: type[Model]) -> None:
    """The database is as if these models' tables had just been made."""
    drift = find_drift(await fresh(database, *models), await real(database))
    assert not drift, drift


async def check_rows(database: Database, columns: list[tuple[str, Column]]) -> None:
    for table, column in columns:
        value = KINDS[column.base][column.kind][2]
        rows = await database.fetch(f'select "{column.name}" from "{table}"')
        expected = await database.fetch(f"select {_literal(column, value, database)}")
        assert [row[0] for row in rows] == [expected[0][0]] * 2


def _literal(column: Column, value: Any, database: Database) -> str:
    from bistro.migrations.reading import read_models

    state = read_models(build((Table("sample", False, (column,), (), (), False),)))
    words = as_sql(value, state.tables["sample"].get_column(column.name), database.dialect)
    if database.dialect == "postgresql":
        from bistro.migrations.sql.postgresql_columns import sql_words

        return f"{words}::{sql_words(state.tables['sample'].get_column(column.name))}"
    return words


SETTINGS = settings(
    max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@pytest.mark.slow
@SETTINGS
@given(versions(), versions(), versions())
def test_versions_in_sqlite(a, b, c):
    asyncio.run(go_through("sqlite://", a, b, c))


@pytest.mark.slow
@pytest.mark.service
@settings(SETTINGS, max_examples=12)
@given(versions(), versions(), versions())
def test_versions_in_postgresql(postgres_url, a, b, c):
    async def again() -> None:
        await go_through(postgres_url, a, b, c)
        async with Database(postgres_url) as database:
            await database.execute("drop table bistro_migrations")

    try:
        asyncio.run(again())
    except BaseException:
        asyncio.run(empty(postgres_url))
        raise


async def empty(url: str) -> None:
    async with Database(url) as database:
        schema = (await database.fetch("select current_schema()"))[0][0]
        await database.execute(f"drop schema {schema} cascade")
        await database.execute(f"create schema {schema}")
