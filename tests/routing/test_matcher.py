"""The compiled table against a naive reference, which knows nothing of trees and generated code."""

from __future__ import annotations

import random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bistro.ground.types import Exchange
from bistro.http.errors import BadRequest
from bistro.http.url import quote_path_segment, unquote_path
from bistro.routing import NO_MATCH, Pattern, Route, RouteTable, TextConverter
from bistro.routing.conflicts import request_key
from bistro.routing.converters import BUILT_IN_CONVERTERS, PathConverter
from bistro.routing.matcher import MatcherCompiler
from bistro.routing.segments import Literal, Parameter
from bistro.routing.site import read_segments
from bistro.routing.tree import Candidate, build_tree, find_by_walking
from tests.routing.support import ask, find, handler, make_route, make_table

EVEN = TextConverter("even", int, parse=lambda text: int(text) if int(text) % 2 == 0 else int("odd"))
CONVERTERS = {**BUILT_IN_CONVERTERS, "even": EVEN}


class HasHeader:
    """A predicate that compares and prints by the header it asks for."""

    def __init__(self, name: bytes) -> None:
        self.name = name

    def __call__(self, exchange: Exchange) -> bool:
        return exchange.find_header(self.name) is not None

    def __repr__(self) -> str:
        return f"HasHeader({self.name!r})"


X, Y = HasHeader(b"x"), HasHeader(b"y")

literals = st.sampled_from(["a", "b", "v1", "1", "café", "a b", "-"])
kinds = st.sampled_from(["", ":int", ":slug", ":date", ":even", ":regex([ab]+)", ":str"])
edges = st.sampled_from([("", ""), ("", ""), ("", ""), ("v", ""), ("", ".x"), ("a", "b")])


@st.composite
def pattern_texts(draw: st.DrawFn) -> str:
    parts = []
    for number in range(draw(st.integers(0, 4))):
        if draw(st.booleans()):
            parts.append(draw(literals))
        else:
            prefix, suffix = draw(edges)
            parts.append(f"{prefix}{{p{number}{draw(kinds)}}}{suffix}")
    ending = draw(st.sampled_from(["", "", "", "/", "/{rest:path}"]))
    return ("/" + "/".join(parts) + ending) if parts else (ending or "/")


TEXTS_THAT_FIT = {
    "str": ["a", "a b", "é", "a/b", "1", ".."],
    "int": ["1", "-7", "007", "9" * 18, "9" * 19],
    "slug": ["ab", "1", "-", "2024-02-29"],
    "date": ["2024-02-29"],
    "even": ["2", "-4"],
    "regex": ["ab", "b"],
    "path": ["a", "a/b", "a/b/"],
}
strange_texts = st.sampled_from(
    ["a", "b", "v1", "1", "café", "1.x", "2024-02-30", "", "/", "..", "9" * 20, "1\n", "x"]
)


@st.composite
def route_sets(draw: st.DrawFn) -> list[Route]:
    """Few patterns and many routes, so that the routes get into each other's way."""
    texts = draw(st.lists(pattern_texts(), min_size=1, max_size=5))
    return draw(
        st.lists(
            st.builds(
                lambda text, method, host, predicates: Route(
                    frozenset({method}),
                    Pattern.parse(text, CONVERTERS),
                    handler,
                    f"{method} {host} {text} {predicates}",
                    host,
                    predicates,
                ),
                st.sampled_from(texts),
                st.sampled_from(["GET", "GET", "GET", "HEAD", "POST"]),
                st.sampled_from([None, None, None, "a.example", "{t}.example"]),
                st.sampled_from([(), (), (X,), (Y,), (X, Y)]),
            ),
            min_size=1,
            max_size=9,
            unique_by=lambda route: (route.methods, request_key(route, slash_ignored=False)),
        )
    )


