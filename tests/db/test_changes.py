"""Hearing of rows that have changed."""

from __future__ import annotations

import asyncio
import sys
from asyncio.subprocess import PIPE
from typing import Any

import pytest

from bistro.db import Change, Database, Field, Model, auto, changes, transaction
from bistro.db.drivers.subscribers import WAITING_MAX, Subscribers


class Note(Model):
    id: Field[int] = auto()
    title: Field[str]


async def next_of(feed: changes, *, known: bool = True) -> Change:
    """The next change; those of unknown rows are passed over where known ones are asked for."""
    async with asyncio.timeout(10):
        while True:
            change = await anext(feed)
            if (change.kind != "unknown") is known:
                return change


async def test_each_kind_of_change_is_told_with_the_key(database: Database) -> None:
    async with changes(Note) as feed:
        await database.execute("insert into note (title) values ('a')")
        await database.execute("update note set title = 'b'")
        await database.execute("delete from note")
        found = [await next_of(feed) for _ in range(3)]
    assert found == [Change("note", "insert", 1), Change("note", "update", 1), Change("note", "delete", 1)]


async def test_a_transaction_is_told_when_it_is_kept_and_not_when_it_is_undone(database: Database) -> None:
    async with changes("note") as feed:
        with pytest.raises(RuntimeError):
            async with transaction():
                await database.execute("insert into note (id, title) values (7, 'undone')")
                raise RuntimeError
        async with transaction():
            await database.execute("insert into note (id, title) values (8, 'kept')")
        assert (await next_of(feed)).key == 8


async def test_other_tables_are_not_told(database: Database) -> None:
    async with changes(Note) as feed:
        await database.execute("insert into author (name) values ('ada')")
        await database.execute("insert into note (title) values ('a')")
        assert (await next_of(feed)).table == "note"


async def test_several_listeners_each_hear_everything(database: Database) -> None:
    async with changes(Note) as first, changes(Note) as second:
        await database.execute("insert into note (title) values ('a')")
        assert await next_of(first) == await next_of(second)
    async with changes(Note) as third:
        await database.execute("insert into note (title) values ('b')")
        assert (await next_of(third)).key == 2


async def test_a_loop_over_changes_ends_with_its_task(database: Database) -> None:
    heard: list[Change] = []
    is_heard = asyncio.Event()

    async def listen() -> None:
        async for change in changes(Note):
            heard.append(change)
            is_heard.set()

    task = asyncio.create_task(listen())
    async with asyncio.timeout(10):
        number = 0
        while not is_heard.is_set():
            number += 1
            await database.execute("insert into note (title) values (?)", (str(number),))
            await asyncio.sleep(0.01)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert heard[0].kind in ("insert", "unknown")


WRITER = "import sqlite3, sys; c = sqlite3.connect(sys.argv[1]); c.execute(\"insert into note (title) values ('x')\"); c.commit()"


async def test_what_another_process_writes_into_a_file_is_noticed(sqlite_url: str) -> None:
    async with Database(sqlite_url) as database:
        await database.execute("create table note (id integer primary key, title text)")
        async with changes(Note) as feed:
            other = await asyncio.create_subprocess_exec(
                sys.executable, "-c", WRITER, database.url.name, stderr=PIPE
            )
            assert await other.wait() == 0
            assert await next_of(feed, known=False) == Change("note", "unknown")


@pytest.mark.service
async def test_a_lost_connection_is_told_and_made_anew(postgres_url: str) -> None:
    async with Database(postgres_url) as database:
        await database.execute("create table note (id serial primary key, title text)")
        async with changes(Note) as feed:
            await database.fetch(
                "select pg_terminate_backend(pid) from pg_stat_activity"
                " where datname = current_database() and query ilike 'listen%'"
            )
            for _ in range(2):
                assert (await next_of(feed, known=False)).kind == "unknown"
            await database.execute("insert into note (title) values ('a')")
            assert await next_of(feed) == Change("note", "insert", 1)


def test_who_reads_too_slowly_is_told_that_something_has_changed() -> None:
    async def main() -> list[Any]:
        subscribers = Subscribers()
        queue = subscribers.add("note")
        subscribers.publish([Change("note", "insert", number) for number in range(WAITING_MAX + 1)])
        return [queue.get_nowait() for _ in range(queue.qsize())]

    assert asyncio.run(main()) == [Change("note", "unknown")]
