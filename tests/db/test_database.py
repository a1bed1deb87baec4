"""`Database`: opening, the four verbs, and which database is the current one."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from bistro.db import (
    CheckViolation,
    Database,
    DatabaseUnavailable,
    ForeignKeyViolation,
    IntegrityError,
    NoDatabase,
    NotNullViolation,
    StatementError,
    TransactionError,
    UniqueViolation,
    ValueNotStorable,
    find_database,
    get_database,
    transaction,
)
from tests.db.support import rows_of, titles


async def test_rows_come_back_as_sequences_in_the_order_of_the_columns(database: Database) -> None:
    await database.execute("insert into note (title, views) values ('a', 1), ('b', 2)")
    assert await rows_of(database, "select title, views from note order by id") == [("a", 1), ("b", 2)]


async def test_parameters_are_values_and_never_sql(database: Database) -> None:
    evil = "'); drop table --"
    await database.execute("insert into note (title) values (?)", (evil,))
    assert await titles(database) == [evil]


async def test_execute_tells_how_many_rows_it_changed(database: Database) -> None:
    assert await database.execute("insert into note (title) values ('a'), ('b')") == 2
    assert await database.execute("update note set views = 1 where title = 'a'") == 1
    assert await database.execute("update note set views = 1 where title = 'z'") == 0
    assert await database.execute("create table other (id integer)") == 0


async def test_a_statement_with_returning_changes_and_gives_rows(database: Database) -> None:
    insert = "insert into note (title) values ('a') returning id, title"
    assert await rows_of(database, insert) == [(1, "a")]


async def test_many_rows_are_stored_all_or_none(database: Database) -> None:
    insert = "insert into note (title) values (?)"
    assert await database.execute_many(insert, [("a",), ("b",)]) == 2
    with pytest.raises(UniqueViolation):
        await database.execute_many(insert, [("c",), ("a",)])
    assert await titles(database) == ["a", "b"]


async def test_a_large_result_comes_in_batches(database: Database) -> None:
    await database.execute_many("insert into note (title) values (?)", [(str(i),) for i in range(7)])
    batches = database.iterate("select title from note order by id", batch_size=3)
    assert [[row[0] for row in batch] async for batch in batches] == [["0", "1", "2"], ["3", "4", "5"], ["6"]]


async def test_other_statements_run_between_two_batches(database: Database) -> None:
    await database.execute_many("insert into note (title) values (?)", [(str(i),) for i in range(4)])
    async for batch in database.iterate("select id from note order by id", batch_size=2):
        await database.execute("update note set views = 1 where id = ?", (batch[0][0],))
    assert await rows_of(database, "select sum(views) from note") == [(2,)]


@pytest.mark.parametrize(
    ("statement", "kind", "columns"),
    [  # SQLite does not tell which columns a check or a reference is about
        ("insert into note (title) values ('a')", UniqueViolation, ("title",)),
        ("insert into note (title) values (null)", NotNullViolation, ("title",)),
        ("insert into note (title) values ('a name that is too long')", CheckViolation, None),
        ("insert into note (title, author_id) values ('b', 99)", ForeignKeyViolation, None),
    ],
)
async def test_a_broken_rule_names_table_and_column(
    database: Database, statement: str, kind: type[IntegrityError], columns: tuple[str, ...] | None
) -> None:
    await database.execute("insert into note (title) values ('a')")
    with pytest.raises(kind) as caught:
        await database.execute(statement)
    assert columns is None or caught.value.columns == columns
    assert [problem.path for problem in caught.value.problems] == list(caught.value.columns)
    assert await titles(database) == ["a"]


@pytest.mark.parametrize("value", [2**63, -(2**63) - 1, "\ud800"])
async def test_a_value_that_does_not_fit_is_refused(database: Database, value: object) -> None:
    with pytest.raises(ValueNotStorable):
        kind = "text" if isinstance(value, str) else "bigint"
        await database.fetch(f"select cast(? as {kind})", (value,))


@pytest.mark.parametrize(
    "sql", ["selct 1", "select * from nowhere", "select nothing from note", "select ?, ?"]
)
async def test_a_wrong_statement_is_the_sites_own_fault(database: Database, sql: str) -> None:
    with pytest.raises(StatementError) as caught:
        await database.fetch(sql)
    assert caught.value.status == 500


# --- which database is the current one --------------------------------------------------------------


def test_without_a_database_the_error_says_how_to_get_one() -> None:
    assert find_database() is None
    with pytest.raises(NoDatabase, match=r"App\(Database\(\)\)"):
        get_database()


async def test_a_database_is_current_within_its_block_and_others_within_theirs(tmp_path: Path) -> None:
    first, second = Database(f"sqlite:///{tmp_path}/a.db"), Database(f"sqlite:///{tmp_path}/b.db")
    async with first:
        assert get_database() is first
        async with second:
            assert get_database() is second
            async with first:
                assert get_database() is first
            assert get_database() is second
        assert get_database() is first
        await first.execute("create table still_open (id integer)")
    assert find_database() is None


async def test_tasks_see_the_database_that_was_current_when_they_began(database: Database) -> None:
    async def look() -> Database | None:
        return find_database()

    assert await asyncio.create_task(look()) is database


async def test_a_file_that_is_no_database_is_unavailable_and_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "letter.txt"
    path.write_text("Dear reader, " * 100)
    with pytest.raises(DatabaseUnavailable):
        await Database(f"sqlite:///{path}").open()
    assert path.read_text() == "Dear reader, " * 100


async def test_sqlite_is_good_enough_for_production_by_default(sqlite_url: str) -> None:
    async with Database(sqlite_url) as database:
        pragmas = {
            name: (await database.fetch(f"pragma {name}"))[0][0]
            for name in ("journal_mode", "synchronous", "foreign_keys")
        }
    normal = 1
    assert pragmas == {"journal_mode": "wal", "synchronous": normal, "foreign_keys": 1}


async def test_the_library_below_can_be_used_where_nothing_else_will_do(database: Database) -> None:
    def look(connection: Any) -> Any:
        return (
            connection.fetchval("select 42")
            if database.dialect == "postgresql"
            else connection.pragma("user_version")
        )

    assert await database.raw(look) in (42, 0)
    with pytest.raises(StatementError):
        await database.raw(lambda connection: connection.execute("selct"))
    async with transaction():
        with pytest.raises(TransactionError):
            await database.raw(look)


@pytest.mark.service
async def test_rows_are_copied_by_asyncpg_itself(postgres_url: str) -> None:
    async with Database(postgres_url) as database:
        await database.execute("create table pair (a int, b text)")
        rows = [(number, str(number)) for number in range(1000)]
        await database.raw(lambda connection: connection.copy_records_to_table("pair", records=rows))
        assert await rows_of(database, "select count(*) from pair") == [(1000,)]
