"""F128: a tenant's or user's scope applies to every query of a request."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from bistro import App, Header
from bistro.db import Database as OpenDatabase
from bistro.db import Field, Model, auto, create_tables, scoped
from bistro.plugins import Database
from bistro.testing import Client, ClientResponse


class Invoice(Model):
    id: Field[int] = auto()
    tenant: Field[str]
    title: Field[str]


def make_app(file: Path) -> App:
    app = App(Database(test_url=f"sqlite:///{file}"), defaults=False)

    async def only_own(tenant: Header[str]) -> None:
        scoped(Invoice.tenant == tenant).enter()

    app.before(only_own)

    @app.get("/invoices")
    async def titles() -> list[str]:
        return await Invoice.objects.order_by(Invoice.id).select(Invoice.title)

    @app.get("/invoices/{number:int}")
    async def one(number: int) -> Invoice:
        return await Invoice.objects.get(Invoice.id == number)

    @app.post("/invoices")
    async def create(title: str) -> Invoice:
        return await Invoice.objects.create(title=title)

    @app.delete("/invoices")
    async def delete() -> int:
        return await Invoice.objects.delete()

    return app


@pytest.fixture
def client(tmp_path: Path) -> Client:
    file = tmp_path / "site.sqlite3"

    async def fill() -> None:
        async with OpenDatabase(f"sqlite:///{file}"):
            await create_tables(Invoice)

    client = Client(make_app(file))
    client.run(fill())
    return client


def ask(
    client: Client, tenant: str, path: str = "/invoices", method: str = "GET", **options: Any
) -> ClientResponse:
    return client.request(method, path, headers={"tenant": tenant}, **options)


def test_f128_each_tenant_sees_and_changes_its_own_rows(client: Client) -> None:
    for tenant in ("red", "blue"):
        for title in ("one", "two"):
            made = ask(client, tenant, method="POST", params={"title": f"{tenant} {title}"})
            assert made.json()["tenant"] == tenant

    assert ask(client, "red").json() == ["red one", "red two"]
    assert ask(client, "red", "/invoices/3").status == 404
    assert ask(client, "blue", "/invoices/3").json()["title"] == "blue one"
    assert ask(client, "red", method="DELETE").json() == 2
    assert ask(client, "blue").json() == ["blue one", "blue two"]
    assert ask(client, "red").json() == []
