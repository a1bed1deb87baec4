"""F115: parameter-safe raw SQL mapped to models."""

from __future__ import annotations

import asyncio
from pathlib import Path

from bistro.db import Database, Field, Model, auto, create_tables


class Page(Model):
    id: Field[int] = auto()
    title: Field[str]


def test_sql_of_ones_own_gives_instances_and_values_are_never_part_of_it(tmp_path: Path) -> None:
    sql = "SELECT {columns} FROM page WHERE title = {title} ORDER BY length(title)"

    async def tell() -> tuple[list[str], list[str]]:
        async with Database(f"sqlite:///{tmp_path / 'pages.db'}"):
            await create_tables(Page)
            await Page.objects.create(title="Home")
            found = await Page.objects.raw(sql, title="Home")
            attacked = await Page.objects.raw(sql, title="x' OR '1'='1")
            return [page.title for page in found], [page.title for page in attacked]

    assert asyncio.run(tell()) == (["Home"], [])
