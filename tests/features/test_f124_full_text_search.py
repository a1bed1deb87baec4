"""F124: full-text search (in PostgreSQL)."""

from __future__ import annotations

import asyncio

import pytest

from bistro.db import Database, Field, Model, auto, create_tables, matches

URL = "postgresql://postgres@127.0.0.1:5432/postgres"


class Recipe(Model):
    id: Field[int] = auto()
    title: Field[str]
    text: Field[str | None]


@pytest.mark.service
def test_words_are_found_in_any_order_and_form_and_can_be_excluded(services_required: bool) -> None:
    import asyncpg

    async def tell() -> list[list[str]]:
        try:
            connection = await asyncpg.connect(URL)
        except OSError:
            assert not services_required
            pytest.skip("no PostgreSQL")
        await connection.execute("create schema full_text_test")
        try:
            async with Database(f"{URL}?search_path=full_text_test"):
                await create_tables(Recipe)
                await Recipe.objects.bulk_create(
                    [
                        Recipe(title="Baked apples", text="with honey and nuts"),
                        Recipe(title="Apple pie", text="without nuts"),
                        Recipe(title="Honey cake"),
                    ]
                )
                fields = (Recipe.title, Recipe.text)
                return [
                    await Recipe.objects.filter(matches(fields, words, language="english"))
                    .order_by(Recipe.title)
                    .select(Recipe.title)
                    for words in ("nuts apple", "apples -honey", '"honey cake"', "'); drop table recipe; --")
                ]
        finally:
            await connection.execute("drop schema full_text_test cascade")
            await connection.close()

    assert asyncio.run(tell()) == [["Apple pie", "Baked apples"], ["Apple pie"], ["Honey cake"], []]
