"""F120: large results iterated with a cursor of the server."""

from __future__ import annotations

import asyncio
from pathlib import Path

from bistro.db import Database, Field, Model, auto, create_tables


class Line(Model):
    id: Field[int] = auto()
    text: Field[str]


def test_rows_are_read_in_batches_and_reading_may_stop_early(tmp_path: Path) -> None:
    async def tell() -> tuple[int, list[int]]:
        async with Database(f"sqlite:///{tmp_path / 'lines.db'}"):
            await create_tables(Line)
            await Line.objects.bulk_create([Line(text="x" * 50) for _ in range(5_000)])
            total = 0
            async for _ in Line.objects.order_by(Line.id).iterate(batch_size=100):
                total += 1
            first = []
            async for line in Line.objects.order_by(Line.id):
                first.append(line.id)
                if len(first) == 3:
                    break
            return total, first

    assert asyncio.run(tell()) == (5_000, [1, 2, 3])
