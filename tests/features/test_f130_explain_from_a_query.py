"""F130: EXPLAIN from a query object."""

from __future__ import annotations

import asyncio
from pathlib import Path

from bistro.db import Database, Field, Model, auto, create_tables, field


class Thing(Model):
    id: Field[int] = auto()
    size: Field[int] = field(index=True)
    label: Field[str]


def test_query_tells_its_sql_and_whether_an_index_serves_it(tmp_path: Path) -> None:
    async def tell() -> tuple[str, str]:
        async with Database(f"sqlite:///{tmp_path / 'things.db'}"):
            await create_tables(Thing)
            by_size, by_label = (
                Thing.objects.filter(Thing.size == 3),
                Thing.objects.filter(Thing.label == "x"),
            )
            return await by_size.explain(), await by_label.explain()

    by_size, by_label = asyncio.run(tell())

    assert "ix_thing_size" in by_size
    assert "SCAN thing" in by_label
    assert Thing.objects.filter(Thing.size == 3).as_sql("postgresql")[1] == (3,)
