"""F36: a URL is built with query string, fragment, and in its absolute form."""

from __future__ import annotations

from datetime import date
from urllib.parse import parse_qsl, urlsplit

import pytest

from bistro import App, Request
from bistro.plugins import HostCheck
from bistro.routing import WrongUrlParameter
from bistro.testing import Client


def make_app() -> App:
    app = App(HostCheck([".example.com"]))

    @app.get("/search/{topic}")
    async def search(topic: str, request: Request) -> list[tuple[str, str]]:
        return request.query.multi_items()

    @app.get("/", host="{tenant}.example.com")
    async def tenant_home(tenant: str) -> str:
        return tenant

    return app


def test_query_is_encoded_lists_are_repeated_and_none_is_left_out() -> None:
    app = make_app()
    query = {"q": "a&b=ü +", "tag": ["x", "y"], "page": 2, "since": date(2026, 11, 30), "until": None}
    url = app.url("search", topic="tea", query=query)

    sent = [("q", "a&b=ü +"), ("tag", "x"), ("tag", "y"), ("page", "2"), ("since", "2026-11-30")]
    assert parse_qsl(urlsplit(url).query) == sent
    with Client(app, base_url="http://www.example.com") as client:
        assert client.get(url).json() == [list(pair) for pair in sent]


def test_fragment_stands_at_the_end_and_is_quoted() -> None:
    url = make_app().url("search", topic="tea", query={"page": 2}, fragment="part 3#x")

    assert url == "/search/tea?page=2#part%203%23x"


def test_absolute_form_has_scheme_host_and_port() -> None:
    url = make_app().url("search", topic="tea", query={"a": 1}, absolute_base="https://example.com:8443")

    assert url == "https://example.com:8443/search/tea?a=1"


def test_absolute_form_of_a_route_for_a_host_has_that_host() -> None:
    app = make_app()
    url = app.url("tenant_home", tenant="shop", absolute_base="https://www.example.com")

    assert url == "https://shop.example.com/"
    with Client(app) as client:
        assert client.get(url).text == "shop"


def test_base_that_is_no_scheme_and_host_is_refused() -> None:
    for base in ("example.com", "javascript://alert(1)", "https://"):
        with pytest.raises(WrongUrlParameter, match="absolute_base"):
            make_app().url("search", topic="tea", absolute_base=base)
