from __future__ import annotations

import json

import pytest

from tests.cli.conftest import Site

SHOP = """
from bistro import App, Routes

routes = Routes(by="Shop")

@routes.get("/{id:int}", name="item")
def show_item(id: int) -> dict[str, int]:
    return {"id": id}

app = App(defaults=False)
app.include(routes, at="/items")

@app.route(["POST", "PUT"], "/items")
def save() -> None: ...
"""

CHAT = """
from bistro import App, WebSocket

app = App(defaults=False)

@app.websocket("/chat/{room}")
async def chat(socket: WebSocket, room: str) -> None: ...
"""


@pytest.fixture
def shop(site: Site) -> Site:
    site.write(SHOP)
    return site


def test_table_tells_methods_path_name_handler_and_place(shop: Site) -> None:
    result = shop.run("routes")
    assert result.code == 0
    row = next(line.split() for line in result.out.splitlines() if "show_item" in line)
    assert row[:5] == ["GET", "/items/{id:int}", "item", "app.show_item", "app.py:6"]


def test_json_tells_the_same_for_machines(shop: Site) -> None:
    routes = json.loads(shop.run("routes", "--json").out)
    saved = next(route for route in routes if route["name"] == "save")
    assert saved == {
        "methods": ["POST", "PUT"],
        "host": None,
        "path": "/items",
        "name": "save",
        "handler": "app.save",
        "file": str(shop.folder / "app.py"),
        "line": 13,
        "by": "app",
    }


def test_method_leaves_out_other_routes(shop: Site) -> None:
    routes = json.loads(shop.run("routes", "--json", "--method", "put").out)
    assert [route["name"] for route in routes] == ["save"]


def test_why_tells_which_route_answers_and_why_not_the_others(shop: Site) -> None:
    result = shop.run("routes", "--why", "/items/42")
    lines = result.out.splitlines()
    assert result.code == 0
    assert lines[0].startswith("answers      GET /items/{id:int}   app.py:6")
    assert lines[1].startswith("doesn't fit  POST|PUT /items")
    assert lines[2].strip()


def test_why_ends_with_1_where_no_route_answers(shop: Site) -> None:
    result = shop.run("routes", "--why", "/items/abc", "--method", "GET", "--json")
    assert result.code == 1
    assert not any(each["chosen"] for each in json.loads(result.out))
    assert "No route answers GET /items/abc." in result.err


def test_sockets_are_listed_and_explained_under_a_name_of_their_own(site: Site) -> None:
    site.write(CHAT)
    table = site.run("routes").out
    row = next(line.split() for line in table.splitlines() if "app.chat" in line)
    assert row[:3] == ["WEBSOCKET", "/chat/{room}", "chat"]
    routes = json.loads(site.run("routes", "--json", "--method", "websocket").out)
    assert [(route["name"], route["methods"]) for route in routes] == [("chat", ["WEBSOCKET"])]
    assert site.run("routes", "--why", "/chat/a", "--method", "websocket").code == 0
    result = site.run("routes", "--why", "/chat/a")
    assert result.code == 1
    assert "the handshake of a WebSocket is false" in result.out


def test_app_without_routes_says_so_and_prints_no_data(site: Site) -> None:
    site.write("from bistro import App\napp = App(defaults=False)\n")
    result = site.run("routes")
    assert (result.code, result.out, result.err) == (0, "", "There are no routes.\n")


def test_app_option_names_another_app(shop: Site) -> None:
    shop.write("from bistro import App\napp = App(defaults=False)\n", "other.py")
    assert shop.run("routes", "--app", "other:app").err == "There are no routes.\n"
