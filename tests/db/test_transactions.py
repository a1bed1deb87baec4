"""What is kept together, what is undone, and who may take part."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from bistro.db import (
    Database,
    DatabaseError,
    RequestScope,
    SerializationFailure,
    TransactionError,
    UniqueViolation,
    on_commit,
    transaction,
)
from tests.db.support import rows_of, titles

INSERT = "insert into note (title) values (?)"


async def test_a_transaction_keeps_everything_at_its_end(database: Database) -> None:
    async with transaction():
        await database.execute(INSERT, ("a",))
        await database.execute(INSERT, ("b",))
        assert await titles(database) == ["a", "b"]
    assert await titles(database) == ["a", "b"]


@pytest.mark.parametrize("error", [RuntimeError, asyncio.CancelledError, KeyboardInterrupt])
async def test_a_transaction_that_raises_keeps_nothing(
    database: Database, error: type[BaseException]
) -> None:
    with pytest.raises(error):
        async with transaction():
            await database.execute(INSERT, ("a",))
            raise error
    assert await titles(database) == []


async def test_a_transaction_without_statements_costs_nothing(database: Database) -> None:
    async with transaction():
        assert database.statistics().in_use == 0


async def test_an_inner_transaction_is_undone_by_itself(database: Database) -> None:
    async with transaction():
        await database.execute(INSERT, ("a",))
        with pytest.raises(UniqueViolation):
            async with transaction():
                await database.execute(INSERT, ("b",))
                await database.execute(INSERT, ("a",))
        await database.execute(INSERT, ("c",))
    assert await titles(database) == ["a", "c"]


async def test_an_inner_transaction_is_lost_with_the_outer_one(database: Database) -> None:
    with pytest.raises(RuntimeError):
        async with transaction():
            async with transaction():
                await database.execute(INSERT, ("a",))
            raise RuntimeError
    assert await titles(database) == []


async def test_nested_parts_are_undone_from_the_inside(database: Database) -> None:
    async with transaction():
        async with transaction():
            await database.execute(INSERT, ("a",))
            with pytest.raises(RuntimeError):
                async with transaction():
                    await database.execute(INSERT, ("b",))
                    raise RuntimeError
        await database.execute(INSERT, ("c",))
    assert await titles(database) == ["a", "c"]


async def test_a_decorated_function_is_a_transaction(database: Database) -> None:
    @transaction()
    async def add(title: str, fails: bool) -> str:
        await database.execute(INSERT, (title,))
        if fails:
            raise RuntimeError
        return title.upper()

    assert await add("a", fails=False) == "A"
    with pytest.raises(RuntimeError):
        await add("b", fails=True)
    assert await titles(database) == ["a"]


async def test_a_function_is_repeated_where_another_transaction_was_in_its_way(database: Database) -> None:
    calls = []

    @transaction(attempts_max=3)
    async def add() -> None:
        calls.append(1)
        await database.execute(INSERT, (f"try {len(calls)}",))
        if len(calls) < 3:
            raise SerializationFailure("could not serialize access")

    await add()
    assert await titles(database) == ["try 3"]


async def test_repeating_ends_after_the_last_attempt(database: Database) -> None:
    calls = []

    @transaction(attempts_max=2)
    async def add() -> None:
        calls.append(1)
        raise SerializationFailure("could not serialize access")

    with pytest.raises(SerializationFailure):
        await add()
    assert len(calls) == 2


async def test_a_block_can_not_be_repeated_and_says_what_to_do(database: Database) -> None:
    with pytest.raises(TransactionError, match="Decorate an async function"):
        async with transaction(attempts_max=2):
            pass


# --- after the commit -------------------------------------------------------------------------------


async def test_work_waits_for_the_commit_of_the_outermost(database: Database) -> None:
    done: list[str] = []

    async def later() -> None:
        done.append("awaited")

    async with transaction():
        async with transaction():
            await on_commit(lambda: done.append("called"))
            await on_commit(later)
        assert done == []
    assert done == ["called", "awaited"]


async def test_work_that_waits_is_dropped_with_what_is_undone(database: Database) -> None:
    done: list[str] = []
    async with transaction():
        await on_commit(lambda: done.append("outer"))
        with pytest.raises(RuntimeError):
            async with transaction():
                await on_commit(lambda: done.append("inner"))
                raise RuntimeError
    assert done == ["outer"]


async def test_without_a_transaction_work_is_done_at_once(database: Database) -> None:
    done: list[str] = []
    await on_commit(lambda: done.append("at once"))
    assert done == ["at once"]


async def test_work_that_fails_is_logged_and_keeps_nothing_from_happening(
    database: Database, caplog: pytest.LogCaptureFixture
) -> None:
    done: list[str] = []

    def fail() -> None:
        raise RuntimeError("the mail server is down")

    async with transaction():
        await database.execute(INSERT, ("a",))
        await on_commit(fail)
        await on_commit(lambda: done.append("next"))
    assert done == ["next"]
    assert "the mail server is down" in caplog.text
    assert await titles(database) == ["a"]


# --- after a rollback ---------------------------------------------------------------------------------


async def test_what_waits_for_a_rollback_is_done_from_the_last_to_the_first_and_never_after_a_commit(
    database: Database,
) -> None:
    done: list[str] = []

    async def second() -> None:
        done.append("second")

    async with transaction() as kept:
        kept.after_rollback(lambda: done.append("kept"))
    assert done == []
    with pytest.raises(RuntimeError):
        async with transaction() as undone:
            undone.after_rollback(lambda: done.append("first"))
            undone.after_rollback(second)
            await database.execute(INSERT, ("a",))
            raise RuntimeError
    assert done == ["second", "first"]
    assert await titles(database) == []


async def test_a_part_that_is_undone_calls_what_waited_in_it_and_in_what_it_had_kept(
    database: Database,
) -> None:
    done: list[str] = []
    with pytest.raises(KeyError):
        async with transaction() as whole:
            whole.after_rollback(lambda: done.append("whole"))
            with pytest.raises(RuntimeError):
                async with transaction():
                    async with transaction():
                        whole.after_rollback(lambda: done.append("kept within"))
                    whole.after_rollback(lambda: done.append("part"))
                    raise RuntimeError
            assert done == ["part", "kept within"]
            raise KeyError
    assert done == ["part", "kept within", "whole"]


async def test_what_fails_after_a_rollback_is_logged_and_stops_nothing(
    database: Database, caplog: pytest.LogCaptureFixture
) -> None:
    done: list[str] = []

    def fail() -> None:
        raise ValueError("the file is gone")

    with pytest.raises(RuntimeError):
        async with transaction() as whole:
            whole.after_rollback(lambda: done.append("next"))
            whole.after_rollback(fail)
            raise RuntimeError
    assert done == ["next"]
    assert "the file is gone" in caplog.text


# --- who may take part ------------------------------------------------------------------------------


async def test_a_task_of_the_block_is_not_part_of_the_transaction(database: Database) -> None:
    async with transaction():
        await database.execute(INSERT, ("a",))
        assert await asyncio.create_task(titles(database)) == []


async def test_a_task_that_is_let_in_takes_part(database: Database) -> None:
    async def add(title: str) -> None:
        with whole.share():
            await database.execute(INSERT, (title,))

    with pytest.raises(RuntimeError):
        async with transaction() as whole:
            async with asyncio.TaskGroup() as group:
                for title in "abc":
                    group.create_task(add(title))
            assert sorted(await titles(database)) == ["a", "b", "c"]
            raise RuntimeError
    assert await titles(database) == []


async def test_a_transaction_that_has_ended_can_not_be_used(database: Database) -> None:
    async with transaction() as whole:
        pass
    with pytest.raises(TransactionError, match="is committed"):
        await whole.execute(INSERT, ("a",))
    await database.execute(INSERT, ("b",))  # by itself


@pytest.mark.parametrize("end", ["committed", "rolled back"])
async def test_nothing_of_a_transaction_that_has_ended_may_be_asked_for(database: Database, end: str) -> None:
    whole = None
    try:
        async with transaction() as whole:
            await database.execute(INSERT, ("a",))
            if end == "rolled back":
                raise RuntimeError
    except RuntimeError:
        pass
    assert whole is not None
    assert whole.state == end
    asked = (
        lambda: whole.fetch("select 1"),
        lambda: whole.execute_many(INSERT, [("b",)]),
        lambda: anext(aiter(whole.iterate("select 1"))),
        whole.begin_part,
        whole.commit,
    )
    for ask in asked:
        with pytest.raises(TransactionError, match=f"is {end}"):
            await ask()
    with pytest.raises(TransactionError, match=f"is {end}"), whole.share():
        pass
    for wait in (whole.after_commit, whole.after_rollback):
        with pytest.raises(TransactionError, match=f"is {end}"):
            wait(lambda: None)
    await whole.rollback()  # for whoever cleans up: nothing is left to undo
    assert whole.state == end
    assert await titles(database) == (["a"] if end == "committed" else [])


async def test_rows_come_in_batches_of_the_size_asked_for_beside_other_statements(database: Database) -> None:
    async with transaction() as whole:
        for number in range(25):
            await database.execute(INSERT, (f"{number:02}",))
        sizes = []
        async for batch in whole.iterate("select title from note order by title", batch_size=10):
            sizes.append(len(batch))
            assert await database.execute(INSERT, (f"x{len(sizes)}",)) == 1
    assert sizes[:2] == [10, 10]
    assert sum(sizes) >= 25
    assert len(await titles(database)) == 25 + len(sizes)


async def test_a_read_only_transaction_writes_nothing(database: Database) -> None:
    with pytest.raises(DatabaseError):
        async with transaction(read_only=True):
            await database.execute(INSERT, ("a",))
    assert await titles(database) == []


async def test_a_transaction_within_that_of_another_database_is_refused(
    database: Database, tmp_path: Path
) -> None:
    other = Database(f"sqlite:///{tmp_path}/other.db", name="other")
    async with other, transaction(using=database):
        with pytest.raises(
            TransactionError, match="database other can't run within a transaction of default"
        ):
            async with transaction(using=other):
                pass


async def test_within_a_transaction_another_database_is_read_and_written_to_once_it_is_kept(
    database: Database, tmp_path: Path
) -> None:
    log = "insert into audit values ('done')"
    async with Database(f"sqlite:///{tmp_path}/other.db", name="audit") as other:
        await other.execute("create table audit (event text)")
        async with transaction(using=database):
            await database.execute(INSERT, ("a",))
            assert await rows_of(other, "select event from audit") == []
            with pytest.raises(TransactionError, match="may change the database audit can't run within"):
                await other.execute(log)
            with pytest.raises(TransactionError):
                await other.execute_many("insert into audit values (?)", [("x",)])
            with pytest.raises(TransactionError):
                await other.fetch(f"{log} returning event")
            await on_commit(lambda: other.execute(log), using=database)
        assert await rows_of(other, "select event from audit") == [("done",)]
    assert await titles(database) == ["a"]


async def test_a_request_may_write_to_several_databases_by_itself(database: Database, tmp_path: Path) -> None:
    async with Database(f"sqlite:///{tmp_path}/other.db") as other:
        await other.execute("create table audit (event text)")
        scope = RequestScope(database)
        scope.enter()
        whole = scope.begin()
        await database.execute(INSERT, ("a",))
        await other.execute("insert into audit values ('tried')")
        async with transaction(using=database):
            with pytest.raises(TransactionError):
                await other.execute("insert into audit values ('within a block')")
        await whole.rollback()
        assert await rows_of(other, "select event from audit") == [("tried",)]
    assert await titles(database) == []


# --- in a request -------------------------------------------------------------------------------------


async def test_a_request_has_the_isolation_that_its_first_block_asks_for(database: Database) -> None:
    scope = RequestScope(database)
    scope.enter()
    whole = scope.begin()
    async with transaction(isolation="serializable"):
        await database.execute(INSERT, ("a",))
        if database.dialect == "postgresql":
            assert await rows_of(database, "show transaction_isolation") == [("serializable",)]
    await whole.rollback()
    scope.end()
    assert await titles(database) == []


async def test_a_request_that_has_begun_can_not_change_its_isolation(database: Database) -> None:
    scope = RequestScope(database)
    scope.enter()
    whole = scope.begin()
    await database.execute(INSERT, ("a",))
    with pytest.raises(TransactionError, match="before its first statement"):
        async with transaction(isolation="serializable"):
            pass
    await whole.rollback()
    scope.end()
