from __future__ import annotations

import json

import pytest

from bistro.cli.inspect import KINDS
from tests.cli.conftest import Site

SHOP = """
from bistro import App, Routes, Setup
from bistro.http import Response

class Store: ...

class Shop:
    def install(self, setup: Setup) -> None:
        setup.before(self.look)
        setup.provide(Store, Store)
        setup.headers({"X-Shop": "open"})
        setup.on_start(self.open)
        setup.observe(self.note)
        setup.observe_refusal(self.refuse)
        setup.command("count", self.count, help="Count.")
        setup.check(self.check)
        setup.answer(Store, self.serve)
        setup.templates("pages")
        setup.static("assets", "shop")
        setup.models(Store, package="shop", migrations="migrations")
        setup.template_filter("money", self.money)
        setup.routes.get("/shop")(self.show)

    def look(self) -> None: ...
    def open(self) -> None: ...
    def note(self, request, status, seconds) -> None: ...
    def refuse(self, status, detail, client) -> None: ...
    def count(self) -> None: ...
    def check(self, app) -> list: return []
    def serve(self, store, request) -> Response: ...
    def money(self, cents) -> str: ...
    def show(self) -> None: ...

routes = Routes()
routes.before(lambda: None)

@routes.get("/a")
def a() -> None: ...

@routes.get("/b")
def b() -> None: ...

app = App(Shop(), defaults=False)
app.include(routes, at="/in")
"""


@pytest.fixture
def shop(site: Site) -> Site:
    site.write(SHOP)
    return site


def entries(site: Site, *arguments: str) -> list[dict[str, object]]:
    found = json.loads(site.run("inspect", "--json", *arguments).out)
    assert isinstance(found, list)
    return found


def test_everything_registered_is_listed_with_who_added_it_and_where(shop: Site) -> None:
    found = {(each["kind"], each["name"]): each for each in entries(shop)}
    wanted = [
        ("plugin", "Shop"), ("route", "GET /shop"), ("hook", "before Shop.look"), ("provider", "Store"),
        ("lifespan", "start Shop.open"), ("observer", "Shop.note"), ("observer", "Shop.refuse"),
        ("header", "x-shop"), ("command", "count"), ("check", "Shop.check"),
        ("answer", "Store"), ("template", "filter money"),
    ]  # fmt: skip
    assert [key for key in wanted if key not in found] == []
    assert found["header", "x-shop"]["line"] == 11
    assert {found[key]["by"] for key in wanted[1:]} == {"Shop"}


@pytest.mark.parametrize("kind", KINDS)
def test_one_kind_may_be_asked_for(shop: Site, kind: str) -> None:
    kinds = {each["kind"] for each in entries(shop, kind)}
    assert kinds == {kind if kind == "lifespan" else kind.removesuffix("s")}


def test_hook_of_a_group_is_listed_once(shop: Site) -> None:
    assert sum("lambda" in str(each["name"]) for each in entries(shop, "hooks")) == 1


def test_what_the_site_added_may_be_asked_for(shop: Site) -> None:
    assert {each["name"] for each in entries(shop, "routes", "--by", "app")} == {"GET /in/a", "GET /in/b"}


def test_table_is_for_people(shop: Site) -> None:
    lines = shop.run("inspect", "commands").out.splitlines()
    assert lines[0].split() == ["kind", "name", "detail", "where", "by"]
    assert lines[1].split() == ["command", "count", "Count.", "app.py:28", "Shop"]


def test_nothing_of_a_kind_is_said_on_standard_error(hello: Site) -> None:
    result = hello.run("inspect", "commands")
    assert (result.code, result.out) == (0, "")
    assert "Nothing" in result.err


def test_unknown_kind_is_wrong_usage(hello: Site) -> None:
    assert hello.run("inspect", "hoks").code == 2
