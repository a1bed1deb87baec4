"""Looking at statements, and how many of them there may be."""

from __future__ import annotations

import logging
from collections.abc import Callable

import pytest

from bistro.db import (
    Budget,
    Database,
    Statement,
    StatementError,
    TooManyStatements,
    WatchedDriver,
    shorten,
    transaction,
)

INSERT = "insert into note (title) values (?)"


def watched(database: Database, watch: Callable[[Statement], None]) -> None:
    database.driver = WatchedDriver(database.driver, watch)


async def test_each_statement_is_shown_with_its_rows_and_time(database: Database) -> None:
    seen: list[Statement] = []
    watched(database, seen.append)
    await database.execute("insert into note (title) values ('a'), ('b')")
    await database.fetch("select title from note")
    await database.execute_many(INSERT, [("c",), ("d",), ("e",)])
    async for _ in database.iterate("select title from note", batch_size=2):
        pass
    assert [statement.rows for statement in seen] == [2, 2, 3, 2]
    assert all(statement.seconds >= 0 for statement in seen)


async def test_statements_in_transactions_are_shown_too(database: Database) -> None:
    seen: list[str] = []
    watched(database, lambda statement: seen.append(statement.sql))
    async with transaction():
        await database.execute("update note set views = 1")
        async with transaction():
            await database.fetch("select 1")
    assert seen == ["update note set views = 1", "select 1"]


async def test_a_statement_that_fails_is_shown_with_its_error(database: Database) -> None:
    seen: list[Statement] = []
    watched(database, seen.append)
    for run in (database.fetch, database.execute):
        with pytest.raises(StatementError):
            await run("selct")
    with pytest.raises(StatementError):
        await database.execute_many("selct", [()])
    assert [statement.error for statement in seen] == ["StatementError"] * 3


@pytest.mark.parametrize(("seconds_min", "shown"), [(3600.0, []), (1e-9, [1, 2, 3, 1])])
async def test_of_statements_that_succeed_only_slow_ones_are_shown_where_that_is_wanted(
    database: Database, seconds_min: float, shown: list[int]
) -> None:
    seen: list[Statement] = []
    database.driver = WatchedDriver(database.driver, seen.append, seconds_min=seconds_min)
    async with transaction():
        await database.execute("insert into note (title) values ('a')")
    await database.execute_many(INSERT, [("b",), ("c",)])
    assert len(await database.fetch("select title from note")) == 3
    async for _ in database.iterate("select title from note", batch_size=1):
        pass
    assert [statement.rows for statement in seen] == shown
    with pytest.raises(StatementError):
        await database.fetch("selct")
    assert [statement.error for statement in seen if statement.error] == ["StatementError"]


async def test_the_line_that_asked_is_found_behind_the_framework(database: Database) -> None:
    places: list[str] = []
    watched(database, lambda statement: places.append(statement.find_origin().file))
    await database.fetch("select 1")
    assert places == [__file__]


def note(budget: Budget, *statements: str) -> None:
    for sql in statements:
        budget.note(Statement(sql, 0.001, 1))


def test_a_budget_counts_and_refuses_the_first_that_is_too_many() -> None:
    budget = Budget(statements_max=2)
    note(budget, "select 1", "select 2")
    with pytest.raises(TooManyStatements, match="this is statement 3, and at most 2 may run: select 3"):
        note(budget, "select 3")
    note(budget, "select 4")  # it has been told once
    assert budget.count == 4


def test_a_budget_refuses_the_same_statement_over_and_over() -> None:
    budget = Budget(repeats_max=2)
    note(budget, "select a", "select b", "select a", "select b")
    with pytest.raises(TooManyStatements, match="runs more than 2 times in one request: select a"):
        note(budget, "select a")


def test_a_budget_may_only_warn_or_do_nothing(caplog: pytest.LogCaptureFixture) -> None:
    note(Budget(statements_max=0, reaction="nothing"), "select 1")
    assert caplog.text == ""
    with caplog.at_level(logging.WARNING, "bistro.db"):
        note(Budget(statements_max=0, reaction="warn"), "select 1")
    assert "this is statement 1" in caplog.text


def test_a_budget_that_is_stopped_refuses_no_more() -> None:
    budget = Budget(statements_max=0)
    budget.stop()
    note(budget, "select 1")
    assert budget.count == 1


def test_sql_is_shown_on_one_line_and_not_without_end() -> None:
    assert shorten("select a,\n       b\nfrom note") == "select a, b from note"
    assert len(shorten("x" * 100_000)) < 400
