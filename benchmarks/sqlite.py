"""SQLite in an event loop: how much gets done, and how late the loop is for everybody else.

    ./run bench sqlite             every load, every executor
    ./run bench sqlite mixed       one load

32 tasks that never wait: 90 % read a row by its key, 6 % read 20 rows, 4 % insert. `mixed` adds
0.5 % of queries that scan the whole table; in `contended` another process holds the write lock
for 50 ms of every 250 ms. Compared with everything in the event loop (the quickest, and the worst
for others), and with aiosqlite, which is installed for this alone, once.
"""

from __future__ import annotations

import asyncio
import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import apsw
import uvloop

from benchmarks.orm_more import prepare
from bistro.db.drivers.sqlite.connect import connect
from bistro.db.drivers.sqlite.driver import SqliteDriver

TASKS = 32
SECONDS = 2.5
GET = "select id, author_id, title, body, published, views, created_at, updated_at from posts where id = ?"
LIST = (
    "select id, author_id, title, views, created_at from posts where views >= ? order by views desc limit 20"
)
SCAN = "select count(*) from posts where title like '%99%' and body like '%zzz%'"
INSERT = "insert into note (title, views) values ('t', 1)"
CONTENDER = """
import sqlite3, sys, time
c = sqlite3.connect(sys.argv[1], isolation_level=None, timeout=5)
while True:
    c.execute("begin immediate"); c.execute("update author set name = name where id = 1")
    time.sleep(0.05); c.execute("commit"); time.sleep(0.2)
"""


class Inline:
    """Everything in the event loop."""

    def __init__(self, path):
        self.connection = connect(path)
        self.connection.set_busy_timeout(5000)
        self.connection.execute("pragma wal_autocheckpoint = 1000")

    async def open(self): ...

    async def close(self):
        self.connection.close()

    async def read(self, sql, parameters=()):
        return self.connection.execute(sql, parameters).fetchall()

    write = read


class Bistro:
    """The driver as it is."""

    def __init__(self, path):
        self.driver = SqliteDriver(path)
        self.open, self.close = self.driver.open, self.driver.close
        self.read, self.write = self.driver.fetch, self.driver.execute


class Aiosqlite:
    """One connection that reads and one that writes, each in a thread."""

    def __init__(self, path):
        self.path = path

    async def open(self):
        import aiosqlite

        self.connections = [await aiosqlite.connect(self.path, isolation_level=None) for _ in range(2)]
        for connection in self.connections:
            await connection.execute("pragma synchronous = normal")
            await connection.execute("pragma busy_timeout = 5000")
        self.read, self.write = (each.execute_fetchall for each in self.connections)

    async def close(self):
        for connection in self.connections:
            await connection.close()


async def measure(executor, load, path):
    await executor.open()
    contender = None
    if load == "contended":
        contender = subprocess.Popen([sys.executable, "-c", CONTENDER, str(path)])  # noqa: ASYNC220 - before the clock runs
    late, gets, end = [], [], time.perf_counter() + SECONDS
    done = 0

    async def beat():
        while (before := time.perf_counter()) < end:
            await asyncio.sleep(0.001)
            late.append(time.perf_counter() - before - 0.001)

    async def work(seed):
        nonlocal done
        choose = random.Random(seed)
        while (before := time.perf_counter()) < end:
            chance = choose.random()
            if chance < 0.005 and load == "mixed":
                await executor.read(SCAN)
            elif chance < 0.04:
                await executor.write(INSERT)
            elif chance < 0.10:
                await executor.read(LIST, (50_000,))
            else:
                await executor.read(GET, (choose.randint(1, 49_000),))
                gets.append(time.perf_counter() - before)
            done += 1
            if done % 7 == 0:
                await asyncio.sleep(0)

    cpu = time.process_time()
    await asyncio.gather(beat(), *map(work, range(TASKS)))
    cpu = time.process_time() - cpu
    if contender is not None:
        contender.kill()
        contender.wait()
    await executor.close()
    return (
        done / SECONDS,
        cpu / done * 1e6,
        percentile(gets, 0.5),
        percentile(gets, 0.99),
        percentile(late, 0.99),
        max(late),
    )


def percentile(values, part):
    return sorted(values)[min(len(values) - 1, int(len(values) * part))]


def fill(path):
    connection = connect(path)
    with connection:
        connection.execute(
            "create table author (id integer primary key, name text);"
            "create table note (id integer primary key, title text, views integer);"
            "create table posts (id integer primary key, author_id integer, title text, body text,"
            " published integer, views integer, created_at text, updated_at text);"
            "create index posts_views on posts (views);"
            "insert into author values (1, 'a')"
        )
        connection.executemany(
            "insert into posts values (?, ?, ?, ?, ?, ?, ?, ?)",
            (
                (i, i % 1000, f"Title {i}", "body " * 20, i % 2, i * 7 % 100_000, "2026-01-01", "2026-01-02")
                for i in range(50_000)
            ),
        )
    connection.close()


def main(loads):
    kinds = [Inline, Bistro, *([Aiosqlite] if prepare() else [])]
    print(f"SQLite {apsw.sqlitelibversion()}, {TASKS} tasks, {SECONDS} s each")
    print("load       executor      ops/s  cpu us  get p50   p99 ms late p99   max ms")
    for load in loads or ("fast", "mixed", "contended"):
        for kind in kinds:
            with tempfile.TemporaryDirectory() as folder:
                path = Path(folder) / "bench.db"
                fill(path)
                figures = uvloop.run(measure(kind(path), load, path))
            rate, cpu, *times = figures
            row = " ".join(f"{seconds * 1000:8.3f}" for seconds in times)
            print(f"{load:10} {kind.__name__:10} {rate:8.0f} {cpu:7.1f} {row}", flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
