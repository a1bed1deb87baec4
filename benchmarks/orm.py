"""What an operation of the ORM costs the client, beside the driver alone and the ORMs of others.

All libraries do the same to the same rows, round by round. The time shown is the median of the
rounds, and the ratio that of the rounds' own ratios: the system moves processes between cores, which
changes what a round costs by half, but all libraries of it alike.

    ./run bench orm              SQLite and PostgreSQL (postgresql://postgres@127.0.0.1:5432)
    ./run bench orm sqlite       one of them
"""

from __future__ import annotations

import asyncio
import os
import secrets
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from benchmarks.orm_more import Peewee, Piccolo, Tortoise, prepare
from benchmarks.orm_others import Django, Others, SqlAlchemy
from bistro.db import Database, Field, ForeignKey, ManyToMany, Model, auto, create_tables, field, related

SERVER = os.environ.get("BISTRO_TEST_POSTGRES", "postgresql://postgres@127.0.0.1:5432")
ROUNDS = 25
# How often each operation is done in a round: some milliseconds' worth.
TIMES = {"get": 300, "list20": 100, "list1000": 8, "joined": 40, "insert": 100, "update": 150, "bulk1000": 2}
WANTED = {
    "sqlite": {"get": 1.4, "list1000": 1.35},
    "postgresql": {
        "get": 1.12, "list1000": 1.10, "joined": 1.30, "insert": 1.15, "update": 1.15, "bulk1000": 1.4,
    },
}  # fmt: skip
WANTED_TO_DJANGO = {"get": 15, "list1000": 7, "joined": 13, "bulk1000": 8}
Operation = Callable[[], Awaitable[Any]]


class Author(Model, table="bench_author"):
    id: Field[int] = auto()
    name: Field[str]
    email: Field[str]
    active: Field[bool] = field(default=True)
    created_at: Field[datetime] = auto()


class Tag(Model, table="bench_tag"):
    id: Field[int] = auto()
    name: Field[str]


class PostTag(Model, table="bench_post_tags"):
    id: Field[int] = auto()
    post: ForeignKey[Post]
    tag: ForeignKey[Tag]


class Post(Model, table="bench_post"):
    id: Field[int] = auto()
    author: ForeignKey[Author]
    title: Field[str]
    body: Field[str]
    published: Field[bool] = field(default=True)
    views: Field[int] = field(default=0, index=True)
    created_at: Field[datetime] = auto()
    updated_at: Field[datetime] = auto()
    tags: ManyToMany[Tag] = related(through=PostTag)


class Note(Model, table="bench_note"):
    id: Field[int] = auto()
    title: Field[str]
    body: Field[str]
    views: Field[int]


async def fill() -> None:
    await create_tables(Author, Tag, Post, PostTag, Note)
    authors = await Author.objects.bulk_create([Author(name=f"n{each}", email="e") for each in range(50)])
    tags = await Tag.objects.bulk_create([Tag(name=f"t{each}") for each in range(20)])
    posts = [
        Post(author=authors[each % 50], title=f"title {each}", body="b" * 100, views=each % 500)
        for each in range(5_000)
    ]
    await Post.objects.bulk_create(posts)
    pairs = [PostTag(post=post, tag=tags[(post.id + each) % 20]) for post in posts[:500] for each in (1, 2)]
    await PostTag.objects.bulk_create(pairs)


def operations_of_bistro() -> dict[str, Operation]:
    async def get() -> object:
        return await Post.objects.get(Post.id == 5)

    async def list20() -> object:
        query = Post.objects.filter(Post.views >= 490, Post.published == True)  # noqa: E712
        return await query.order_by(Post.views.desc()).limit(20)

    async def list1000() -> object:
        return await Post.objects.order_by(Post.id).limit(1000)

    async def joined() -> object:
        return await Post.objects.order_by(Post.id).limit(20).load(Post.author, Post.tags)

    async def insert() -> object:
        return await Note.objects.create(title="t", body="b", views=1)

    async def update() -> object:
        return await Post.objects.filter(Post.id == 5).update(title="new")

    async def bulk1000() -> object:
        return await Note.objects.bulk_create([Note(title="t", body="b", views=each) for each in range(1000)])

    return {each.__name__: each for each in (get, list20, list1000, joined, insert, update, bulk1000)}


