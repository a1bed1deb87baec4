"""PostgreSQL itself: what goes in comes out, limits hold, and nothing is left behind."""

from __future__ import annotations

import asyncio
import datetime as dt
import ipaddress
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from decimal import Decimal
from typing import Any

import pytest

from bistro.db import (
    Database,
    DatabaseBusy,
    DatabaseError,
    DatabaseOptions,
    DatabaseUnavailable,
    SerializationFailure,
    StatementError,
    StatementTimeout,
    TransactionError,
    UniqueViolation,
    ValueNotStorable,
    transaction,
)
from bistro.db.drivers.postgres.connection import (
    STATEMENTS_MAX,
    count_of,
    is_one_statement,
    leaves_something,
)

pytestmark = pytest.mark.service


@asynccontextmanager
async def opened(url: str, **options: Any) -> AsyncIterator[Database]:
    async with Database(url, options=DatabaseOptions(**options)) as database:
        await database.execute("create table if not exists note (id serial primary key, title text unique)")
        yield database


async def value_of(database: Database, sql: str, *parameters: object) -> Any:
    return (await database.fetch(sql, parameters))[0][0]


async def until(database: Database, sql: str, wanted: object) -> None:
    async with asyncio.timeout(30):
        while await value_of(database, sql) != wanted:
            await asyncio.sleep(0.01)


async def until_all_free(database: Database) -> None:
    async with asyncio.timeout(30):
        while database.statistics().in_use:
            await asyncio.sleep(0.01)


UTC = dt.UTC


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("jsonb", {"a": [1, 2.5, None, "ü"]}),
        ("json", ["text", True]),
        ("uuid", uuid.UUID("12345678-1234-5678-1234-567812345678")),
        ("timestamptz", dt.datetime(2026, 11, 25, 3, 4, 5, 6, UTC)),
        ("date", dt.date(2026, 11, 25)),
        ("time", dt.time(23, 59, 59, 999999)),
        ("interval", dt.timedelta(days=3, seconds=5, microseconds=7)),
        ("numeric", Decimal("12345678901234567890.000000001")),
        ("bytea", b"\x00\xff"),
        ("bigint", 2**63 - 1),
        ("double precision", 0.1),
        ("bool", True),
        ("text", ""),
        ("int[]", [1, 2, 3]),
        ("inet", ipaddress.ip_address("::1")),
        ("cidr", ipaddress.ip_network("10.0.0.0/8")),
    ],
)
async def test_a_value_comes_back_as_it_went_in(postgres_url: str, kind: str, value: object) -> None:
    async with opened(postgres_url) as database:
        found = await value_of(database, f"select $1::{kind}", value)
    assert found == value
    assert isinstance(found, type(value))


async def test_a_time_with_an_offset_comes_back_as_the_same_moment_in_utc(postgres_url: str) -> None:
    zone = dt.timezone(dt.timedelta(hours=2))
    async with opened(postgres_url) as database:
        moment = dt.datetime(2026, 1, 1, 1, 0, tzinfo=zone)
        found = await value_of(database, "select $1::timestamptz", moment)
    assert found == moment
    assert found.tzinfo == UTC


@pytest.mark.parametrize(
    ("kind", "value"), [("text", "a\0b"), ("int", 2**31), ("jsonb", {"a": "\0"}), ("uuid", "x")]
)
async def test_a_value_that_does_not_fit_is_the_clients_fault(
    postgres_url: str, kind: str, value: object
) -> None:
    async with opened(postgres_url) as database:
        with pytest.raises(ValueNotStorable) as caught:
            await database.fetch(f"select $1::{kind}", (value,))
    assert caught.value.status == 422


# --- limits -------------------------------------------------------------------------------------------


async def test_a_statement_that_runs_for_too_long_is_stopped_by_the_server(postgres_url: str) -> None:
    async with opened(postgres_url, statement_seconds_max=0.1) as database:
        with pytest.raises(StatementTimeout):
            await database.fetch("select pg_sleep(60)")
        assert await value_of(database, "select 1") == 1


async def test_who_waits_for_a_locked_row_for_too_long_is_told(postgres_url: str) -> None:
    async with opened(postgres_url, wait_seconds_max=0.1) as database:
        await database.execute("insert into note (title) values ('a')")

        async def change() -> None:
            await database.execute("update note set title = 'b'")

        async with transaction():
            await database.fetch("select * from note for update")
            with pytest.raises(DatabaseBusy):
                await asyncio.create_task(change())


WAITING = "select count(*) from pg_locks where not granted and transactionid = pg_current_xact_id()::xid"


async def mark_all(database: Database) -> int:
    return await database.execute("update note set title = title || $1 where title >= 'a'", ("!",))