@st.composite
def paths_for(draw: st.DrawFn, routes: list[Route]) -> str:
    """A path that some route is likely to answer, or one that is off by a segment, in any quoting."""
    segments = []
    for segment in draw(st.sampled_from(routes)).pattern.segments:
        if draw(st.integers(0, 9)) == 0:
            segments += draw(st.lists(strange_texts, max_size=2))
        elif isinstance(segment, Literal):
            segments.append(segment.text)
        else:
            text = draw(st.sampled_from(TEXTS_THAT_FIT[segment.converter.name]))
            segments += text.split("/") if segment.is_rest else [segment.prefix + text + segment.suffix]
    quote = draw(st.sampled_from([quote_path_segment, quote_path_segment, escape_all]))
    slash = draw(st.sampled_from(["/", "/", "/", "/", "%2F"]))
    return "/" + slash.join(map(quote, segments))


@st.composite
def sites_and_requests(draw: st.DrawFn) -> tuple[list[Route], list[tuple[str, str, dict[str, str]]]]:
    routes = draw(route_sets())
    headers = st.fixed_dictionaries(
        {},
        optional={
            "x": st.just("1"),
            "y": st.just("1"),
            "host": st.sampled_from(["a.example", "b.example", "other.org"]),
        },
    )
    requests = st.tuples(st.sampled_from(["GET", "GET", "HEAD", "POST", "PUT"]), paths_for(routes), headers)
    return routes, draw(st.lists(requests, min_size=1, max_size=10))


def escape_all(text: str) -> str:
    return "".join(f"%{byte:02X}" for byte in text.encode())


def reference(routes: list[Route], method: str, path: str, exchange: Exchange) -> Any:
    """All routes are tried against the path, and the most specific of those that fit is taken."""
    segments = [unquote_path(segment) for segment in path.split("/")[1:]]
    if "." in segments or ".." in segments:
        return None
    host = exchange.find_header(b"host")
    fitting = []
    for route in routes:
        values = values_of(route, segments)
        labels = labels_of(route, None if host is None else host.decode())
        if values is None or labels is None or not answers(route, method, routes):
            continue
        if all(predicate(exchange) for predicate in route.predicates):
            fitting.append((specificity(route), route.name, values + labels))
    return min(fitting, key=lambda each: each[0])[1:] if fitting else None


def answers(route: Route, method: str, routes: list[Route]) -> bool:
    if method in route.methods:
        return True
    own = {"HEAD"} if method == "HEAD" and "GET" in route.methods else set()
    key = request_key(route, slash_ignored=False)
    return bool(own) and not any(
        "HEAD" in each.methods and request_key(each, slash_ignored=False) == key for each in routes
    )


def values_of(route: Route, segments: list[str]) -> tuple[Any, ...] | None:
    wanted, values = list(route.pattern.segments), []
    last = wanted[-1]
    if isinstance(last, Parameter) and isinstance(last.converter, PathConverter):
        rest = segments[len(wanted) - 1 :]
        if not rest or any("/" in each for each in rest):
            return None
        segments = [*segments[: len(wanted) - 1], "/".join(rest)]
    if len(segments) != len(wanted):
        return None
    for segment, text in zip(wanted, segments, strict=True):
        if isinstance(segment, Literal):
            if segment.text != text:
                return None
            continue
        if not (text.startswith(segment.prefix) and text.endswith(segment.suffix)):
            return None
        inner = text.removeprefix(segment.prefix)
        inner = inner.removesuffix(segment.suffix) if segment.suffix else inner
        if len(inner) != len(text) - len(segment.prefix) - len(segment.suffix) or not inner:
            return None
        value = segment.converter.find(inner)
        if value is NO_MATCH:
            return None
        values.append(value)
    return tuple(values)


def labels_of(route: Route, host: str | None) -> tuple[str, ...] | None:
    if route.host is None:
        return ()
    if route.host == "a.example":
        return () if host == "a.example" else None
    return (host.removesuffix(".example"),) if host in ("a.example", "b.example") else None


def specificity(route: Route) -> tuple[Any, ...]:
    kinds, edges = [], []
    for segment in route.pattern.segments:
        if isinstance(segment, Literal):
            kinds.append(0)
            edges.append((0,))
        else:
            kinds.append(2 if segment.converter.name == "path" else 1)
            edges.append((1, -len(segment.prefix), -len(segment.suffix), segment.converter.rank))
    host = {"a.example": 0, "{t}.example": 1, None: 2}[route.host]
    return host, kinds, edges, -len(route.predicates), sorted(map(repr, route.predicates))


def table_of(routes: list[Route]) -> RouteTable[str]:
    return RouteTable([(route, route.name) for route in routes], "strict")


