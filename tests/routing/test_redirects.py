from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bistro.routing import DeclaredRedirect, PatternError, Routes, include, redirect
from bistro.routing.converters import NO_MATCH, PathConverter


def declared(path: str, target: str, **options: Any) -> DeclaredRedirect:
    handler = Routes([redirect(path, target, **options)]).all_routes()[0].handler
    assert isinstance(handler, DeclaredRedirect)
    return handler


def test_a_redirect_is_permanent_and_keeps_the_method() -> None:
    assert declared("/old", "/new").status == 308


def test_a_redirect_may_be_temporary() -> None:
    assert declared("/old", "/new", permanent=False).status == 307


def test_values_of_the_old_path_are_written_into_the_new() -> None:
    assert declared("/n/{id:int}", "/notes/{id}").location({"id": 5}) == "/notes/5"


def test_a_redirect_is_called_with_its_values_like_a_handler() -> None:
    assert declared("/n/{id:int}", "/notes/{id}")(id=5) == "/notes/5"


def test_values_of_the_old_path_may_be_left_out() -> None:
    assert declared("/{year:int}/{slug}", "/{slug}").location({"year": 2024, "slug": "a b"}) == "/a%20b"


def test_the_query_is_kept() -> None:
    assert declared("/old", "/new").location({}, "a=1&b=2") == "/new?a=1&b=2"


def test_the_query_may_be_dropped() -> None:
    assert declared("/old", "/new", keep_query=False).location({}, "a=1") == "/new"


def test_the_query_is_added_to_one_of_the_target() -> None:
    assert declared("/old", "https://example.org/?x=1").location({}, "a=1") == "https://example.org/?x=1&a=1"


def test_another_site_is_a_target_when_the_developer_writes_it() -> None:
    assert declared("/old", "https://example.org/new").location({}) == "https://example.org/new"


def test_both_paths_are_those_of_the_group() -> None:
    routes = Routes([include(Routes([redirect("/old", "/new")]), at="/shop", name="shop")])
    (route,) = routes.all_routes()
    assert isinstance(route.handler, DeclaredRedirect)
    assert (route.pattern.text, route.handler.location({})) == ("/shop/old", "/shop/new")


def test_a_redirect_may_have_a_name() -> None:
    routes = Routes(name="shop")
    routes.redirect("/old", "/new", name="moved")
    assert routes.all_routes()[0].name == "shop.moved"


@pytest.mark.parametrize(
    ("path", "target", "part"),
    [
        ("/{id}", "/{ids}", "Did you mean 'id'"),
        ("/old", "/{id}", "It has: none"),
        ("/old", "//evil.example", "two slashes in a row"),
        ("/old", "/\\evil", "Leave out"),
        ("/old", "new", "begin with a slash"),
        ("/old", "javascript:alert(1)", "begin with a slash"),
        ("/old", "https://example.org/a b", "Percent-encode"),
        ("/old", "https://example.org/\r\nX: 1", "Percent-encode"),
        ("/old", "/a\r\nX: 1", "control characters"),
    ],
)
def test_a_target_that_leads_nowhere_good_is_refused(path: str, target: str, part: str) -> None:
    with pytest.raises(PatternError) as caught:
        declared(path, target)
    assert part in str(caught.value)
    assert "test_redirects.py" in str(caught.value)


@given(st.text(alphabet="/\\.%ab\r\n\t:@?#", min_size=1, max_size=12))
def test_a_path_from_a_request_never_leads_to_another_site(rest: str) -> None:
    if PathConverter().find(rest) is NO_MATCH:
        return
    location = declared("/old/{rest:path}", "/{rest}").location({"rest": rest})
    assert location.startswith("/")
    assert not location.startswith(("//", "/\\"))
    assert location.isprintable()
