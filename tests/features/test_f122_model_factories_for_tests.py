"""F122: factories make rows for tests, of which a test says only what matters to it."""

from __future__ import annotations

from bistro.db import Database, Field, ForeignKey, Model, auto, create_tables, sync
from bistro.testing import Factory


class Cook(Model):
    id: Field[int] = auto()
    name: Field[str]


class Dish(Model):
    id: Field[int] = auto()
    name: Field[str]
    cook: ForeignKey[Cook]


def test_a_factory_makes_the_row_and_what_it_refers_to() -> None:
    dishes = Factory(Dish, cook=Factory(Cook))
    with Database("sqlite://"):
        sync(create_tables(Cook, Dish))
        soup = sync(dishes.create(name="soup"))
        sync(dishes.create_many(2))
        assert soup.name == "soup"
        assert sync(Cook.objects.count()) == sync(Dish.objects.count()) == 3