@asynccontextmanager
async def in_the_way(database: Database) -> AsyncIterator[asyncio.Task[int]]:
    """A transaction that has changed the last of two notes, and a statement that waits for it to end."""
    await database.execute("insert into note (title) values ('a'), ('b')")
    async with transaction():
        await database.execute("update note set title = 'z' where title = 'b'")
        waiting = asyncio.create_task(mark_all(database))
        await until(database, WAITING, 1)
        yield waiting


TITLES = "select string_agg(title, ' ' order by title) from note"


async def test_a_statement_that_the_server_ends_for_another_is_run_again(postgres_url: str) -> None:
    async with opened(f"{postgres_url}&deadlock_timeout=50ms") as database:
        async with in_the_way(database) as waiting:
            await database.execute("set local deadlock_timeout = '60s'")  # let it be the other one that ends
            await database.execute("update note set title = 'y' where title = 'a'")  # which that one holds
        assert await waiting == 2
        assert await value_of(database, TITLES) == "y! z!"


async def test_a_statement_that_others_came_before_is_run_again(postgres_url: str) -> None:
    async with opened(f"{postgres_url}&default_transaction_isolation=repeatable%20read") as database:
        async with in_the_way(database) as waiting:
            pass
        assert await waiting == 2
        assert await value_of(database, TITLES) == "a! z!"


async def test_a_statement_in_a_transaction_is_not_run_again(postgres_url: str) -> None:
    strict = f"{postgres_url}&default_transaction_isolation=repeatable%20read"
    async with opened(strict) as database:
        await database.execute("insert into note (title) values ('a')")
        with pytest.raises(SerializationFailure):
            async with transaction():
                await database.fetch("select * from note")
                assert await asyncio.create_task(mark_all(database)) == 1
                await database.execute("update note set title = 'c'")


@pytest.mark.parametrize(
    "sql", ["commit", "delete from note; delete from author", "create index on note (title)"]
)
def test_what_is_more_than_one_statement_on_rows_is_not_taken_for_one(sql: str) -> None:
    assert is_one_statement("delete from note")
    assert not is_one_statement(sql)


async def test_cancelling_stops_the_statement_on_the_server(postgres_url: str) -> None:
    async with opened(postgres_url) as database:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.05):
                await database.fetch("select pg_sleep(60) /* to be cancelled */")
        running = (
            "select count(*) from pg_stat_activity where state = 'active'"
            " and query like '%to be cancelled%' and pid <> pg_backend_pid()"
        )
        await until(database, running, 0)
        await until_all_free(database)


async def test_cancelling_within_a_transaction_undoes_it(postgres_url: str) -> None:
    async with opened(postgres_url) as database:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.05), transaction():
                await database.execute("insert into note (title) values ('a')")
                await database.fetch("select pg_sleep(60)")
        await until(database, "select count(*) from note", 0)
        await until_all_free(database)


async def test_statements_kept_prepared_have_a_bound(postgres_url: str) -> None:
    async with opened(postgres_url, connections_max=1) as database:
        for number in range(STATEMENTS_MAX + 20):
            await database.fetch(f"select {number}")
        kept = await value_of(database, "select count(*) from pg_prepared_statements")
    assert kept <= STATEMENTS_MAX + 5


# --- from one user of a connection to the next --------------------------------------------------------


async def test_nothing_is_sent_between_two_users_of_a_connection(postgres_url: str) -> None:
    async with opened(postgres_url, connections_max=1) as database:
        pids = {await value_of(database, "select pg_backend_pid()") for _ in range(3)}
    assert len(pids) == 1


@pytest.mark.parametrize(
    "sql",
    [
        "set search_path to nowhere",
        "select set_config('work_mem', '1MB', false)",
        "select pg_advisory_lock(7)",
        "create temp table secret (id int)",
        "listen news",
    ],
)
async def test_what_a_statement_leaves_behind_is_not_met_by_the_next(postgres_url: str, sql: str) -> None:
    async with opened(postgres_url, connections_max=1) as database:
        before = await value_of(database, "select pg_backend_pid()")
        await database.fetch(sql)
        assert await value_of(database, "select pg_backend_pid()") != before


async def test_a_transaction_begun_by_hand_is_not_met_by_the_next(postgres_url: str) -> None:
    async with opened(postgres_url, connections_max=1) as database:
        await database.execute("begin")
        await database.execute("insert into note (title) values ('a')")
    async with opened(postgres_url) as database:
        assert await value_of(database, "select count(*) from note") == 1


@pytest.mark.parametrize("sql", ["set local work_mem = '1MB'", "update note set title = 'set'", "select 1"])
def test_what_ends_with_its_transaction_leaves_nothing_behind(sql: str) -> None:
    assert not leaves_something(sql)


async def test_a_table_that_changes_is_read_as_it_is_now(postgres_url: str) -> None:
    async with opened(postgres_url, connections_max=1) as database:
        await database.execute("insert into note (title) values ('a')")
        assert len((await database.fetch("select * from note"))[0]) == 2
        await database.execute("alter table note add column views int not null default 7")
        assert await database.fetch("select * from note") == [(1, "a", 7)]
        assert await database.execute("update note set views = $1 returning *", (8,)) == 1