def statements(dialect: str) -> dict[str, tuple[str, tuple[Any, ...]]]:
    """The same in SQL, with the parameters as the driver wants them."""
    joined = Post.objects.order_by(Post.id).limit(20).load(Post.author)
    list20 = Post.objects.filter(Post.views >= 490, Post.published == True).order_by(Post.views.desc())  # noqa: E712
    return {
        "get": Post.objects.filter(Post.id == 5).as_sql(dialect),
        "list20": list20.limit(20).as_sql(dialect),
        "list1000": Post.objects.order_by(Post.id).limit(1000).as_sql(dialect),
        "joined": joined.as_sql(dialect),
        "insert": (
            "insert into bench_note (title, body, views) values ($1, $2, $3) returning id",
            ("t", "b", 1),
        ),
        "update": ("update bench_post set title = $1 where id = $2", ("new", 5)),
    }


TAGS = {
    "sqlite": "select p.post_id, t.id, t.name from bench_tag t join bench_post_tags p on p.tag_id = t.id "
    "where p.post_id in (select value from json_each(?))",
    "postgresql": "select p.post_id, t.id, t.name from bench_tag t join bench_post_tags p on p.tag_id = t.id "
    "where p.post_id = any($1::bigint[])",
}


async def operations_of_asyncpg(database: Database) -> dict[str, Operation]:
    """asyncpg with a statement prepared for each operation, on one connection that is held.

    It is the one that Bistro uses as well: which core the system puts a server process on changes what
    its client pays by half.
    """
    pool = database.driver._pool
    held = await pool.acquire()
    pool.release(held)
    connection = held.raw
    prepared = {name: await connection.prepare(sql) for name, (sql, _) in statements("postgresql").items()}
    values = {name: params for name, (_, params) in statements("postgresql").items()}
    tags = await connection.prepare(TAGS["postgresql"])
    bulk = await connection.prepare(
        "insert into bench_note (title, body, views) "
        "select * from unnest($1::text[], $2::text[], $3::bigint[]) returning id"
    )

    def plain(name: str) -> Operation:
        statement, params = prepared[name], values[name]
        return lambda: statement.fetch(*params)

    async def joined() -> object:
        rows = await prepared["joined"].fetch(*values["joined"])
        return await tags.fetch([row[0] for row in rows])

    async def bulk1000() -> object:
        return await bulk.fetch(["t"] * 1000, ["b"] * 1000, list(range(1000)))

    return {name: plain(name) for name in prepared} | {"joined": joined, "bulk1000": bulk1000}


async def operations_of_apsw(file: str) -> dict[str, Operation]:
    """APSW on one connection, in the event loop."""
    import apsw
    import msgspec

    connection = apsw.Connection(file, statementcachesize=512)
    connection.execute("pragma synchronous=normal")
    connection.set_busy_timeout(5_000)
    execute = connection.execute
    sql = {name: (text.replace("$1", "?").replace("$2", "?").replace("$3", "?"), params)
           for name, (text, params) in statements("sqlite").items()}  # fmt: skip

    def plain(name: str) -> Operation:
        text, params = sql[name]

        async def run() -> object:
            return execute(text, params).fetchall()

        return run

    async def joined() -> object:
        rows = execute(*sql["joined"]).fetchall()
        return execute(TAGS["sqlite"], (msgspec.json.encode([row[0] for row in rows]).decode(),)).fetchall()

    async def bulk1000() -> object:
        with connection:
            text = "insert into bench_note (title, body, views) values (?, ?, ?)"
            return connection.executemany(text, [("t", "b", each) for each in range(1000)])

    return {name: plain(name) for name in sql} | {"joined": joined, "bulk1000": bulk1000}


