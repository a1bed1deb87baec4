"""Make and drop the tables of models: for tests and first steps, until a site has migrations."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from bistro.db.database import Database, get_database
from bistro.db.drivers.protocol import Dialect
from bistro.db.model import Model
from bistro.db.model_errors import ModelError
from bistro.db.table import TableInfo, with_pairs
from bistro.db.transactions import transaction

LOCK: Final = int.from_bytes(b"bistro.t")
"""The lock of whoever makes tables, among those that programs name by numbers of 64 bits."""


async def create_tables(*models: type[Model], using: Database | None = None) -> None:
    """Make those tables of these models, and of the pairs of their relations, that are not there yet.

    A model that another one refers to must be among them or there already. A table that is there
    stays as it is. All are made or none, in the current database. Workers that start at once wait
    for each other: in PostgreSQL until the transaction around this ends, where there is one.
    """
    _check_models(models)
    for name in dict.fromkeys(model.__table_info__.database for model in models):
        database = using or get_database(name)
        await _create([each for each in models if each.__table_info__.database == name], database)


async def _create(models: Sequence[type[Model]], database: Database) -> None:
    async with transaction(using=database):
        if database.dialect == "postgresql":
            # SQLite lets in one writer at a time. Here two could both find a table missing.
            await database.fetch("SELECT pg_advisory_xact_lock($1)", (LOCK,))
        missing = [
            info
            for info in with_pairs(model.__table_info__ for model in models)
            if not (await database.fetch(*_presence_question(info, database.dialect)))[0][0]
        ]
        for statement in _create_statements(missing, database.dialect) if missing else ():
            await database.execute(statement)


def _check_models(models: Sequence[object]) -> None:
    for each in models:
        if not hasattr(each, "__table_info__"):
            raise ModelError(
                f"{each!r} is no model with a table",
                fix="Write create_tables(Note, Author); another database is using=database.",
            )


async def drop_tables(*models: type[Model], using: Database | None = None) -> None:
    """Drop the tables of these models and everything in them."""
    # Imported late, here and below: what makes SQL loads SQLAlchemy.
    from bistro.db.lowering.ddl import drop_statements

    for name in dict.fromkeys(model.__table_info__.database for model in models):
        database = using or get_database(name)
        infos = [model.__table_info__ for model in models if model.__table_info__.database == name]
        for statement in drop_statements(infos, database.dialect):
            await database.execute(statement)


def _create_statements(missing: list[TableInfo], dialect: Dialect) -> Iterator[str]:
    from bistro.db.lowering.ddl import create_statements

    return create_statements(missing, dialect)


def _presence_question(info: TableInfo, dialect: Dialect) -> tuple[str, tuple[str, ...]]:
    """The statement, and its values, that asks whether the table of this model is there."""
    if dialect == "sqlite":
        question = "SELECT count(*) FROM pragma_table_list WHERE schema = ? AND name = ?"
        return question, (info.schema or "main", info.name)
    # By its name as SQL has it, so that it is looked for where a query would look.
    parts = (info.schema, info.name) if info.schema else (info.name,)
    return "SELECT to_regclass($1) IS NOT NULL", (".".join(_quote(part) for part in parts),)


def _quote(name: str) -> str:
    doubled = name.replace('"', '""')
    return f'"{doubled}"'
