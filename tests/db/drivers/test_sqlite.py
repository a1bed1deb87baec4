"""The SQLite driver: short statements in the loop, everything else in threads, nothing lost or twice."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import apsw
import pytest

from bistro.db import (
    DatabaseBusy,
    DatabaseUnavailable,
    StatementError,
    StatementTimeout,
    TransactionError,
    UniqueViolation,
)
from bistro.db.drivers.sqlite import connect as sqlite_connect
from bistro.db.drivers.sqlite.connect import connect
from bistro.db.drivers.sqlite.driver import SqliteDriver
from bistro.db.drivers.sqlite.inline import INTERRUPTIONS_MAX

COUNT_TO = (
    "with recursive n (i) as (select 1 union all select i + 1 from n where i < ?) select count(*) from n"
)
FOREVER = (10**12,)
INSERT = "insert into note (title) values (?)"


@asynccontextmanager
async def opened(path: Path | None, **options: float) -> AsyncIterator[SqliteDriver]:
    driver = SqliteDriver(path, **options)
    await driver.open()
    try:
        await driver.execute("create table if not exists note (id integer primary key, title text unique)")
        yield driver
    finally:
        await driver.close()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "notes.db"


async def titles(driver: SqliteDriver) -> list[str]:
    return [row[0] for row in await driver.fetch("select title from note order by id")]


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(30):
        while not condition():
            await asyncio.sleep(0)


# --- in the loop or in a thread -----------------------------------------------------------------------


async def test_a_short_statement_is_answered_without_leaving_the_loop(path: Path) -> None:
    async with opened(path) as driver:
        for work in (driver.execute(INSERT, ("a",)), driver.fetch("select title from note")):
            with pytest.raises(StopIteration):
                work.send(None)


async def test_a_long_statement_lets_the_loop_go_on_and_gives_the_same(path: Path) -> None:
    async with opened(path) as driver:
        long = asyncio.create_task(driver.fetch(COUNT_TO, (300_000,)))
        turns = 0
        while not long.done():
            await asyncio.sleep(0)
            turns += 1
        assert long.result() == [(300_000,)]
        assert turns > 3


async def test_a_statement_that_was_too_long_a_few_times_goes_to_a_thread_at_once(path: Path) -> None:
    async with opened(path) as driver:
        for _ in range(INTERRUPTIONS_MAX):
            await driver.fetch(COUNT_TO, (100_000,))
        assert driver._file is not None
        assert driver._file.inline.fetch(COUNT_TO, (1,)) is None
        assert await driver.fetch(COUNT_TO, (1,)) == [(1,)]


@pytest.mark.parametrize("calls", [1, 5])
async def test_a_long_change_happens_once(path: Path, calls: int) -> None:
    insert = (
        "insert into note (title) with recursive n (i) as (select 1 union all select i + 1 from n where i < ?)"
        " select cast(? as text) || ':' || i from n"
    )
    async with opened(path) as driver:
        counts = [await driver.execute(insert, (5000, call)) for call in range(calls)]
        assert counts == [5000] * calls
        assert await driver.fetch("select count(*) from note") == [(5000 * calls,)]


async def test_many_rows_are_written_in_the_thread_and_none_if_one_fails(path: Path) -> None:
    async with opened(path) as driver:
        rows = [(str(i),) for i in range(2000)]
        assert await driver.execute_many(INSERT, iter(rows)) == 2000
        with pytest.raises(UniqueViolation):
            await driver.execute_many(INSERT, [("new",), *rows])
        assert await driver.fetch("select count(*) from note") == [(2000,)]


# --- time and cancellation ----------------------------------------------------------------------------


@pytest.mark.parametrize("sql", [COUNT_TO, f"insert into note (title) {COUNT_TO}"])
async def test_a_statement_that_runs_for_too_long_is_stopped_and_changes_nothing(
    path: Path, sql: str
) -> None:
    async with opened(path, statement_seconds_max=0.05) as driver:
        with pytest.raises(StatementTimeout):
            await driver.fetch(sql, FOREVER)
        assert await titles(driver) == []
        await driver.execute(INSERT, ("a",))


@pytest.mark.parametrize("sql", [COUNT_TO, f"insert into note (title) {COUNT_TO}"])
async def test_cancelling_stops_the_statement_in_its_thread(path: Path, sql: str) -> None:
    async with opened(path) as driver:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.05):
                await driver.fetch(sql, FOREVER)
        # The threads are free again, or this would wait forever.
        async with asyncio.timeout(30):
            assert await driver.fetch(COUNT_TO, (200_000,)) == [(200_000,)]
            transaction = driver.begin()
            await transaction.execute(INSERT, ("a",))
            await transaction.commit()


async def test_a_transaction_that_sqlite_has_undone_takes_no_more_statements(path: Path) -> None:
    async with opened(path, statement_seconds_max=0.05) as driver:
        transaction = driver.begin()
        await transaction.execute(INSERT, ("a",))
        with pytest.raises(StatementTimeout):
            await transaction.execute(f"insert into note (title) {COUNT_TO}", FOREVER)
        with pytest.raises(TransactionError, match="has undone"):
            await transaction.execute(INSERT, ("would be alone",))
        with pytest.raises(TransactionError, match="has undone"):
            await transaction.commit()
        assert await titles(driver) == []


@pytest.mark.parametrize("sql", ["begin", "begin immediate", "savepoint mine"])
async def test_a_transaction_begun_by_hand_is_refused_and_nobody_slips_into_it(path: Path, sql: str) -> None:
    async with opened(path) as driver:
        for run in (driver.execute, driver.fetch):
            with pytest.raises(TransactionError, match="async with transaction"):
                await run(sql)
            assert await driver.execute("insert into note (title) values (?)", (str(run),)) == 1
        assert await driver.fetch("select count(*) from note") == [(2,)]
    assert connect(path).execute("select count(*) from note").fetchall() == [(2,)]


# --- locks --------------------------------------------------------------------------------------------


async def test_a_write_waits_for_the_lock_of_another_process(path: Path) -> None:
    async with opened(path) as driver:
        other = connect(path)
        other.execute("begin immediate; insert into note (title) values ('other')")
        write = asyncio.create_task(driver.execute(INSERT, ("a",)))
        await asyncio.sleep(0)
        assert await titles(driver) == []  # reading does not wait
        assert not write.done()
        other.execute("commit")
        assert await write == 1
        other.close()
        assert await titles(driver) == ["other", "a"]


async def test_a_lock_that_is_held_for_too_long_is_told(path: Path) -> None:
    async with opened(path, wait_seconds_max=0.05) as driver:
        other = connect(path)
        other.execute("begin immediate")
        with pytest.raises(DatabaseBusy):
            await driver.execute(INSERT, ("a",))
        other.execute("rollback")
        other.close()
        assert await driver.execute(INSERT, ("a",)) == 1


async def test_a_transaction_holds_the_writer_and_others_wait_for_it(path: Path) -> None:
    async with opened(path) as driver:
        transaction = driver.begin()
        await transaction.execute(INSERT, ("a",))
        others = [asyncio.create_task(driver.execute(INSERT, (title,))) for title in "bcd"]
        assert await titles(driver) == []
        assert driver.statistics().in_use == 1
        await transaction.commit()
        assert await asyncio.gather(*others) == [1, 1, 1]
        assert sorted(await titles(driver)) == ["a", "b", "c", "d"]


async def test_who_waits_too_long_for_a_transaction_is_turned_away(path: Path) -> None:
    async with opened(path, wait_seconds_max=0.05) as driver:
        transaction = driver.begin()
        await transaction.execute(INSERT, ("a",))
        with pytest.raises(DatabaseBusy, match="another transaction has been writing"):
            await driver.execute(INSERT, ("b",))
        await transaction.commit()
        assert await titles(driver) == ["a"]


async def test_statements_that_are_committed_together_fail_alone(path: Path) -> None:
    async with opened(path) as driver:
        transaction = driver.begin()
        await transaction.execute(INSERT, ("a",))
        others = [asyncio.create_task(driver.execute(INSERT, (title,))) for title in "bacbd"]
        await until(lambda: driver.statistics().waiting == 5)
        await transaction.commit()
        results = await asyncio.gather(*others, return_exceptions=True)
        assert [type(result) for result in results] == [int, UniqueViolation, int, UniqueViolation, int]
        assert await titles(driver) == ["a", "b", "c", "d"]


async def test_a_statement_that_can_not_be_joined_with_others_runs_alone(path: Path) -> None:
    async with opened(path) as driver:
        transaction = driver.begin()
        await transaction.execute(INSERT, ("a",))
        others = [driver.execute(INSERT, ("b",)), driver.execute("vacuum"), driver.execute(INSERT, ("c",))]
        tasks = [asyncio.create_task(other) for other in others]
        await until(lambda: driver.statistics().waiting == 3)
        await transaction.commit()
        await asyncio.gather(*tasks)
        assert await titles(driver) == ["a", "b", "c"]


async def test_a_transaction_given_up_while_it_waits_leaves_nobody_stuck(path: Path) -> None:
    async with opened(path) as driver:
        first, second, third = driver.begin(), driver.begin(), driver.begin()
        await first.execute(INSERT, ("a",))
        waiting = asyncio.create_task(second.execute(INSERT, ("b",)))
        await until(lambda: driver.statistics().waiting == 1)
        waiting.cancel()
        await asyncio.gather(waiting, return_exceptions=True)
        await second.rollback()
        await first.commit()
        await third.execute(INSERT, ("c",))
        await third.commit()
        assert await titles(driver) == ["a", "c"]


async def test_a_statement_given_up_while_it_waits_changes_nothing(path: Path) -> None:
    async with opened(path) as driver:
        transaction = driver.begin()
        await transaction.execute(INSERT, ("a",))
        waiting = asyncio.create_task(driver.execute(INSERT, ("b",)))
        await until(lambda: driver.statistics().waiting == 1)
        waiting.cancel()
        await asyncio.gather(waiting, return_exceptions=True)
        await transaction.commit()
        await driver.execute(INSERT, ("c",))
        assert await titles(driver) == ["a", "c"]


# --- what is read over time ---------------------------------------------------------------------------


async def test_a_result_read_in_batches_stays_as_it_was_and_keeps_nobody_from_writing(path: Path) -> None:
    async with opened(path) as driver:
        await driver.execute_many(INSERT, [("a",), ("b",), ("c",)])
        seen = []
        async for batch in driver.iterate("select title from note order by id", batch_size=1):
            await driver.execute(INSERT, (f"after {batch[0][0]}",))
            seen.append(batch[0][0])
        assert seen == ["a", "b", "c"]
        assert await driver.fetch("select count(*) from note") == [(6,)]


async def test_a_result_that_is_left_early_gives_its_connection_back(path: Path) -> None:
    async with opened(path) as driver:
        await driver.execute_many(INSERT, [(str(i),) for i in range(10)])
        batches = driver.iterate("select title from note", batch_size=1)
        await anext(batches)
        assert driver.statistics().in_use == 1
        await batches.aclose()
        assert driver.statistics().in_use == 0


async def test_a_reading_transaction_sees_one_state_and_refuses_to_write(path: Path) -> None:
    async with opened(path) as driver:
        await driver.execute(INSERT, ("a",))
        reading = driver.begin(read_only=True)
        assert await reading.fetch("select count(*) from note") == [(1,)]
        await driver.execute(INSERT, ("b",))
        assert await reading.fetch("select count(*) from note") == [(1,)]
        with pytest.raises(StatementError):
            await reading.execute(INSERT, ("c",))
        await reading.rollback()
        assert await titles(driver) == ["a", "b"]


# --- the file -----------------------------------------------------------------------------------------


async def test_the_log_is_moved_into_the_file_while_the_site_runs(path: Path) -> None:
    async with opened(path) as driver:
        size = path.stat().st_size
        rows = [("x" * 2000 + str(i),) for i in range(4000)]
        await driver.execute_many(INSERT, rows)
        await until(lambda: path.stat().st_size > size + 4_000_000)


@pytest.mark.parametrize(("refusals", "is_opened"), [(3, True), (10_000, False)])
def test_a_lock_met_while_opening_is_tried_again_for_a_while(
    path: Path, monkeypatch: pytest.MonkeyPatch, refusals: int, is_opened: bool
) -> None:
    # Two processes that turn the log of a file on in the same moment: SQLite tells one of them at
    # once that the file is locked, since waiting could be a deadlock.
    tries = []
    set_up = sqlite_connect._set_up

    def refuse_first(path: Path) -> apsw.Connection:
        tries.append(path)
        if len(tries) <= refusals:
            raise apsw.BusyError("database is locked")
        return set_up(path)

    monkeypatch.setattr(sqlite_connect, "_set_up", refuse_first)
    monkeypatch.setattr(sqlite_connect, "SET_UP_SECONDS_MAX", 0.1)
    if is_opened:
        connect(path).close()
        assert len(tries) == refusals + 1
    else:
        with pytest.raises(DatabaseBusy):
            connect(path)


async def test_after_closing_everything_is_in_one_file(path: Path) -> None:
    async with opened(path) as driver:
        await driver.execute(INSERT, ("a",))
    assert [each.name for each in path.parent.iterdir()] == ["notes.db"]
    assert apsw.Connection(str(path)).execute("select title from note").fetchall() == [("a",)]


async def test_a_database_in_memory_is_shared_by_its_threads_and_leaves_nothing(path: Path) -> None:
    async with opened(None) as driver:
        transaction = driver.begin()
        await transaction.execute(INSERT, ("a",))
        assert await titles(driver) == []
        await transaction.commit()
        assert await titles(driver) == ["a"]
        folder = driver._folder
    assert folder is not None
    assert not folder.exists()


async def test_closing_undoes_a_transaction_that_nobody_has_ended(path: Path) -> None:
    async with asyncio.timeout(30):
        async with opened(path) as driver:
            await driver.execute(INSERT, ("a",))
            forgotten = driver.begin()
            await forgotten.execute(INSERT, ("b",))
    assert connect(path).execute("select title from note").fetchall() == [("a",)]


async def test_a_driver_that_is_not_open_is_unavailable(path: Path) -> None:
    driver = SqliteDriver(path)
    with pytest.raises(DatabaseUnavailable, match="is not open"):
        await driver.fetch("select 1")
    with pytest.raises(DatabaseUnavailable):
        await driver.check()
    assert driver.statistics().connections == 0


async def test_a_folder_that_does_not_exist_is_told(tmp_path: Path) -> None:
    with pytest.raises(DatabaseUnavailable, match="unable to open"):
        await SqliteDriver(tmp_path / "nowhere" / "notes.db").open()


@pytest.mark.timed
async def test_writes_of_many_tasks_are_all_kept(path: Path) -> None:
    async with opened(path) as driver:

        async def write(task: int) -> None:
            for number in range(20):
                if number % 5 == 0:
                    transaction = driver.begin()
                    await transaction.execute(INSERT, (f"{task}:{number}",))
                    await transaction.commit()
                else:
                    await driver.execute(INSERT, (f"{task}:{number}",))

        began = time.monotonic()
        await asyncio.gather(*map(write, range(16)))
        assert await driver.fetch("select count(*) from note") == [(320,)]
        assert time.monotonic() - began < 20
