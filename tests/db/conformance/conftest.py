"""Every recipe of the suite goes to JSON and back: it must come back as it was."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from bistro.db.plan_codec import decode_recipe, encode_recipe
from bistro.db.plan_keys import KeyWriter
from bistro.db.plan_store import use_store
from bistro.db.recipe import Recipe
from bistro.db.shape import Shape


class CheckedStore:
    """Keeps nothing, but looks whether it could."""

    def find(self, shape: Shape, dialect: str) -> Recipe | None:
        return None

    def keep(self, shape: Shape, dialect: str, recipe: Recipe) -> None:
        writer = KeyWriter()
        assert writer.key(shape, dialect) == KeyWriter().key(shape, dialect)
        line = encode_recipe(recipe, writer.tables)
        again = decode_recipe(line)
        assert again is not None
        assert encode_recipe(again, writer.tables) == line
        assert again.make(dialect).sql == recipe.sql


@pytest.fixture(autouse=True)
def _checked_store() -> Iterator[None]:
    use_store(CheckedStore())  # type: ignore[arg-type]  # a fake
    yield
    use_store(None)
