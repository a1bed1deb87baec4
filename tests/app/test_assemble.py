"""Plugins, clashes, and everything that an app refuses to start with."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import pytest

from bistro import App, Redirect, Request, Response, Routes, Setup, Text
from bistro.app import BaseApp, HookError, InjectionError, PluginError
from bistro.db import Database as OpenDatabase
from bistro.ground.errors import FrozenError
from bistro.routing import RouteConflict
from bistro.testing import Client

installed: list[str] = []


@pytest.fixture(autouse=True)
def empty_list() -> None:
    installed.clear()


@dataclass(frozen=True)
class Base:
    """A plugin that others require."""

    def install(self, setup: Setup) -> None:
        installed.append("Base")
        setup.headers({"x-base": "1"})


@dataclass(frozen=True)
class Extra:
    """A plugin that requires another, and brings routes, hooks, a provider and a command."""

    requires: ClassVar[tuple[type[Any], ...]] = (Base,)
    greeting: str = "hello"

    def install(self, setup: Setup) -> None:
        installed.append("Extra")
        setup.provide(Greeting, lambda: Greeting(self.greeting))
        setup.routes.get("/greeting", blocking=False)(self.greet)
        setup.after(self.sign)
        setup.command("greet", self.greet_in_terminal)

    def greet(self, greeting: Greeting) -> str:
        return greeting.text

    def sign(self, response: Response) -> None:
        response.add_header("x-signed", "Extra")

    def greet_in_terminal(self) -> None:
        """Greet."""


@dataclass(frozen=True)
class Greeting:
    """What `Extra` provides."""

    text: str


def test_a_plugin_stands_behind_those_it_requires_whatever_the_order_given() -> None:
    app = BaseApp(Extra(), Base())
    app.freeze()
    assert installed == ["Base", "Extra"]


def test_what_a_plugin_brings_works() -> None:
    app = BaseApp(Base(), Extra("good day"))
    response = Client(app).get("/greeting")
    assert response.text == "good day"
    assert (response.headers["x-signed"], response.headers["x-base"]) == ("Extra", "1")
    assert [command.name for command in app.freeze().commands] == ["greet"]


@dataclass(frozen=True)
class Census:
    """A plugin that adds its route as a last step."""

    def install(self, setup: Setup) -> None:
        def count() -> None:
            installed.append("counted")
            setup.routes.get("/census")(lambda: "census")

        setup.when_installed(count)
        installed.append("Census")


def test_last_steps_come_behind_all_plugins_and_may_add_routes() -> None:
    client = Client(BaseApp(Census(), Base()))
    assert client.get("/census").text == "census"
    assert installed == ["Census", "Base", "counted"]


def test_a_missing_requirement_is_named() -> None:
    with pytest.raises(PluginError, match="Extra requires Base") as caught:
        BaseApp(Extra()).freeze()
    assert "App(Base(), Extra())" in str(caught.value)


def test_the_same_plugin_twice_is_refused() -> None:
    with pytest.raises(PluginError, match="Base is given twice"):
        BaseApp(Base(), Base()).freeze()


def test_a_class_in_place_of_a_plugin_is_refused_with_what_to_write() -> None:
    with pytest.raises(PluginError, match="Base is a class") as caught:
        BaseApp(Base).freeze()  # type: ignore[arg-type]
    assert "App(Base())" in caught.value.fix


def test_what_has_no_install_is_no_plugin() -> None:
    with pytest.raises(PluginError, match="'shop' is no plugin"):
        BaseApp("shop").freeze()  # type: ignore[arg-type]


@pytest.mark.parametrize("given", [OpenDatabase, OpenDatabase("sqlite://")])
def test_an_open_database_in_place_of_its_plugin_is_refused_with_what_to_write(given: object) -> None:
    with pytest.raises(PluginError) as caught:
        BaseApp(given).freeze()  # type: ignore[arg-type]
    assert "App(Database()), with Database from bistro.plugins." in caught.value.fix


def test_a_single_hook_in_place_of_a_list_is_refused_with_the_place_of_the_route() -> None:
    app = BaseApp()

    def look() -> None: ...

    @app.get("/", before=look)  # type: ignore[arg-type]
    def show() -> None: ...

    with pytest.raises(HookError, match="before= of the route is a single hook") as caught:
        app.freeze()
    assert caught.value.where[0].name.endswith("show")
    assert "before=[hook]" in caught.value.fix


def test_plugins_in_a_circle_are_told() -> None:
    @dataclass(frozen=True)
    class First:
        requires: ClassVar[tuple[type[Any], ...]] = ()

        def install(self, setup: Setup) -> None: ...

    @dataclass(frozen=True)
    class Second:
        requires: ClassVar[tuple[type[Any], ...]] = (First,)

        def install(self, setup: Setup) -> None: ...

    First.requires = (Second,)
    with pytest.raises(PluginError, match="First -> Second -> First"):
        BaseApp(First(), Second()).freeze()


def test_two_routes_that_clash_stop_the_start_with_both_places() -> None:
    app = App(defaults=False)

    @app.get("/items/{id}")
    async def show_item(id: str) -> None: ...

    @app.get("/items/{name}")
    async def edit_item(name: str) -> None: ...

    with pytest.raises(RouteConflict) as caught:
        app.freeze()
    message = str(caught.value)
    assert message.count("test_assemble.py:") == 2
    assert "show_item" in message
    assert "edit_item" in message


def test_a_clash_of_two_plugins_names_both() -> None:
    @dataclass(frozen=True)
    class Other:
        def install(self, setup: Setup) -> None:
            setup.routes.get("/greeting")(self.greet)

        async def greet(self) -> str:
            return "other"

    with pytest.raises(RouteConflict) as caught:
        BaseApp(Base(), Extra(), Other()).freeze()
    assert "(Extra)" in str(caught.value)
    assert "(Other)" in str(caught.value)


def test_override_settles_a_clash_of_routes() -> None:
    app = BaseApp(Base(), Extra())

    @app.get("/greeting", override=True)
    async def own() -> str:
        return "own"

    assert Client(app).get("/greeting").text == "own"


def test_two_providers_of_one_type_need_an_override() -> None:
    app = BaseApp(Base(), Extra())
    app.provide(Greeting, lambda: Greeting("second"))
    with pytest.raises(InjectionError, match="two providers for Greeting") as caught:
        app.freeze()
    assert len(caught.value.where) == 2
    app = BaseApp(Base(), Extra())
    app.provide(Greeting, lambda: Greeting("second"), override=True)
    assert Client(app).get("/greeting").text == "second"


def test_two_values_for_a_header_of_every_answer_need_an_override() -> None:
    @dataclass(frozen=True)
    class Other:
        def install(self, setup: Setup) -> None:
            setup.headers({"X-Base": "2"})

    with pytest.raises(HookError, match="x-base") as caught:
        BaseApp(Base(), Other()).freeze()
    assert len(caught.value.where) == 2


def test_a_default_header_gives_way_to_the_answers_own() -> None:
    app = BaseApp(Base())

    @app.get("/own", blocking=False)
    def own() -> Response:
        return Text("x", headers={"X-Base": "own"})

    @app.get("/added", blocking=False)
    def added() -> Response:
        response = Text("x")
        response.add_header("x-base", "added")
        return response

    client = Client(app)
    assert client.get("/own").headers.get_all("x-base") == ["own"]
    assert client.get("/added").headers.get_all("x-base") == ["added"]


def test_nothing_can_be_added_to_an_app_that_serves() -> None:
    app = App(defaults=False)
    app.freeze()
    for add in (
        lambda: app.provide(Greeting, Greeting),
        lambda: app.on_start(lambda: None),
        lambda: app.get("/late")(lambda: "x"),
        lambda: app.before(lambda: None),
        lambda: app.include(Routes()),
    ):
        with pytest.raises(FrozenError, match="serve") as caught:
            add()
        assert caught.value.where


def test_declared_redirects_answer_with_their_target_and_the_query() -> None:
    app = App(defaults=False)
    app.redirect("/n/{id:int}", "/notes/{id}")
    app.redirect("/old", "https://example.com/new", permanent=False, keep_query=False)

    @app.get("/notes/{id:int}", blocking=False)
    def show(id: int) -> str:
        return str(id)

    client = Client(app)
    moved = client.get("/n/7?a=1")
    assert (moved.status, moved.headers["location"]) == (308, "/notes/7?a=1")
    away = client.get("/old?a=1")
    assert (away.status, away.headers["location"]) == (307, "https://example.com/new")


def test_a_route_with_a_time_limit_is_cut_off_with_504() -> None:
    import asyncio

    app = App(defaults=False)
    cancelled: list[str] = []

    @app.get("/", timeout_seconds=0.01)
    async def forever() -> None:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            cancelled.append("cancelled")
            raise

    @app.get("/own", timeout_seconds=10)
    async def own() -> None:
        raise TimeoutError("of something else")

    client = Client(app, raise_server_errors=False)
    assert client.get("/").status == 504
    assert cancelled == ["cancelled"]
    assert client.get("/own").status == 500


def test_a_body_limit_of_a_route_holds() -> None:
    app = App(defaults=False)

    @app.post("/", body_size_max=10, blocking=False)
    def create(item: dict[str, int]) -> str:
        return "ok"

    @app.post("/read", body_size_max=10)
    async def read(request: Request) -> bytes:
        return await request.body()

    client = Client(app)
    assert client.post("/", json={"a": 1}).status == 200
    assert client.post("/", json={"long name": 1}).status == 413
    assert client.post("/read", content=b"x" * 11).status == 413


def test_urls_are_made_by_handler_and_name() -> None:
    app = App(defaults=False)

    @app.get("/notes/{id:int}", name="note")
    async def show(id: int) -> Redirect:
        return Redirect(app.url(show, id=id + 1, query={"from": id}))

    assert app.url("note", id=3) == "/notes/3"
    assert Client(app).get("/notes/3").headers["location"] == "/notes/4?from=3"


def test_unknown_methods_and_options_are_answered() -> None:
    app = App(defaults=False)

    @app.get("/", blocking=False)
    def show() -> str:
        return "x"

    client = Client(app)
    options = client.options("/")
    assert (options.status, options.headers["allow"]) == (204, "GET, HEAD, OPTIONS")
    refused = client.request("PROPFIND", "/")
    assert (refused.status, refused.headers["allow"]) == (405, "GET, HEAD, OPTIONS")
    head = client.head("/")
    assert (head.status, head.content, head.headers["content-length"]) == (200, b"", "1")


def test_a_slash_too_many_is_redirected_and_keeps_the_query() -> None:
    app = App(defaults=False)

    @app.get("/notes", blocking=False)
    def show() -> str:
        return "x"

    moved = Client(app).get("/notes/?a=1")
    assert (moved.status, moved.headers["location"]) == (308, "/notes?a=1")
    assert Client(App(defaults=False, slash="strict")).get("/notes/").status == 404


def test_a_header_of_every_answer_may_be_made_from_the_request() -> None:
    @dataclass(frozen=True)
    class Numbered:
        def install(self, setup: Setup) -> None:
            setup.headers({"X-Path": lambda request: request.path, "x-fixed": "1"})

    app = BaseApp(Numbered())

    @app.get("/plain", blocking=False)
    def plain() -> str:
        return "x"

    @app.get("/own", blocking=False)
    def own() -> Response:
        return Text("x", headers={"x-path": "own"})

    @app.get("/added", blocking=False)
    def added() -> Response:
        response = Text("x")
        response.add_header("x-path", "added")
        return response

    client = Client(app)
    for path, value in (("/plain", "/plain"), ("/own", "own"), ("/added", "added"), ("/nowhere", "/nowhere")):
        headers = client.get(path).headers
        assert (headers.get_all("x-path"), headers.get_all("x-fixed")) == ([value], ["1"])


@pytest.mark.parametrize("direct", [True, False])
def test_a_header_that_cannot_be_made_is_a_500_and_no_silence(direct: bool) -> None:
    @dataclass(frozen=True)
    class Broken:
        def install(self, setup: Setup) -> None:
            setup.headers({"x-broken": lambda request: "a\r\nb"})

    app = BaseApp(Broken())
    if not direct:
        app.after(lambda: None)

    @app.get("/", blocking=False)
    def plain() -> str:
        return "x"

    assert Client(app, raise_server_errors=False).get("/").status == 500
