from __future__ import annotations

import itertools
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bistro.http.errors import BadRequest
from bistro.routing import Miss, RouteTable
from tests.routing.support import ask, find, found_name, make_route, make_table

ITEMS = make_table(
    "/", "/items", "/items/{id:int}", "POST /items", "DELETE /items/{id:int}", "/files/{rest:path}"
)


def miss(table: Any, path: str, method: str = "GET") -> Miss:
    missed = table.explain_miss(method, path, ask(method, path))
    assert isinstance(missed, Miss)
    return missed


# -- what is found


@pytest.mark.parametrize(
    ("path", "name", "values"),
    [
        ("/", "/", ()),
        ("/items", "/items", ()),
        ("/items/5", "/items/{id:int}", (5,)),
        ("/items/-5", "/items/{id:int}", (-5,)),
        ("/files/a/b.css", "/files/{rest:path}", ("a/b.css",)),
        ("/files/a/", "/files/{rest:path}", ("a/",)),
    ],
)
def test_a_path_leads_to_its_route_and_values(path: str, name: str, values: tuple[object, ...]) -> None:
    assert find(ITEMS, path) == (name, values)


@pytest.mark.parametrize(
    "path",
    [
        "",
        "//",
        "/item",
        "/items/",
        "/items/x",
        "/items/5/",
        "/items//5",
        "/files",
        "/files/",
        "/Items",
        "*",
        "/items/5?x=1",
    ],
)
def test_other_paths_lead_nowhere(path: str) -> None:
    assert find(ITEMS, path) is None


def test_get_and_post_of_one_path_lead_to_different_routes() -> None:
    assert (found_name(ITEMS, "/items"), found_name(ITEMS, "/items", "POST")) == ("/items", "POST /items")


def test_head_is_answered_by_get() -> None:
    assert find(ITEMS, "/items/5", "HEAD") == ("/items/{id:int}", (5,))
    assert find(ITEMS, "/items", "HEAD") == ("/items", ())


def test_head_is_answered_by_its_own_route_where_there_is_one() -> None:
    table = make_table("/items/{id:int}", "HEAD /items/{other:int}", "/x")
    assert found_name(table, "/items/5", "HEAD") == "HEAD /items/{other:int}"
    assert found_name(table, "/items/5", "GET") == "/items/{id:int}"
    assert found_name(table, "/x", "HEAD") == "/x"


def test_an_unknown_method_leads_nowhere_and_leaves_no_trace() -> None:
    for number in range(1000):
        assert find(ITEMS, "/items", f"X{number}") is None
    assert set(ITEMS.static) == {"GET", "HEAD", "POST", "DELETE"}


def test_static_paths_can_be_looked_up_without_asking_whether_the_method_is_known() -> None:
    assert ITEMS.static["GET"].get("/items") == "/items"
    assert ITEMS.static["BREW"].get("/items") is None


def test_what_is_not_static_is_found_without_looking_there_again() -> None:
    assert ITEMS.find_dynamic("GET", "/items/5", ask()) == ("/items/{id:int}", (5,))


def test_a_false_endpoint_is_an_endpoint() -> None:
    table = RouteTable([(make_route("/a"), 0), (make_route("/b/{x}"), "")])
    assert table.find("GET", "/a", ask()) == (0, ())
    assert table.find("GET", "/b/c", ask()) == ("", ("c",))


def test_an_empty_table_finds_nothing() -> None:
    assert find(make_table(), "/") is None
    assert miss(make_table(), "/") == Miss()


# -- precedence


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("/h", "/h"),
        ("/xxx", "/{a:regex(x+)}"),
        ("/12345678-1234-5678-1234-567812345678", "/{a:uuid}"),
        ("/2024-02-29", "/{a:date}"),
        ("/5", "/{a:int}"),
        ("/some-slug", "/{a:slug}"),
        ("/some text.txt", "/{a}"),
        ("/v5", "/v{a:int}"),
        ("/5.json", "/{a:int}.json"),
        ("/a/b", "/{a:path}"),
        ("/99999999999999999999", "/{a:slug}"),
    ],
)
def test_the_most_specific_converter_wins_in_any_order_of_registration(path: str, name: str) -> None:
    texts = [
        "/{a}",
        "/{a:int}",
        "/{a:slug}",
        "/{a:date}",
        "/{a:uuid}",
        "/{a:path}",
        "/{a:regex(x+)}",
        "/h",
        "/v{a:int}",
        "/{a:int}.json",
    ]
    for texts_in_order in (texts, texts[::-1], texts[5:] + texts[:5]):
        assert found_name(make_table(*texts_in_order), path) == name


