"""F43: routes answer one host, or every subdomain with its name as a parameter."""

from __future__ import annotations

import pytest

from bistro import App, Routes
from bistro.plugins import HostCheck
from bistro.testing import LiveServer
from tests.features.support import fetch


def make_app() -> App:
    app, tenants = App(HostCheck([".example.com"])), Routes()

    @app.get("/")
    async def index() -> str:
        return "main site"

    @app.get("/about")
    async def about() -> str:
        return "about us"

    @app.get("/", host="api.example.com")
    async def api_index() -> str:
        return "api"

    @tenants.get("/")
    async def tenant_index(tenant: str) -> str:
        return f"site of {tenant}"

    @tenants.get("/items/{id:int}")
    async def tenant_item(tenant: str, id: int) -> str:
        return f"item {id} of {tenant}"

    app.include(tenants, host="{tenant}.example.com")
    return app


@pytest.mark.parametrize(
    ("host", "target", "text"),
    [
        ("example.com", "/", "main site"),
        ("api.example.com", "/", "api"),
        ("API.Example.COM:8000", "/", "api"),
        ("shop.example.com", "/", "site of shop"),
        ("shop.example.com", "/items/7", "item 7 of shop"),
        ("shop.example.com", "/about", "about us"),
        ("a.b.example.com", "/", "main site"),
    ],
)
def test_the_host_of_a_request_decides_which_route_answers(host: str, target: str, text: str) -> None:
    with LiveServer(make_app()) as server:
        answer = fetch(server, target, headers={"host": host})

    assert (answer.status, answer.text) == (200, text)


def test_route_of_a_host_is_not_there_for_others() -> None:
    with LiveServer(make_app()) as server:
        assert fetch(server, "/items/7", headers={"host": "example.com"}).status == 404
