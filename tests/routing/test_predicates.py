from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bistro.ground.types import Exchange
from bistro.routing import accept, header, query
from bistro.routing.predicates import describe_predicate
from tests.routing.support import ask, found_name, make_route, make_table
from tests.timing import is_within

BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8"


def is_preview(exchange: Exchange) -> bool:
    return "preview" in exchange.query_string


@pytest.mark.parametrize(("value", "fits"), [("2", True), ("1", False), ("", False)])
def test_a_header_is_compared_literally(value: str, fits: bool) -> None:
    assert header("X-Api-Version", "2")(ask(x_api_version=value)) is fits


def test_a_header_without_value_needs_only_to_be_there() -> None:
    assert header("X-Preview")(ask(x_preview=""))
    assert not header("X-Preview")(ask())


def test_a_query_field_is_decoded_before_it_is_compared() -> None:
    assert query("q", "a b")(ask(query="q=a%20b"))


def test_a_query_field_without_value_needs_only_to_be_there() -> None:
    assert query("preview")(ask(query="x=1&preview"))
    assert not query("preview")(ask(query="x=preview"))


@pytest.mark.parametrize("text", ["q=%ff", "q=%", "&" * 2000])
def test_a_malformed_query_makes_the_predicate_false(text: str) -> None:
    assert not query("q")(ask(query=text))


@pytest.mark.parametrize(
    ("value", "media_type", "fits"),
    [
        (BROWSER, "text/html", True),
        (BROWSER, "application/json", False),
        ("application/json", "application/json", True),
        ("application/json", "text/html", False),
        ("*/*", "application/json", True),
        ("application/*", "application/json", True),
        ("application/json, text/plain, */*", "application/json", True),
        ("text/html;q=0.5, application/json", "text/html", False),
        ("application/json;q=0", "application/json", False),
        ("*/*;q=0", "application/json", False),
        ("text/*;q=0.5, text/html;q=0.9", "text/html", True),
        ("APPLICATION/JSON", "application/json", True),
        ("application/json;q=nan", "application/json", False),
        ("application/json;q=1e400", "application/json", False),
        ("application/json;charset=utf-8;q=0.7", "application/json", True),
        ("", "application/json", True),
        (";;;,,,", "application/json", False),
    ],
)
def test_accept_fits_what_the_client_likes_best(value: str, media_type: str, fits: bool) -> None:
    assert accept(media_type)(ask(accept=value)) is fits


def test_accept_fits_everything_without_the_header() -> None:
    assert accept("application/json")(ask())


@given(st.binary(max_size=200))
def test_accept_answers_whatever_the_header(value: bytes) -> None:
    exchange = ask()
    exchange.headers = {"accept": value.decode("latin-1")}
    assert accept("text/html")(exchange) in (True, False)


@pytest.mark.timed
@pytest.mark.parametrize("piece", [",", ";", 'a/b;q="', "a/b,", ";q=0.1", " "])
def test_a_long_accept_header_is_read_within_50_ms(piece: str) -> None:
    exchange = ask(accept=piece * (100_000 // len(piece)))
    start = time.thread_time()
    accept("text/html")(exchange)
    assert is_within(time.thread_time() - start, 0.05)


@pytest.mark.parametrize("text", ["json", "*/*", "application/", "text/html;q=1", ""])
def test_accept_refuses_what_is_no_media_type(text: str) -> None:
    with pytest.raises(ValueError, match="media type"):
        accept(text)


def test_predicates_print_as_they_were_written() -> None:
    given = [header("X-A", "2"), header("X-A"), query("preview"), accept("text/html"), is_preview]
    assert [describe_predicate(each) for each in given] == [
        "header('X-A', '2')",
        "header('X-A')",
        "query('preview')",
        "accept('text/html')",
        "is_preview",
    ]


def test_predicates_are_equal_by_value() -> None:
    assert header("X-A", "2") == header("X-A", "2") != header("X-A", "1")


def test_routes_of_one_path_are_chosen_by_their_predicates() -> None:
    table = make_table(
        make_route("/items", name="plain"),
        make_route("/items", name="second version", predicates=(header("X-Api-Version", "2"),)),
    )
    assert found_name(table, "/items", x_api_version="2") == "second version"
    assert found_name(table, "/items") == "plain"


def test_more_predicates_are_asked_first() -> None:
    one, two = (is_preview,), (is_preview, header("X-A"))
    table = make_table(
        make_route("/{x}", name="one", predicates=one), make_route("/{x}", name="two", predicates=two)
    )
    assert table.find("GET", "/a", ask(query="preview", x_a="1")) == ("two", ("a",))
    assert table.find("GET", "/a", ask(query="preview")) == ("one", ("a",))
    assert table.find("GET", "/a", ask()) is None


def test_where_no_predicate_is_true_a_less_specific_route_answers() -> None:
    table = make_table(make_route("/a/b", name="only preview", predicates=(is_preview,)), "/a/{x}")
    assert found_name(table, "/a/b") == "/a/{x}"


def test_a_path_with_predicates_is_not_among_the_static_ones() -> None:
    table = make_table(make_route("/a", predicates=(is_preview,)), make_route("/a", name="plain"), "/b")
    assert table.static["GET"] == {"/b": "/b"}


def test_what_a_predicate_raises_is_not_hidden() -> None:
    def broken(exchange: Exchange) -> bool:
        raise LookupError("a bug of the site")

    with pytest.raises(LookupError):
        found_name(make_table(make_route("/a", predicates=(broken,))), "/a")
