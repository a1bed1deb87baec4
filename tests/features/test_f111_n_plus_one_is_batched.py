"""F111: a loop that loads a relation row by row asks the database once, where one has asked for that."""

from __future__ import annotations

import asyncio
from pathlib import Path

from bistro.db import Database, Field, ForeignKey, Model, auto, create_tables, sync, together
from bistro.testing import assert_queries


class Writer(Model):
    id: Field[int] = auto()
    name: Field[str]


class Book(Model):
    id: Field[int] = auto()
    title: Field[str]
    writer: ForeignKey[Writer]


async def fill() -> None:
    await create_tables(Writer, Book)
    writers = await Writer.objects.bulk_create([Writer(name=f"writer {each}") for each in range(5)])
    await Book.objects.bulk_create(
        [Book(title=f"book {each}", writer=writers[each % 5]) for each in range(50)]
    )


def test_f111_a_loop_over_fifty_rows_is_two_queries(tmp_path: Path) -> None:
    async def tell() -> set[str]:
        async with Database(f"sqlite:///{tmp_path / 'books.db'}"):
            await fill()
            names = set()
            with assert_queries(2):
                for book in together(await Book.objects.all()):
                    await book.load(Book.writer)
                    names.add(book.writer.name)
            return names

    assert asyncio.run(tell()) == {f"writer {each}" for each in range(5)}


def test_f111_without_it_each_row_asks_for_itself(tmp_path: Path) -> None:
    with Database(f"sqlite:///{tmp_path / 'books.db'}"):
        sync(fill())
        with assert_queries(51):
            for book in sync(Book.objects.all()):
                sync(book.load(Book.writer))
