"""Which values SQLite's planner sees: none that would only make it plan again, all that choose an index."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any  # Any: queries of several models

import apsw
import pytest

from bistro.db import Database, Field, ForeignKey, Index, Model, Query, Unique, auto, create_tables, field


class Owner(Model, table="hidden_owner"):
    id: Field[int] = auto()
    name: Field[str] = field(unique=True)


class Task(
    Model,
    table="hidden_task",
    indexes=(Index(("due",), where="state = 'open'"),),
    constraints=(Unique(("place",), where="room = 7"),),
):
    id: Field[int] = auto()
    owner: ForeignKey[Owner]
    title: Field[str] = field(index=True)
    state: Field[str]
    room: Field[int]
    place: Field[int]
    views: Field[int] = field(default=0, index=True)
    price: Field[Decimal] = field(max_digits=8, decimal_places=2, index=True)
    weight: Field[float] = field(index=True)
    secret: Field[bytes] = field(index=True)
    due: Field[datetime]


DUE = datetime(2026, 1, 2, tzinfo=UTC)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "tasks.sqlite3"


@pytest.fixture
def database(file: Path) -> Database:
    """A database with thirty tasks, open while an async test runs."""
    asyncio.run(fill(file))
    return Database(f"sqlite:///{file}")


async def fill(file: Path) -> None:
    async with Database(f"sqlite:///{file}"):
        await create_tables(Owner, Task)
        owners = await Owner.objects.bulk_create([Owner(name=f"n{number}") for number in range(3)])
        await Task.objects.bulk_create([make_task(number, owners[number % 3]) for number in range(30)])


def make_task(number: int, owner: Owner) -> Task:
    return Task(
        owner=owner,
        title=f"t{number}",
        state="open" if number % 2 else "done",
        room=number % 5,
        place=number,
        views=number,
        price=Decimal(number) / 4,
        weight=number / 4,
        secret=bytes([number]),
        due=DUE,
    )


def count_plans(file: Path, query: Query[Any]) -> int:
    """How often SQLite plans the statement of a query that is run three times."""
    connection = apsw.Connection(str(file))
    read: list[object] = []

    def allow(action: int, *names: str | None) -> int:
        if action == apsw.SQLITE_READ and names[:2] == ("hidden_task", "id"):
            read.append(names)
        return apsw.SQLITE_OK

    sql, values = query.as_sql("sqlite")
    connection.authorizer = allow
    seen = []
    for _ in range(3):
        connection.execute(sql, values).fetchall()
        seen.append(len(read))
    connection.close()
    assert seen[0]
    return 1 + (seen[1] > seen[0]) + (seen[2] > seen[1])


@pytest.mark.parametrize(
    "query",
    [
        Task.objects.filter(Task.id == 5),
        Task.objects.filter(Task.id == 5).load(Task.owner),
        Task.objects.filter(Task.owner.name == "n1"),
        Task.objects.filter(Task.owner.name == "n1", Task.views >= 3).order_by(Task.views),
        Task.objects.filter(Task.views == 3, Task.title == "t3", Task.weight == 0.75),
        Task.objects.filter(Task.title.contains("1")).load(Task.owner),
        Task.objects.filter(Task.title.icontains("1")),
        Task.objects.filter(Task.views == 3).limit(10),
        Task.objects.order_by(Task.id).limit(20).load(Task.owner),
    ],
    ids=lambda query: query.as_sql("sqlite")[0].partition("WHERE ")[2],
)
async def test_a_statement_is_planned_once_for_all_values(
    database: Database, file: Path, query: Query[Any]
) -> None:
    assert count_plans(file, query) == 1


async def test_planning_again_is_noticed_here(database: Database, file: Path) -> None:
    assert count_plans(file, Task.objects.filter(Task.title.startswith("t1"))) == 3


@pytest.mark.parametrize(
    ("query", "index"),
    [
        (Task.objects.filter(Task.state == "open", Task.due > DUE), "ix_hidden_task_due"),
        (Task.objects.filter(Task.room == 7, Task.place == 3), "uq_hidden_task_place"),
        (Task.objects.filter(Task.title.startswith("t1")), "title>? AND title<?"),
        (Task.objects.filter(Task.title == "t1"), "title=?"),
        (Task.objects.filter(Task.views == 1), "views=?"),
        (Task.objects.filter(Task.price == Decimal("1.25")), "price=?"),
        (Task.objects.filter(Task.weight == 1.25), "weight=?"),
        (Task.objects.filter(Task.secret == b"\1"), "secret=?"),
        (Task.objects.filter(Task.id == 1), "PRIMARY KEY (rowid=?)"),
        (Task.objects.filter(Task.owner.name == "n1"), "owner_id=?"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
async def test_values_that_choose_an_index_do(database: Database, query: Query[Any], index: str) -> None:
    assert index in await query.explain()


@pytest.mark.parametrize(
    ("condition", "ids"),
    [
        (Task.title == "t4", [5]),
        (Task.title == "4", []),
        (Task.views == 4, [5]),
        (Task.price == Decimal("1.25"), [6]),
        (Task.weight == 1.25, [6]),
        (Task.weight == 1, [5]),
        (Task.secret == b"\4", [5]),
        ((Task.due == DUE) & (Task.id == 9), [9]),
        (Task.title.contains("29"), [30]),
        (Task.title.iendswith("T28"), [29]),
    ],
)
async def test_hidden_values_compare_like_others(database: Database, condition: Any, ids: list[int]) -> None:
    assert [task.id for task in await Task.objects.filter(condition)] == ids


async def test_a_limit_is_seen_where_it_decides_how_to_sort(database: Database) -> None:
    query = Task.objects.filter(Task.weight > 1).order_by(Task.views)

    assert "LIMIT ?" in query.limit(3).as_sql("sqlite")[0]


async def test_postgresql_is_asked_without_a_plus(database: Database) -> None:
    query = Task.objects.filter(Task.views == 3, Task.title.contains("x")).limit(3)

    assert "+?" in query.as_sql("sqlite")[0]
    assert "+" not in query.as_sql("postgresql")[0]