@settings(max_examples=500, deadline=None)
@given(sites_and_requests())
def test_the_compiled_table_agrees_with_trying_all_routes(given_: Any) -> None:
    routes, requests = given_
    table = table_of(routes)
    for method, path, headers in requests:
        exchange = ask(method, path, **headers)
        assert table.find(method, path, exchange) == reference(routes, method, path, exchange)


@settings(max_examples=200, deadline=None)
@given(sites_and_requests(), st.randoms())
def test_the_order_of_registration_makes_no_difference(given_: Any, chance: random.Random) -> None:
    routes, requests = given_
    shuffled = routes.copy()
    chance.shuffle(shuffled)
    table, other = table_of(routes), table_of(shuffled)
    for method, path, headers in requests:
        exchange = ask(method, path, **headers)
        assert table.find(method, path, exchange) == other.find(method, path, exchange)


@settings(max_examples=200, deadline=None)
@given(sites_and_requests())
def test_the_written_matcher_agrees_with_walking_the_tree(given_: Any) -> None:
    routes, requests = given_
    tree = build_tree([Candidate(route, route.name, route.pattern.segments) for route in routes])
    match = MatcherCompiler[str]().compile(tree)
    for method, path, headers in requests:
        segments = read_segments(path)
        if "." not in segments and ".." not in segments:
            exchange = ask(method, path, **headers)
            assert match(segments, len(segments), exchange) == find_by_walking(tree, segments[1:], exchange)


@settings(max_examples=200, deadline=None)
@given(sites_and_requests())
def test_the_route_that_explain_calls_chosen_is_the_one_that_answers(given_: Any) -> None:
    routes, requests = given_
    table = table_of(routes)
    for method, path, headers in requests:
        found = table.find(method, path, ask(method, path, **headers))
        chosen = [each.route.name for each in table.explain(method, path, headers) if each.chosen]
        assert chosen == ([] if found is None else [found[0]])


@settings(max_examples=200, deadline=None)
@given(sites_and_requests())
def test_static_paths_are_those_that_nothing_else_decides(given_: Any) -> None:
    routes, requests = given_
    table = table_of(routes)
    for method, path, headers in requests:
        endpoint = table.static[method].get(path)
        if endpoint is not None:
            assert table.find(method, path, ask(method, path, **headers)) == (endpoint, ())


def test_subtrees_of_one_shape_are_compiled_once() -> None:
    routes = [make_route(f"/thing{number}/{{id:int}}/{{x}}") for number in range(200)]
    compiler: MatcherCompiler[str] = MatcherCompiler()
    compiler.compile(build_tree([Candidate(each, each.name, each.pattern.segments) for each in routes]))
    assert len(compiler.makers) == 2


@pytest.mark.parametrize("name", ["__import__('os')", '"', "\n", "'''", "{", "x0", "segments", "é"])
def test_no_text_of_a_site_gets_into_the_generated_source(name: str) -> None:
    route = make_route("/x/{y:int}/{z}")
    strange = Candidate(route, name, (Literal(name), *route.pattern.segments))
    compiler: MatcherCompiler[str] = MatcherCompiler()
    match = compiler.compile(build_tree([strange]))
    assert match(["", name, "x", "5", "a"], 5, ask()) == (name, (5, "a"))
    assert all(source.isascii() and repr(name) not in source for source in compiler.makers)


def test_very_deep_paths_are_matched() -> None:
    text = "".join(f"/a{number}/{{p{number}}}" for number in range(90))
    table = make_table(text, text + "/x", text + "/{rest:path}")
    assert find(table, Pattern.parse(text).build({f"p{number}": "v" for number in range(90)})) == (
        text,
        ("v",) * 90,
    )


def test_paths_of_many_lengths_are_matched() -> None:
    texts = ["".join(f"/{{p{number}}}" for number in range(length)) for length in range(1, 70)]
    table = make_table(*texts)
    for length in (1, 2, 40, 69):
        assert find(table, "/v" * length) == (texts[length - 1], ("v",) * length)


def test_a_bad_escape_is_the_same_in_both() -> None:
    with pytest.raises(BadRequest):
        find(make_table("/{x}"), "/%f")
