from __future__ import annotations

from datetime import date, datetime, time
from decimal import Decimal
from enum import Enum
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bistro.ground.types import UrlBuilder
from bistro.routing import Routes, RouteTable, UnknownRoute, UrlTable, WrongUrlParameter, get, include, post
from tests.routing.support import ask, make_route, make_table


def index() -> None: ...


def show() -> None: ...


def save() -> None: ...


def archive() -> None: ...


SHOP = Routes(
    [get("/", index), get("/items/{id:int}", show), post("/items/{id:int}", save, name="save_item")]
)
SITE = Routes(
    [
        include(SHOP, at="/shop", name="shop"),
        get("/archive/{year:int}", archive),
        get("/archive/{year:int}/{month:int}", archive),
        get("/files/{rest:path}", print, name="file"),
        get("/{name}", print, name="page"),
        get("/o/{id:int}", print, name="order", host="{tenant}.example.com"),
    ]
)
url = UrlTable(SITE.all_routes())


def test_a_url_table_is_a_url_builder() -> None:
    builder: UrlBuilder = url
    assert builder("shop.index") == "/shop/"


def test_a_url_is_made_from_the_handler() -> None:
    assert url(show, id=42) == "/shop/items/42"


def test_a_url_is_made_from_the_name() -> None:
    assert url("shop.save_item", id=42) == "/shop/items/42"


def test_methods_of_one_path_have_one_url() -> None:
    assert url(show, id=1) == url(save, id=1)


def test_a_bound_method_is_a_handler_like_any_other() -> None:
    class Pages:
        def show(self) -> None: ...

    pages = Pages()
    assert UrlTable(Routes([get("/p", pages.show)]).all_routes())(pages.show) == "/p"


def test_a_handler_that_can_not_be_hashed_is_found() -> None:
    class Page:
        __hash__ = None  # type: ignore[assignment]

        def __call__(self) -> None: ...

    page = Page()
    assert UrlTable(Routes([get("/p", page)]).all_routes())(page) == "/p"


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({"page": 2}, "?page=2"),
        ({"q": "a b&c=d/é"}, "?q=a+b%26c%3Dd%2F%C3%A9"),
        ({"tag": ["a", "b"]}, "?tag=a&tag=b"),
        ({"none": None, "some": 1}, "?some=1"),
        ({"none": None}, ""),
        ({"empty": []}, ""),
        ({"yes": True, "no": False}, "?yes=true&no=false"),
        ({"when": date(2024, 2, 29)}, "?when=2024-02-29"),
        ({"at": datetime(2024, 2, 29, 12, 30)}, "?at=2024-02-29T12%3A30%3A00"),
        ({"at": time(12, 30)}, "?at=12%3A30%3A00"),
        ({"key": UUID(int=5)}, "?key=00000000-0000-0000-0000-000000000005"),
        ({"price": Decimal("1.50")}, "?price=1.50"),
        ({"keys": (UUID(int=0), None)}, "?keys=00000000-0000-0000-0000-000000000000"),
        ({}, ""),
    ],
)
def test_the_query_is_written_by_the_types_of_its_values(query: dict[str, object], expected: str) -> None:
    assert url("shop.index", query=query) == "/shop/" + expected


def test_an_enum_is_written_by_its_value() -> None:
    class Colour(Enum):
        RED = "red"

    assert url("shop.index", query={"colour": Colour.RED}) == "/shop/?colour=red"


@pytest.mark.parametrize("value", [object(), {"a": 1}, b"x", "\ud800", [["\ud800"]]])
def test_a_query_value_without_form_is_refused(value: object) -> None:
    with pytest.raises(WrongUrlParameter, match="can't be written"):
        url("shop.index", query={"q": value})


def test_a_fragment_comes_last_and_is_quoted() -> None:
    assert url("shop.index", query={"a": 1}, fragment='x" y#z') == "/shop/?a=1#x%22%20y%23z"


def test_an_absolute_url_begins_with_the_base() -> None:
    assert url(show, id=1, absolute_base="https://example.com") == "https://example.com/shop/items/1"


def test_a_slash_at_the_end_of_the_base_is_not_doubled() -> None:
    assert url(show, id=1, absolute_base="http://localhost:8000/") == "http://localhost:8000/shop/items/1"


