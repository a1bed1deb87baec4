"""Random versions A, B and C of models: migrating gives what making C anew gives, and reverting gives A."""

from __future__ import annotations

import asyncio
import shutil
import tempfile
from dataclasses import dataclass
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
}


@dataclass(frozen=True)
class Column:
    name: str
    kind: str
    nullable: bool
    index: bool
    unique: bool


@dataclass(frozen=True)
class Table:
    name: str
    columns: tuple[Column, ...]
    key: str
    keys: tuple[str, ...]
    pairs: tuple[str, ...]
    check: bool


@st.composite
def tables(draw: st.DrawFn, name: str, before: tuple[str, ...]) -> Table:
    columns = [
        Column(each, draw(st.sampled_from(sorted(KINDS[each]))), *(draw(st.booleans()) for _ in range(3)))
        for each in draw(st.lists(st.sampled_from(sorted(KINDS)), unique=True, max_size=4))
    ]
    keys = draw(st.lists(st.sampled_from(before), unique=True, max_size=1)) if before else []
    pairs = draw(st.lists(st.sampled_from(before), unique=True, max_size=1)) if before else []
    has_amount = any(column.name == "amount" for column in columns)
    return Table(name, tuple(columns), "id", tuple(keys), tuple(pairs), has_amount and draw(st.booleans()))


@st.composite
def versions(draw: st.DrawFn) -> tuple[Table, ...]:
    names = draw(st.lists(st.sampled_from(["author", "note", "tag"]), unique=True, min_size=1))
    made: list[Table] = []
    for name in sorted(names):
        made.append(draw(tables(name, tuple(each.name for each in made))))
    return tuple(made)


def build(version: tuple[Table, ...]) -> list[type[Model]]:
    """The models of a version."""
    models: dict[str, Any] = {}
    for table in version:
        models[table.name] = build_model(table, models)
    return list(models.values())


def build_model(table: Table, models: dict[str, Any]) -> Any:
    annotations: dict[str, Any] = {"id": Field[int]}
    values: dict[str, Any] = {"id": auto()}
    for column in table.columns:
        python, sizes, value = KINDS[column.name][column.kind]
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
    indexes = (
        [Index(("-label",), where="label IS NOT NULL")]
        if any(c.name == "label" for c in table.columns)
        else []
    )
    namespace = {"__annotations__": annotations, "__module__": __name__, "__qualname__": table.name, **values}
    return ModelMeta(
        table.name, (Model,), namespace, constraints=(*constraints, *checks), indexes=tuple(indexes)
    )


async def add_rows(database: Database, models: list[type[Model]]) -> None:
    """Two rows in each table, with a value in every column."""
    for model in models:
        for _ in range(2):
            given = {
                name: KINDS[name][_kind(model, name)][2]
                for name in model.__table_info__.columns
                if name in KINDS
            }
            await model.objects.create(**given)


def _kind(model: type[Model], name: str) -> str:
    type_ = model.__table_info__.columns[name].type
    for kind, (python, sizes, _) in KINDS[name].items():
        if type_.python is python and all(getattr(type_, size) == value for size, value in sizes.items()):
            return kind
    return next(iter(KINDS[name]))


def kept(*each: tuple[Table, ...]) -> list[tuple[str, Column]]:
    """The columns that are the same in all versions, in tables that all of them have."""
    sets = [{(table.name, column) for table in version for column in table.columns} for version in each]
    return sorted(set.intersection(*sets), key=str)


async def go_through(url: str, a: tuple[Table, ...], b: tuple[Table, ...], c: tuple[Table, ...]) -> None:
    path = Path(tempfile.mkdtemp())
    folder = Folder(path / "migrations")
    try:
        async with Database(url) as database:
            first = build(a)
            folder.make(*first)
            await folder.migrator(database).migrate()
            await agree(database, *first)
            await add_rows(database, first)
            steps = 0
            for version in (b, c):
                models = build(version)
                steps += bool(folder.make(*models))
                await folder.migrator(database).migrate()
                await agree(database, *models)
                assert not folder.make(*models)
            await check_rows(database, kept(a, b, c))
            for _ in range(steps):
                await folder.migrator(database).revert()
            await agree(database, *first)
            await check_rows(database, kept(a, b, c))
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
        value = KINDS[column.name][column.kind][2]
        rows = await database.fetch(f'select "{column.name}" from "{table}"')
        expected = await database.fetch(f"select {_literal(column, value, database)}")
        assert [row[0] for row in rows] == [expected[0][0]] * 2


def _literal(column: Column, value: Any, database: Database) -> str:
    from bistro.migrations.reading import read_models

    state = read_models(build((Table("sample", (column,), "id", (), (), False),)))
    words = as_sql(value, state.tables["sample"].get_column(column.name), database.dialect)
    if database.dialect == "postgresql":
        from bistro.migrations.sql.postgresql import sql_words

        return f"{words}::{sql_words(state.tables['sample'].get_column(column.name))}"
    return words


SETTINGS = settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@pytest.mark.slow
@SETTINGS
@given(versions(), versions(), versions())
def test_versions_in_sqlite(a, b, c):
    asyncio.run(go_through("sqlite://", a, b, c))


@pytest.mark.slow
@pytest.mark.service
@settings(SETTINGS, max_examples=25)
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
