from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bistro.routing import HostPattern, PatternError, WrongUrlParameter
from bistro.routing.hosts import find_host
from tests.routing.support import ask, found_name, make_route, make_table
from tests.routing.support import find as find_in
from tests.timing import is_within


def test_a_host_is_compared_in_lower_case() -> None:
    assert HostPattern.parse("API.Example.com").find("api.example.com") == ()


def test_a_label_is_captured() -> None:
    assert HostPattern.parse("{tenant}.example.com").find("shop.example.com") == ("shop",)


@pytest.mark.parametrize(
    "host",
    [
        "example.com",
        "a.b.example.com",
        ".example.com",
        "shop.example.com.",
        "shop.example.org",
        "shopXexampleXcom",
        "-.example.com",
        "shop.example.com\n",
        "a/b.example.com",
        "",
    ],
)
def test_a_label_stands_for_exactly_one_label(host: str) -> None:
    assert HostPattern.parse("{tenant}.example.com").find(host) is None


def test_a_dot_in_a_host_is_not_any_character() -> None:
    assert HostPattern.parse("127.0.0.1").find("127x0x0x1") is None


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("https://example.com", "without scheme, port or path"),
        ("example.com:8000", "without scheme, port or path"),
        ("example.com/x", "without scheme, port or path"),
        ("*.example.com", "{tenant}.example.com"),
        ("", "a part ''"),
        ("a..b", "a part ''"),
        ("{}.example.com", "called ''"),
        ("{a b}.example.com", "called 'a b'"),
        ("{class}.example.com", "called 'class'"),
        ("x{a}.example.com", "a part"),
        ("{a}.{a}.com", "one name twice"),
        ("exämple.com", "a part"),
    ],
)
def test_a_wrong_host_pattern_says_what_is_wrong(text: str, part: str) -> None:
    with pytest.raises(PatternError) as caught:
        HostPattern.parse(text)
    assert part in str(caught.value)


def test_hosts_without_parameters_come_first() -> None:
    texts = ["{a}.{b}.com", "{a}.example.com", "api.example.com", "api.{b}.com"]
    ordered = sorted(map(HostPattern.parse, texts), key=lambda each: each.key)
    assert [each.text for each in ordered] == [
        "api.example.com",
        "{a}.example.com",
        "api.{b}.com",
        "{a}.{b}.com",
    ]


@given(st.from_regex(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?", fullmatch=True))
def test_every_label_is_read_back_from_the_host_built_with_it(label: str) -> None:
    pattern = HostPattern.parse("{tenant}.example.com")
    assert pattern.find(pattern.build({"tenant": label})) == (label,)


@pytest.mark.parametrize("label", ["a.b", "evil.com/", "", "a b", "-a", "a" * 64, "Shop", "a\n", "é"])
def test_a_value_that_is_no_label_is_refused(label: str) -> None:
    with pytest.raises(WrongUrlParameter):
        HostPattern.parse("{tenant}.example.com").build({"tenant": label})


def test_a_missing_label_is_named() -> None:
    with pytest.raises(WrongUrlParameter, match="needs a value for 'tenant'"):
        HostPattern.parse("{tenant}.example.com").build({})


@pytest.mark.parametrize(
    ("header", "host"),
    [
        ("Example.com", "example.com"),
        ("example.com:8000", "example.com"),
        ("[::1]:8000", "[::1]"),
        ("example.com.", "example.com"),
        ("a@b", None),
        ("x/admin?", None),
        ("example.com:99999", None),
        ("", None),
        ("\xff", None),
        ("a" * 5000, None),
    ],
)
def test_the_host_of_a_request_is_read_strictly(header: str, host: str | None) -> None:
    exchange = ask()
    exchange.headers = {"host": header}
    assert find_host(exchange) == host


def test_a_request_without_host_has_none() -> None:
    assert find_host(ask()) is None


def test_a_route_answers_its_own_host_only() -> None:
    table = make_table(make_route("/", host="api.example.com"))
    assert found_name(table, "/", host="api.example.com:8000") == "/"
    assert found_name(table, "/", host="www.example.com") is None
    assert found_name(table, "/") is None


def test_the_captured_label_comes_behind_the_values_of_the_path() -> None:
    table = make_table(make_route("/{id:int}", host="{tenant}.example.com"))
    assert find_in(table, "/5", host="Shop.example.com") == ("/{id:int}", (5, "shop"))


def test_the_parameters_of_a_route_name_the_label_last() -> None:
    route = make_route("/{id:int}", host="{tenant}.example.com")
    assert list(route.parameters) == ["id", "tenant"]


def test_routes_of_the_named_host_come_before_host_patterns_and_those_before_routes_for_any() -> None:
    table = make_table(
        make_route("/{x}", name="named", host="api.example.com"),
        make_route("/{x}", name="pattern", host="{tenant}.example.com"),
        make_route("/{x}", name="any"),
    )
    assert found_name(table, "/a", host="api.example.com") == "named"
    assert found_name(table, "/a", host="shop.example.com") == "pattern"
    assert found_name(table, "/a", host="other.org") == "any"


def test_a_general_path_of_the_host_comes_before_a_fixed_one_for_any() -> None:
    table = make_table(make_route("/{x}", name="tenant page", host="{t}.example.com"), make_route("/about"))
    assert found_name(table, "/about", host="shop.example.com") == "tenant page"
    assert found_name(table, "/about", host="example.com") == "/about"


def test_a_path_that_a_host_could_answer_is_not_among_the_static_ones() -> None:
    table = make_table(
        make_route("/{x}", name="tenant page", host="{t}.example.com"), make_route("/about"), "/a/b"
    )
    assert table.static["GET"] == {"/a/b": "/a/b"}


def test_what_a_host_does_not_have_falls_to_the_routes_for_any() -> None:
    table = make_table(make_route("/x", host="{t}.example.com"), "/livez", "/{y}/z")
    assert found_name(table, "/livez", host="shop.example.com") == "/livez"
    assert found_name(table, "/1/z", host="shop.example.com") == "/{y}/z"


@pytest.mark.timed
def test_a_long_host_header_costs_nothing() -> None:
    table = make_table(make_route("/x", host="{t}.example.com"))
    exchange = ask()
    exchange.headers = {"host": "a." * 50_000}
    start = time.thread_time()
    table.find("GET", "/x", exchange)
    assert is_within(time.thread_time() - start, 0.05)