@pytest.mark.parametrize("base", ["example.com", "//example.com", "javascript://x", "https://", "/", ""])
def test_a_base_without_scheme_and_host_is_refused(base: str) -> None:
    with pytest.raises(WrongUrlParameter, match="absolute_base"):
        url("shop.index", absolute_base=base)


def test_a_route_with_a_host_has_that_host_in_its_absolute_url() -> None:
    made = url("order", id=5, tenant="shop", absolute_base="https://www.example.com:8443/app")
    assert made == "https://shop.example.com:8443/app/o/5"


def test_the_label_of_the_host_is_not_needed_for_the_path() -> None:
    assert url("order", id=5) == url("order", id=5, tenant="shop") == "/o/5"


def test_the_label_of_the_host_is_needed_for_the_absolute_url() -> None:
    with pytest.raises(WrongUrlParameter, match="needs a value for 'tenant'"):
        url("order", id=5, absolute_base="https://example.com")


def test_an_unknown_name_comes_with_a_suggestion() -> None:
    with pytest.raises(UnknownRoute) as caught:
        url("shop.shw")
    assert (
        str(caught.value) == "UnknownRoute (B205): no route is called 'shop.shw'\nDid you mean 'shop.show'?"
    )


def test_a_handler_without_route_is_told_by_its_name() -> None:
    with pytest.raises(UnknownRoute, match=r"no route leads to the handler .*make_route"):
        url(make_route)


def test_the_parameters_choose_among_the_routes_of_a_handler() -> None:
    assert url(archive, year=2024) == "/archive/2024"
    assert url(archive, year=2024, month=2) == "/archive/2024/2"


def test_parameters_that_fit_none_of_the_routes_of_a_handler_are_refused_with_all_places() -> None:
    with pytest.raises(WrongUrlParameter) as caught:
        url(archive, day=1)
    assert "/archive/{year:int}, /archive/{year:int}/{month:int}" in str(caught.value)
    assert len(caught.value.where) == 2


def test_a_name_of_several_paths_with_the_same_parameters_is_refused() -> None:
    table = UrlTable(Routes([get("/a", index), get("/b", index)]).all_routes())
    with pytest.raises(UnknownRoute, match="Give each its own name"):
        table(index)


def test_a_wrong_parameter_names_pattern_and_place() -> None:
    with pytest.raises(WrongUrlParameter) as caught:
        url(show, id="5")
    assert "'id' of /shop/items/{id:int} can't be '5'" in str(caught.value)
    assert "test_reverse.py" in str(caught.value)


@pytest.mark.parametrize("name", ["//evil.example", "\\\\evil", "/evil", "..%2f", "https://evil"])
def test_a_url_stays_on_the_site_whatever_the_value(name: str) -> None:
    made = url("page", name=name)
    assert made.startswith("/")
    assert not made.startswith(("//", "/\\"))


VALUES: dict[str, st.SearchStrategy[Any]] = {
    "str": st.text(min_size=1, max_size=10).filter(lambda text: text not in (".", "..") and "\0" not in text),
    "int": st.integers(-(2**63), 2**63 - 1),
    "slug": st.from_regex(r"[A-Za-z0-9_-]{1,9}", fullmatch=True),
    "date": st.dates(),
    "uuid": st.uuids(),
}


@settings(max_examples=300, deadline=None)
@given(st.lists(st.sampled_from(sorted(VALUES)), min_size=1, max_size=4), st.data())
def test_what_is_built_is_found_with_the_same_values(kinds: list[str], data: st.DataObject) -> None:
    text = "".join(f"/x/{{p{number}:{kind}}}" for number, kind in enumerate(kinds))
    route = make_route(text)
    values = {f"p{number}": data.draw(VALUES[kind]) for number, kind in enumerate(kinds)}
    table = RouteTable([(route, "found")], "strict")
    assert table.find("GET", UrlTable([route])(text, **values), ask()) == ("found", tuple(values.values()))


@given(st.text(min_size=1, max_size=20).filter(lambda text: "\0" not in text))
def test_a_path_that_can_be_built_is_found_with_the_same_value(rest: str) -> None:
    try:
        path = url("file", rest=rest)
    except WrongUrlParameter:
        return
    table = make_table("/files/{rest:path}")
    assert table.find("GET", path, ask()) == ("/files/{rest:path}", (rest,))
