"""Rows for tests."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

import pytest

from bistro.db import Database, Field, ForeignKey, Model, auto, create_tables, field, sync
from bistro.plugins.accounts import User
from bistro.testing import Factory


class Writer(Model):
    id: Field[int] = auto()
    name: Field[str] = field(unique=True, max_length=6)


class Entry(Model):
    id: Field[int] = auto()
    title: Field[str]
    price: Field[Decimal] = field(max_digits=10, decimal_places=2)
    views: Field[int] = field(default=7)
    subtitle: Field[str | None] = field(default=None)
    is_public: Field[bool]
    written_at: Field[datetime]
    writer: ForeignKey[Writer]


writers = Factory(Writer)


def in_database(test: Callable[[], Awaitable[Any]]) -> Any:
    async def run() -> Any:
        async with Database("sqlite://"):
            await create_tables(Writer, Entry)
            return await test()

    return asyncio.run(run())


def test_what_must_have_a_value_gets_one_and_defaults_stay() -> None:
    async def test() -> Entry:
        return await Factory(Entry, writer=writers).create(title="milk")

    entry = in_database(test)
    assert (entry.title, entry.views, entry.subtitle, entry.is_public) == ("milk", 7, None, False)
    assert entry.written_at.tzinfo is not None


def test_made_users_are_found_by_their_address() -> None:
    async def test() -> list[str]:
        users = [await Factory(User).create(), await Factory(User, email="Ann@Example.com").create()]
        return [user.email_key for user in users]

    async def run() -> list[str]:
        async with Database("sqlite://"):
            await create_tables(User)
            return await test()

    assert asyncio.run(run()) == ["user1@example.com", "ann@example.com"]


def test_each_row_differs_and_fits() -> None:
    async def test() -> list[Writer]:
        return await Factory(Writer).create_many(12)

    names = [writer.name for writer in in_database(test)]
    assert len(set(names)) == 12
    assert max(map(len, names)) <= 6


def test_defaults_are_values_functions_or_factories() -> None:
    async def test() -> list[Entry]:
        factory = Factory(Entry, title=lambda number: f"Entry {number}", writer=Factory(Writer), views=1)
        return await factory.create_many(2, views=2)

    entries = in_database(test)
    assert [(entry.title, entry.views) for entry in entries] == [("Entry 1", 2), ("Entry 2", 2)]
    assert entries[0].writer_id != entries[1].writer_id


def test_a_row_that_is_referred_to_may_be_given() -> None:
    async def test() -> tuple[Writer, list[Entry]]:
        ada = await Factory(Writer).create(name="ada")
        return ada, await Factory(Entry).create_many(2, writer=ada)

    ada, entries = in_database(test)
    assert {entry.writer_id for entry in entries} == {ada.id}


def test_what_storing_refuses_is_raised() -> None:
    async def test() -> None:
        await Factory(Writer).create_many(2, name="ada")

    with pytest.raises(Exception, match="UNIQUE"):
        in_database(test)


def test_plain_tests_wait_with_sync() -> None:
    with Database("sqlite://") as database:
        sync(create_tables(Writer))
        assert sync(Factory(Writer).create(using=database)).id == 1


def test_a_row_that_must_refer_to_another_says_how_to_give_it() -> None:
    with pytest.raises(TypeError, match=r"Entry must name a row by 'writer'.*writer=Factory\(…\)"):
        in_database(lambda: Factory(Entry).create())


class Box(Model):
    id: Field[int] = auto()
    width: Field[int]
    area: Field[int]

    @classmethod
    def __make_up__(cls, number: int, given: Mapping[str, Any]) -> dict[str, Any]:
        width = given.get("width", number)
        return {"width": width, "area": width * width}


def test_model_makes_up_itself_what_belongs_together() -> None:
    async def test() -> list[Box]:
        await create_tables(Box)
        boxes = Factory(Box)
        return [await boxes.create(), await boxes.create(width=7), await boxes.create(width=7, area=1)]

    assert [(box.width, box.area) for box in in_database(test)] == [(1, 1), (7, 49), (7, 1)]