@pytest.mark.parametrize(
    ("status", "count"),
    [("INSERT 0 3", 3), ("UPDATE 2", 2), ("DELETE 0", 0), ("SELECT 5", 0), ("CREATE TABLE", 0), (None, 0)],
)
def test_the_number_of_changed_rows_is_read_from_what_the_server_says(status: str | None, count: int) -> None:
    assert count_of(status) == count


# --- transactions -------------------------------------------------------------------------------------


async def test_a_type_of_rows_that_changes_is_read_as_it_is_now(postgres_url: str) -> None:
    async with opened(postgres_url, connections_max=1) as database:
        await database.execute("create type place as (x int, y int)")
        await database.execute("create table pin (id int, at place)")
        await database.execute("insert into pin values (1, row(1, 2))")
        assert (await value_of(database, "select at from pin"))["y"] == 2

        await database.execute("alter type place add attribute z int")
        assert (await value_of(database, "select at from pin"))["z"] is None


async def test_a_change_is_not_made_twice_because_its_row_could_not_be_read(postgres_url: str) -> None:
    insert = "insert into pin select $1::int, at from pin where id = 1 returning at"
    async with opened(postgres_url, connections_max=1) as database:
        await database.execute("create type place as (x int, y int)")
        await database.execute("create table pin (id int, at place)")
        await database.execute("insert into pin values (1, row(1, 2))")
        await database.fetch(insert, (2,))
        async with Database(postgres_url) as other:
            await other.execute("alter type place add attribute z int")
        with pytest.raises(DatabaseError, match="number of attributes"):
            await database.fetch(insert, (3,))

        assert await value_of(database, "select count(*) from pin where id = 3") == 1
        assert (await database.fetch(insert, (4,)))[0][0]["z"] is None


async def test_a_transaction_in_which_a_statement_failed_is_not_said_to_be_kept(postgres_url: str) -> None:
    async with opened(postgres_url) as database:
        await database.execute("insert into note (title) values ('a')")
        with pytest.raises(TransactionError, match="has undone all of it"):
            async with transaction():
                await database.execute("insert into note (title) values ('b')")
                with pytest.raises(UniqueViolation):
                    await database.execute("insert into note (title) values ('a')")
        assert await value_of(database, "select count(*) from note") == 1


@pytest.mark.parametrize("level", ["read committed", "repeatable read", "serializable"])
async def test_a_transaction_has_the_isolation_that_it_asks_for(postgres_url: str, level: Any) -> None:
    async with opened(postgres_url) as database, transaction(isolation=level):
        assert await value_of(database, "show transaction_isolation") == level


async def test_a_reading_transaction_refuses_to_write(postgres_url: str) -> None:
    async with opened(postgres_url) as database:
        with pytest.raises(StatementError):
            async with transaction(read_only=True):
                await database.execute("insert into note (title) values ('a')")


async def test_a_transaction_that_another_was_in_the_way_of_is_repeated(postgres_url: str) -> None:
    async with opened(postgres_url) as database:
        await database.execute("create table counter (value int); insert into counter values (0)")

        @transaction(isolation="repeatable read", attempts_max=20)
        async def increase() -> None:
            value = await value_of(database, "select value from counter")
            await asyncio.sleep(0)
            await database.execute("update counter set value = $1", (value + 1,))

        await asyncio.gather(*(increase() for _ in range(5)))
        assert await value_of(database, "select value from counter") == 5


async def test_two_that_wait_for_each_other_are_told_apart(postgres_url: str) -> None:
    async with opened(postgres_url) as database:
        await database.execute("insert into note (title) values ('a'), ('b')")
        both_hold = asyncio.Barrier(2)

        async def change(first: int, second: int) -> None:
            async with transaction():
                await database.execute("update note set title = title || '!' where id = $1", (first,))
                await both_hold.wait()
                await database.execute("update note set title = title || '!' where id = $1", (second,))

        results = await asyncio.gather(change(1, 2), change(2, 1), return_exceptions=True)
        assert sorted(type(result) for result in results if result is not None) == [SerializationFailure]


# --- opening ------------------------------------------------------------------------------------------


async def test_a_wrong_name_of_the_database_stops_the_start(postgres_url: str) -> None:
    with pytest.raises(DatabaseUnavailable, match="does not exist"):
        await Database(postgres_url.replace("bistro_test_", "nowhere_")).open()


async def test_a_server_that_is_not_there_yet_is_waited_for(caplog: pytest.LogCaptureFixture) -> None:
    async with Database("postgresql://alice:hunter2@127.0.0.1:9/shop") as database:
        assert "can't be reached yet" in caplog.text
        assert "hunter2" not in caplog.text
        with pytest.raises(DatabaseUnavailable):
            await database.check()
