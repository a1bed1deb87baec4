"""F114: JSON, arrays, ranges, generated columns, defaults of the database."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from pathlib import Path

from msgspec import Struct

from bistro.db import Database, Field, Model, Range, auto, create_tables, generated


class Size(Struct):
    width: int
    height: int


class Product(Model):
    id: Field[int] = auto()
    size: Field[Size]
    labels: Field[list[str]]
    weeks: Field[Range[int]]
    price: Field[int]
    amount: Field[int]
    total: Field[int] = generated("price * amount")
    made_at: Field[datetime] = auto()


def test_columns_of_every_kind_give_back_what_was_stored(tmp_path: Path) -> None:
    async def tell() -> tuple[Product, list[int]]:
        async with Database(f"sqlite:///{tmp_path / 'shop.db'}"):
            await create_tables(Product)
            await Product.objects.create(
                size=Size(3, 4), labels=["a", "b"], weeks=Range(1, 5), price=7, amount=6
            )
            wide = Product.objects.filter(Product.size["width"].as_type(int) > 2, Product.labels.has("b"))
            return await wide.get(), await wide.select(Product.total)

    product, totals = asyncio.run(tell())

    assert (product.size, product.labels, product.weeks) == (Size(3, 4), ["a", "b"], Range(1, 5))
    assert (product.total, totals) == (42, [42])
    assert abs((datetime.now(UTC) - product.made_at).total_seconds()) < 60
