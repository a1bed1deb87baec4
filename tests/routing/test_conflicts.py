from __future__ import annotations

import itertools
from typing import Any

import pytest

from bistro.ground.registry import Origin
from bistro.ground.types import Exchange
from bistro.routing import Route, RouteConflict, header, query
from tests.routing.support import found_name, make_route, make_table

SHOP = Origin("shop/items.py", 14, "show_item", "Shop")
ADMIN = Origin("admin/items.py", 30, "edit_item", "Admin")


def conflict(*routes: str | Route, slash: Any = "strict") -> RouteConflict:
    with pytest.raises(RouteConflict) as caught:
        make_table(*routes, slash=slash)
    return caught.value


def test_a_conflict_names_both_places_and_the_remedy() -> None:
    error = conflict(make_route("/items/{id}", origin=SHOP), make_route("/items/{id}", origin=ADMIN))
    assert str(error) == (
        "RouteConflict (B204): two handlers for GET /items/{id}\n"
        "  shop/items.py:14   show_item  (Shop)\n"
        "  admin/items.py:30  edit_item  (Admin)\n"
        'Rename one path, or install one of them under another prefix: app.include(routes, at="/admin"); '
        "override=True on one makes it take the place of the other."
    )


def test_all_conflicts_are_told_at_once() -> None:
    error = conflict("/a", "/a", "/b/{x}", "/b/{y}", "/c")
    assert [each.what for each in error.conflicts] == [
        "two handlers for GET /a",
        "two handlers for GET /b/{x}, also written /b/{y}",
    ]


def test_routes_that_clash_for_several_methods_are_told_once() -> None:
    error = conflict(
        make_route("/a", methods=["GET", "POST"]), make_route("/a", methods=["POST", "GET", "PUT"])
    )
    assert [each.what for each in error.conflicts] == ["two handlers for GET, POST /a"]


def test_three_handlers_for_one_path_are_one_conflict() -> None:
    error = conflict("/a", "/a", "/a")
    assert [each.what for each in error.conflicts] == ["three handlers for GET /a"]
    assert len(error.where) == 3


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("/{a}", "/{b}"),
        ("/{a:int}", "/{b:int}"),
        ("/x/{a}/y/{b:slug}", "/x/{c}/y/{d:slug}"),
        ("/v{a:int}", "/v{b:int}"),
        ("/{a:regex([0-9]{4})}", "/{b:regex([a-z]+)}"),
        ("/f/{a:path}", "/f/{b:path}"),
        ("/café", "/café"),
    ],
)
def test_routes_that_nothing_tells_apart_are_refused(first: str, second: str) -> None:
    conflict(first, second)
    conflict(second, first)


@pytest.mark.parametrize(
    "texts",
    [
        ("/a", "POST /a", "HEAD /a"),
        ("/{a}", "/{b:int}", "/{c:slug}", "/{d:date}", "/{e:uuid}", "/{f:path}", "/{g:regex(x+)}", "/h"),
        ("/v{a:int}", "/w{a:int}", "/{a:int}", "/{a:int}.json", "/v{a:int}.json"),
        ("/{a}/b", "/a/{b}", "/{a}/{b}", "/a/b"),
        ("/a", "/a/"),
        ("/{a}", "/{a}/"),
    ],
)
def test_routes_that_something_tells_apart_are_taken(texts: tuple[str, ...]) -> None:
    make_table(*texts)


def test_slashes_at_the_end_are_no_difference_where_they_are_ignored() -> None:
    assert [each.what for each in conflict("/a", "/a/", slash="ignore").conflicts] == [
        "two handlers for GET /a, also written /a/"
    ]


def test_another_host_is_no_conflict() -> None:
    make_table(make_route("/a", host="a.example"), make_route("/a", host="b.example"), "/a")


@pytest.mark.parametrize(("first", "second"), [("a.example", "A.example"), ("{x}.example", "{y}.example")])
def test_the_same_host_is_a_conflict(first: str, second: str) -> None:
    error = conflict(make_route("/a", host=first), make_route("/a", host=second))
    assert error.conflicts[0].what == f"two handlers for GET {first}/a, also written {second}/a"


def test_other_predicates_are_no_conflict() -> None:
    make_table(
        make_route("/a", predicates=(header("X", "1"),)),
        make_route("/a", predicates=(header("X", "2"),)),
        make_route("/a", predicates=(header("X", "1"), query("y"))),
        "/a",
    )


def test_the_same_predicates_in_another_order_are_a_conflict() -> None:
    one, two = header("X"), query("y")
    conflict(make_route("/a", predicates=(one, two)), make_route("/a", predicates=(two, one)))


def test_predicates_that_can_not_be_hashed_are_told_apart() -> None:
    class Unhashable:
        __hash__ = None  # type: ignore[assignment]

        def __call__(self, exchange: Exchange) -> bool:
            return True

    shared = Unhashable()
    make_table(make_route("/a", predicates=(Unhashable(),)), make_route("/a", predicates=(Unhashable(),)))
    conflict(make_route("/a", predicates=(shared,)), make_route("/a", predicates=(shared,)))


def test_override_takes_the_place_of_the_other_route() -> None:
    for order in itertools.permutations(
        [make_route("/a", name="old"), make_route("/a", name="new", options={"override": True})]
    ):
        assert found_name(make_table(*order), "/a") == "new"


def test_override_takes_the_place_only_for_its_own_methods() -> None:
    table = make_table(
        make_route("/a", name="old", methods=["GET", "POST"]),
        make_route("/a", name="new", methods=["GET"], options={"override": True}),
    )
    assert (found_name(table, "/a"), found_name(table, "/a", "POST")) == ("new", "old")


def test_two_overrides_of_one_path_are_a_conflict() -> None:
    override = {"override": True}
    conflict(make_route("/a", options=override), make_route("/a", options=override), "/a")
