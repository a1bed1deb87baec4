"""F109: eager loading of relations."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from bistro.db import Database, Field, ForeignKey, Model, NotLoaded, Related, auto, create_tables, related


class Writer(Model):
    id: Field[int] = auto()
    name: Field[str]
    books: Related[Book] = related()


class Book(Model):
    id: Field[int] = auto()
    title: Field[str]
    writer: ForeignKey[Writer]


def test_relations_come_with_the_query_and_are_never_asked_for_behind_ones_back(tmp_path: Path) -> None:
    async def tell() -> tuple[list[str], list[Writer]]:
        async with Database(f"sqlite:///{tmp_path / 'books.db'}"):
            await create_tables(Writer, Book)
            writers = await Writer.objects.bulk_create([Writer(name=name) for name in ("Ann", "Bob")])
            await Book.objects.bulk_create([Book(title=f"by {each.name}", writer=each) for each in writers])
            books = await Book.objects.load(Book.writer).order_by(Book.id)
            loaded = await Writer.objects.load(Writer.books).order_by(Writer.id)
            assert [[book.title for book in writer.books] for writer in loaded] == [["by Ann"], ["by Bob"]]
            return [book.writer.name for book in books], await Writer.objects.all()

    names, unloaded = asyncio.run(tell())

    assert names == ["Ann", "Bob"]
    with pytest.raises(NotLoaded, match=r"load\(Writer.books\)"):
        _ = unloaded[0].books
