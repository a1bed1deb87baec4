"""F127: vector columns and similarity search."""

from __future__ import annotations

import pytest

from bistro import App
from bistro.db import Field, Index, Model, Vector, auto, cosine_distance, create_tables, field
from bistro.plugins import Database
from bistro.testing import Client
from tests.db.conftest import sqlite_url  # noqa: F401 - a fixture
from tests.db.vector_server import vector_server, vector_url  # noqa: F401 - fixtures


class Animal(Model, indexes=(Index(("embedding",), using="hnsw", operator_class="vector_cosine_ops"),)):
    id: Field[int] = auto()
    name: Field[str]
    embedding: Field[Vector] = field(dimensions=3)


@pytest.mark.parametrize("kind", ["sqlite_url", pytest.param("vector_url", marks=pytest.mark.service)])
def test_f127_a_site_finds_what_is_alike(kind: str, request: pytest.FixtureRequest) -> None:
    app = App(Database(test_url=request.getfixturevalue(kind)), defaults=False)

    @app.on_start
    async def prepare() -> None:
        await create_tables(Animal)

    @app.post("/animals")
    async def add(new: Animal.Create) -> Animal:  # type: ignore[name-defined]  # made by the model
        return await Animal.objects.create(name=new.name, embedding=new.embedding)

    @app.get("/like/{id}")
    async def like(id: int) -> list[str]:
        animal = await Animal.objects.get(id=id)
        near = Animal.objects.filter(Animal.id != id).order_by(
            cosine_distance(Animal.embedding, animal.embedding)
        )
        return await near.limit(1).select(Animal.name)

    with Client(app) as client:
        for name, numbers in {
            "cat": [0.9, 0.1, 0.0],
            "whale": [0.0, 0.2, 0.9],
            "lion": [0.8, 0.3, 0.0],
        }.items():
            assert client.post("/animals", json={"name": name, "embedding": numbers}).status == 200
        assert client.post("/animals", json={"name": "x", "embedding": [1.0]}).status == 422
        assert client.get("/like/1").json() == ["lion"]