async def measure(libraries: dict[str, dict[str, Operation]]) -> dict[str, dict[str, list[float]]]:
    """The microseconds of processor time of each library's operations, in each round."""
    spent: dict[str, dict[str, list[float]]] = {library: {} for library in libraries}
    for number in range(ROUNDS):
        for name, times in TIMES.items():
            for library, operations in libraries.items():
                if name not in operations:
                    continue
                operation = operations[name]
                began = time.process_time()
                count = max(1, times // 3)
                for _ in range(count):
                    await operation()
                if number:  # the first round warms up
                    spent[library].setdefault(name, []).append((time.process_time() - began) / count * 1e6)
    return spent


def ratio(spent: list[float], base: list[float]) -> float:
    """How many times `base` it is, as the median of the rounds."""
    return statistics.median(each / other for each, other in zip(spent, base, strict=True))


def show(kind: str, raw: str, spent: dict[str, dict[str, list[float]]]) -> None:
    print(f"\n{kind}: microseconds of processor time; in brackets, times the driver alone\n")
    print(f"{'':12}" + "".join(f"{library:>20}" for library in spent) + f"{'wanted':>10}")
    for name in TIMES:
        line = f"{name:12}"
        for library in spent:
            rounds = spent[library].get(name)
            if rounds is None:
                line += f"{'-':>20}"
            else:
                line += f"{statistics.median(rounds):12.1f} {f'({ratio(rounds, spent[raw][name]):.2f})':>7}"
        wanted = WANTED[kind].get(name)
        print(line + (f"{wanted:10.2f}" if wanted else ""))
    if "django" in spent:
        bistro, django = spent["bistro"], spent["django"]
        ratios = (
            f"{name} {ratio(django[name], bistro[name]):.1f} (wanted {goal})"
            for name, goal in WANTED_TO_DJANGO.items()
        )
        print("\ntimes cheaper than Django: " + ", ".join(ratios))


async def compare(kind: str, url: str, others: list[Others]) -> None:
    async with Database(url) as database:
        await fill()
        raw = "apsw" if kind == "sqlite" else "asyncpg"
        target = url.removeprefix("sqlite:///") if kind == "sqlite" else url
        driver = await (operations_of_apsw(target) if kind == "sqlite" else operations_of_asyncpg(database))
        libraries = {raw: driver, "bistro": operations_of_bistro()}
        for other in others:
            if operations := await other.operations(kind, target):
                libraries[other.name] = operations
        show(database.dialect, raw, await measure(libraries))


async def command(sql: str) -> None:
    import asyncpg

    connection = await asyncpg.connect(f"{SERVER}/postgres")
    await connection.execute(sql)
    await connection.close()


def main(kind: str) -> None:
    """Compare on one kind of database; others keep what they learned of the first one of a process."""
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "1"  # its synchronous API is its cheapest
    others: list[Others] = [Django(), SqlAlchemy()]
    if prepare():
        others += [Tortoise(), Piccolo(), Peewee()]
    if kind == "sqlite":
        with tempfile.TemporaryDirectory() as folder:
            asyncio.run(compare(kind, f"sqlite:///{Path(folder) / 'bench.db'}", others))
        return
    name = f"bistro_bench_{secrets.token_hex(4)}"
    asyncio.run(command(f"create database {name}"))
    try:
        asyncio.run(compare(kind, f"{SERVER}/{name}", others))
    finally:
        asyncio.run(command(f"drop database {name} with (force)"))


if __name__ == "__main__":
    if len(sys.argv) == 1:
        print(f"{datetime.now(UTC):%Y-%m-%d}, Python {sys.version.split()[0]}", flush=True)
        for each in ("sqlite", "postgresql"):
            subprocess.run([sys.executable, "-m", "benchmarks.orm", each], check=True)
    else:
        main(sys.argv[1])