@pytest.mark.parametrize(
    "order", list(itertools.permutations(["/a/{x}/c", "/a/b/d", "/{x}/b/c", "/{x:path}"]))
)
def test_a_literal_that_leads_nowhere_is_left_again(order: tuple[str, ...]) -> None:
    table = make_table(*order)
    assert found_name(table, "/a/b/d") == "/a/b/d"
    assert found_name(table, "/a/b/c") == "/a/{x}/c"
    assert found_name(table, "/z/b/c") == "/{x}/b/c"
    assert found_name(table, "/a/b/e") == "/{x:path}"


def test_literal_segments_decide_before_converters() -> None:
    assert found_name(make_table("/{a}/x", "/{b:int}/{c}"), "/1/x") == "/{a}/x"


def test_the_longer_edge_is_the_more_specific() -> None:
    table = make_table("/v{a}", "/vv{a}", "/{a}.json", "/v{a}.json")
    assert found_name(table, "/vv1") == "/vv{a}"
    assert found_name(table, "/v1.json") == "/v{a}.json"
    assert found_name(table, "/1.json") == "/{a}.json"


def test_a_fixed_path_of_another_method_does_not_hide_a_parameter() -> None:
    assert (
        found_name(make_table("/users/me", "POST /users/{name}"), "/users/me", "POST") == "POST /users/{name}"
    )


# -- what to answer to a miss


def test_another_method_is_told_what_is_allowed() -> None:
    assert miss(ITEMS, "/items/5", "PUT") == Miss(frozenset({"GET", "HEAD", "DELETE", "OPTIONS"}))


def test_options_is_told_what_is_allowed() -> None:
    assert miss(ITEMS, "/items", "OPTIONS").allow == {"GET", "HEAD", "POST", "OPTIONS"}


def test_an_unknown_path_allows_nothing() -> None:
    assert miss(ITEMS, "/nothing", "POST") == Miss()


def test_head_is_allowed_only_with_get() -> None:
    assert miss(make_table("POST /a"), "/a").allow == {"POST", "OPTIONS"}


REDIRECTING = make_table("/", "/a", "/b/", "/c/{x}", "/d/{x}/", "/f/{rest:path}", "/{y}", slash="redirect")


@pytest.mark.parametrize(
    ("path", "target"),
    [
        ("/a/", "/a"),
        ("/b", "/b/"),
        ("/c/1/", "/c/1"),
        ("/d/1", "/d/1/"),
        ("/c/caf%c3%a9/", "/c/caf%C3%A9"),
        ("/c/a%2Fb/", "/c/a%2Fb"),
        ("/%61/", "/a"),
        ("/c/a%0d%0aX/", "/c/a%0D%0AX"),
        ("/%5Cevil.example/", "/%5Cevil.example"),
        ("/\\evil.example/", "/%5Cevil.example"),
        ("/%2Fevil.example/", "/%2Fevil.example"),
    ],
)
def test_a_slash_too_many_or_too_few_is_redirected(path: str, target: str) -> None:
    assert find(REDIRECTING, path) is None or path == "/b"
    table = make_table("/a", "/b/", "/c/{x}", "/d/{x}/", slash="redirect") if path == "/b" else REDIRECTING
    assert miss(table, path) == Miss(redirect_path=target)


@pytest.mark.parametrize(
    "path",
    [
        "//evil.example/",
        "//evil.example",
        "///",
        "//",
        "/",
        "/c//",
        "/a//",
        "/nothing/else",
        "/nothing/else/",
    ],
)
def test_other_misses_are_not_redirected(path: str) -> None:
    assert miss(REDIRECTING, path).redirect_path is None


def test_a_method_without_route_is_not_redirected() -> None:
    assert miss(make_table("/a", slash="redirect"), "/a/", "POST") == Miss()


def test_an_answerable_other_method_comes_before_a_redirect() -> None:
    assert miss(make_table("/a/", "POST /a", slash="redirect"), "/a") == Miss(frozenset({"POST", "OPTIONS"}))


@given(st.text(alphabet=st.sampled_from("/\\%2fF5cC.ae:@"), max_size=14))
def test_a_redirect_never_leads_to_another_site(text: str) -> None:
    try:
        target = miss(REDIRECTING, "/" + text).redirect_path
    except BadRequest:
        return
    if target is not None:
        assert target.startswith("/")
        assert not target.startswith(("//", "/\\"))
        assert found_name(REDIRECTING, target) is not None


def test_a_strict_table_does_not_redirect() -> None:
    assert miss(make_table("/a", slash="strict"), "/a/") == Miss()


@pytest.mark.parametrize("path", ["/a", "/a/", "/b", "/b/", "/c/1", "/c/1/", "/", "/f/x", "/f/x/"])
def test_a_table_that_ignores_slashes_finds_both_ways(path: str) -> None:
    table = make_table("/", "/a", "/b/", "/c/{x}", "/f/{rest:path}", slash="ignore")
    assert find(table, path) is not None


def test_ignoring_slashes_does_not_find_two_of_them() -> None:
    assert find(make_table("/a", "/{x}/y", slash="ignore"), "/a//") is None
