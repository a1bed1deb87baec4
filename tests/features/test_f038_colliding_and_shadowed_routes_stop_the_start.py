"""F38: two routes of which one collides with or hides the other keep the app from starting."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from bistro import App
from bistro.ground import SetupError
from bistro.routing import Predicate, RouteConflict, header, query
from bistro.testing import Client, LiveServer


def first() -> str:
    return "first"


def second() -> str:
    return "second"


PLACES = tuple(f"{__file__}:{function.__code__.co_firstlineno}" for function in (first, second))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("/items", "/items"),
        ("/items/{id:int}", "/items/{number:int}"),
        ("/items/{name}", "/items/{title:str}"),
        ("/files/{rest:path}", "/files/{path:path}"),
    ],
)
def test_start_is_refused_and_tells_both_places(one: str, other: str) -> None:
    app = App()
    app.get(one)(first)
    app.get(other)(second)

    with pytest.raises(RouteConflict) as caught, LiveServer(app):
        pytest.fail("the app started")

    for place in PLACES:
        assert place in str(caught.value)
    assert "override=True" in str(caught.value)


def test_paths_that_differ_by_a_slash_collide_where_slashes_are_ignored() -> None:
    app = App(slash="ignore")
    app.get("/items")(first)
    app.get("/items/")(second)

    with pytest.raises(RouteConflict), Client(app):
        pytest.fail("the app started")


@pytest.mark.parametrize(
    ("general", "special", "headers", "target"),
    [
        ([], [header("x-beta")], {"x-beta": "1"}, "/"),
        ([header("x-beta")], [header("x-beta"), query("page")], {"x-beta": "1"}, "/?page=1"),
        ([header("x-beta")], [header("x-beta", "1")], {"x-beta": "1"}, "/"),
        ([query("page")], [query("page", "1")], {}, "/?page=1"),
    ],
)
def test_route_with_more_conditions_is_reached_or_refused_but_never_hidden(
    general: Sequence[Predicate], special: Sequence[Predicate], headers: dict[str, str], target: str
) -> None:
    app = App()
    app.get("/", when=general)(first)
    app.get("/", when=special)(second)

    try:
        with Client(app) as client:
            text = client.get(target, headers=headers).text
    except SetupError:
        return
    assert text == "second", "the route with more conditions can never be reached"


def test_override_settles_a_collision_on_purpose() -> None:
    app = App()
    app.get("/items")(first)
    app.get("/items", override=True)(second)

    with Client(app) as client:
        assert client.get("/items").text == "second"


def test_paths_that_can_be_told_apart_start() -> None:
    app = App()
    app.get("/items/new")(first)
    app.get("/items/{id:int}")(second)
    app.post("/items/new", name="third")(first)

    with Client(app) as client:
        assert (client.get("/items/new").text, client.get("/items/7").text) == ("first", "second")
