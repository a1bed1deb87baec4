"""F119: bulk insert, update, upsert with returned rows."""

from __future__ import annotations

import asyncio
from pathlib import Path

from bistro.db import Database, Field, Model, auto, create_tables, field


class Word(Model):
    id: Field[int] = auto()
    text: Field[str] = field(unique=True)
    times: Field[int] = field(default=1)


def test_many_rows_are_stored_changed_and_given_back_at_once(tmp_path: Path) -> None:
    async def tell() -> tuple[list[int], int, list[tuple[str, int]]]:
        async with Database(f"sqlite:///{tmp_path / 'words.db'}"):
            await create_tables(Word)
            made = await Word.objects.bulk_create([Word(text=f"w{each}") for each in range(500)])
            changed = await Word.objects.filter(Word.id <= 100).update(Word.times.set(Word.times + 1))
            rows = await Word.objects.bulk_upsert(
                [Word(text="w0", times=9), Word(text="new", times=1)], on=Word.text, update=Word.times
            )
            return [word.id for word in made], changed, [(word.text, word.times) for word in rows]

    ids, changed, rows = asyncio.run(tell())

    assert ids == list(range(1, 501))
    assert changed == 100
    assert rows == [("w0", 9), ("new", 1)]


def test_many_rows_get_each_their_own_values(tmp_path: Path) -> None:
    async def tell() -> tuple[int, list[int]]:
        async with Database(f"sqlite:///{tmp_path / 'words.db'}"):
            await create_tables(Word)
            words = await Word.objects.bulk_create([Word(text=f"w{each}") for each in range(20)])
            for number, word in enumerate(words):
                word.times = number * number
            changed = await Word.objects.bulk_update(words, Word.times)
            return changed, [word.times for word in await Word.objects.order_by(Word.id)]

    assert asyncio.run(tell()) == (20, [number * number for number in range(20)])
