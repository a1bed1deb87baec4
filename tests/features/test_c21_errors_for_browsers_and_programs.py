"""C21: 404/405/413/415/422/429/500 as HTML for browsers, `application/problem+json` for others."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from bistro import App
from bistro.http import TooManyRequests
from bistro.testing import Client

TABLE = [
    (404, "GET", "/nowhere", {}),
    (405, "GET", "/orders", {}),
    (413, "POST", "/orders", {"content": b"[" + b"1," * 2_000_000 + b"1]"}),
    (415, "POST", "/orders", {"content": b"a=b"}),
    (422, "POST", "/orders", {"json": {"count": "many"}}),
    (429, "GET", "/often", {}),
    (500, "GET", "/broken", {}),
]


@dataclass
class Order:
    count: int


def make_client() -> Client:
    app = App()

    @app.post("/orders")
    async def order(order: Order) -> Order:
        return order

    @app.get("/often")
    async def often() -> str:
        raise TooManyRequests(headers={"retry-after": "5"})

    @app.get("/broken")
    async def broken() -> str:
        raise RuntimeError

    return Client(app, raise_server_errors=False)


@pytest.mark.parametrize(("status", "method", "path", "options"), TABLE, ids=[str(row[0]) for row in TABLE])
def test_c21_error_comes_in_the_form_that_the_client_reads(
    status: int, method: str, path: str, options: dict[str, object]
) -> None:
    client = make_client()
    kind = (
        {} if "json" in options else {"content-type": "application/json" if status == 413 else "text/plain"}
    )
    page = client.request(method, path, headers={"accept": "text/html", **kind}, **options)  # type: ignore[arg-type]
    assert (page.status, page.content_type) == (status, "text/html")
    document = client.request(method, path, headers=kind, **options)  # type: ignore[arg-type]
    assert (document.status, document.content_type) == (status, "application/problem+json")
    assert document.json()["status"] == status
