from __future__ import annotations

import asyncio

import pytest

from bistro.ground.types import Exchange
from bistro.http.errors import BadRequest
from bistro.routing import Explanation, header, query
from bistro.routing.explain import AskedExchange, read_asked_url
from tests.routing.support import make_route, make_table

TABLE = make_table(
    "/",
    "/items/{id:int}",
    "/items/{name}",
    "POST /items/{id:int}",
    "/items/new",
    "/files/{rest:path}",
    "/blog/",
)


def reasons(explanations: list[Explanation], name: str) -> tuple[str, ...]:
    return next(each.reasons for each in explanations if each.route.name == name)


def test_the_route_that_answers_comes_first() -> None:
    first, *others = TABLE.explain("GET", "/items/5")
    assert (first.route.name, first.fits, first.chosen, first.reasons) == ("/items/{id:int}", True, True, ())
    assert not any(each.chosen for each in others)


def test_a_route_that_fits_too_says_what_is_more_specific() -> None:
    second = TABLE.explain("GET", "/items/5")[1]
    assert (second.route.name, second.fits, second.chosen) == ("/items/{name}", True, False)
    assert second.reasons == ("fits too, but GET /items/{id:int} is more specific",)


@pytest.mark.parametrize(
    ("method", "url", "name", "reason"),
    [
        ("GET", "/items/5", "POST /items/{id:int}", "takes POST, not GET"),
        ("PUT", "/items/5", "/items/{id:int}", "takes GET, HEAD, not PUT"),
        ("GET", "/items/x", "/items/{id:int}", "segment 2 is 'x', which does not fit {id:int}"),
        ("GET", "/items/5", "/items/new", "segment 2 is '5', not 'new'"),
        ("GET", "/things", "/items/new", "segment 1 is 'things', not 'items'"),
        ("GET", "/items/5/x", "/items/{id:int}", "has 2 segments, the URL has 3"),
        ("GET", "/items/5/", "/items/{id:int}", "has no slash at the end, but the URL does"),
        ("GET", "/blog", "/blog/", "ends with a slash, but the URL doesn't"),
        ("GET", "/items", "/items/{name}", "has 2 segments, the URL has 1"),
        ("GET", "/files/a%2Fb", "/files/{rest:path}", "segment 2 is 'a/b', which does not fit {rest:path}"),
        ("GET", "/items/..", "/items/{name}", "segment 2 is '..', which does not fit {name:str}"),
    ],
)
def test_a_route_that_does_not_fit_says_why(method: str, url: str, name: str, reason: str) -> None:
    assert reasons(TABLE.explain(method, url), name) == (reason,)


def test_the_nearest_miss_comes_first() -> None:
    assert TABLE.explain("DELETE", "/items/5")[0].route.pattern.text == "/items/{id:int}"
    assert TABLE.explain("GET", "/items/5/edit")[0].route.pattern.text.startswith("/items/")


def test_a_whole_url_with_host_query_and_fragment_is_understood() -> None:
    asked = read_asked_url("get", "https://api.example.com:8000/a%20b?x=1&y=2#part", {})
    assert (asked.method, asked.raw_path, asked.query_string, asked.scheme) == (
        "GET",
        "/a%20b",
        "x=1&y=2",
        "https",
    )
    assert asked.find_header(b"host") == b"api.example.com:8000"


def test_a_url_without_path_asks_for_the_root() -> None:
    assert read_asked_url("GET", "http://example.com", {}).raw_path == "/"


def test_the_host_is_explained() -> None:
    table = make_table(make_route("/x", host="api.example.com"))
    assert reasons(table.explain("GET", "http://www.example.com/x"), "/x") == (
        "answers the host api.example.com, not www.example.com",
    )
    assert reasons(table.explain("GET", "/x"), "/x") == (
        "answers the host api.example.com, not a request without host",
    )
    assert table.explain("GET", "http://API.example.com/x")[0].chosen


def test_predicates_are_explained_as_they_were_written() -> None:
    table = make_table(make_route("/x", predicates=(header("X-Api-Version", "2"), query("preview"))))
    assert reasons(table.explain("GET", "/x?preview"), "/x") == ("header('X-Api-Version', '2') is false",)
    assert table.explain("GET", "/x?preview", {"X-Api-Version": "2"})[0].chosen


def test_a_predicate_that_raises_is_explained_too() -> None:
    def broken(exchange: Exchange) -> bool:
        raise LookupError("no such thing")

    (only,) = make_table(make_route("/x", predicates=(broken,))).explain("GET", "/x")
    assert "broken raised LookupError('no such thing')" in only.reasons[0]


def test_a_slash_is_no_difference_where_it_is_ignored() -> None:
    table = make_table("/a", "/b/", slash="ignore")
    assert table.explain("GET", "/a/")[0].chosen
    assert table.explain("GET", "/b")[0].chosen


def test_a_malformed_url_is_a_bad_request() -> None:
    with pytest.raises(BadRequest):
        TABLE.explain("GET", "/items/%ff")


def test_a_long_segment_is_not_repeated_in_full() -> None:
    (only,) = make_table("/x").explain("GET", "/" + "a" * 5000)
    assert len(only.reasons[0]) < 200


def test_the_asked_exchange_is_an_exchange_that_can_not_be_answered() -> None:
    exchange: Exchange = AskedExchange("GET", "/")
    assert asyncio.run(exchange.read_body(10)) == b""
    exchange.on_disconnect(print)
    exchange.on_stopping(print)
    for answer in (lambda: exchange.send(200, b"", b""), lambda: exchange.start(200, b"", None)):
        with pytest.raises(RuntimeError, match="must not answer"):
            answer()
