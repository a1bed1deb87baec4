"""Tokens for browsers that send neither Sec-Fetch-Site nor Origin."""

from __future__ import annotations

import base64
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bistro import App, render
from bistro.http import FormData
from bistro.plugins import Csrf, CsrfToken, Rendering
from bistro.plugins.csrf.tokens import unmask
from bistro.testing import Client

TEMPLATES = {"form.html": '<form method="post">{{ csrf_field() }}</form><meta content="{{ csrf_token() }}">'}


@pytest.fixture(autouse=True)
def development(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ENV", "development")


def make_client(*, tokens: bool = True) -> Client:
    app = App(Csrf(tokens=tokens), Rendering(sources=TEMPLATES))

    @app.get("/")
    async def show() -> Any:
        return render("form.html")

    @app.get("/plain")
    async def plain() -> str:
        return "plain"

    @app.post("/")
    async def change(data: FormData) -> str:
        return data.fields.get("name", "changed")

    @app.post("/script")
    def script() -> str:
        return "changed"

    if tokens:

        @app.get("/api-token")
        async def token_for_scripts(token: CsrfToken) -> str:
            return token.value

        @app.get("/maybe-token")
        async def no_token(token: CsrfToken) -> str:
            return "has not looked at it"

    return Client(app, headers={"sec-fetch-site": None, "cookie": None})


def token_in(page: str) -> str:
    found = re.search(r'name="_csrf" value="([^"]+)"', page)
    assert found
    return found[1]


def test_form_with_its_token_passes_and_the_handler_gets_the_form() -> None:
    client = make_client()
    token = token_in(client.get("/").text)
    assert client.post("/", data={"name": "Ann", "_csrf": token}).text == "Ann"
    assert client.post("/", data={"name": "Ann", "_csrf": token}, files={}).text == "Ann"


def test_script_sends_the_token_as_a_header() -> None:
    client = make_client()
    token = client.get("/api-token").text
    assert client.post("/script", headers={"x-csrf-token": token}).text == "changed"


def test_cookie_alone_is_not_enough() -> None:
    client = make_client()
    client.get("/")
    answer = client.post("/script")
    assert answer.status == 403
    assert "neither Sec-Fetch-Site nor Origin" in answer.json()["detail"]


def test_every_token_is_another_one_and_all_are_right() -> None:
    client = make_client()
    tokens = {client.get("/api-token").text for _ in range(5)}
    assert len(tokens) == 5
    assert {client.post("/script", headers={"x-csrf-token": each}).status for each in tokens} == {200}


def test_token_of_another_visitor_is_refused() -> None:
    client, other = make_client(), make_client()
    client.get("/")
    assert client.post("/script", headers={"x-csrf-token": other.get("/api-token").text}).status == 403


def test_token_does_not_help_a_page_of_another_site() -> None:
    client = make_client()
    token = client.get("/api-token").text
    for headers in ({"sec-fetch-site": "cross-site"}, {"origin": "https://evil.example"}):
        assert client.post("/script", headers={**headers, "x-csrf-token": token}).status == 403


@pytest.mark.parametrize("token", ["", "x", "A" * 86, "A" * 43, "é" * 86, "=" * 86, "A" * 10_000, "\\" * 86])
def test_what_is_no_token_is_refused_and_nothing_else(token: str) -> None:
    client = make_client()
    client.get("/")
    assert client.post("/", data={"_csrf": token}).status == 403


@pytest.mark.parametrize("cookie", ['"><script>alert(1)</script>', "A" * 42, "A" * 44, "", "../" * 15])
def test_cookie_that_is_no_secret_is_replaced_and_never_shown(cookie: str) -> None:
    client = make_client()
    answer = client.get("/", headers={"cookie": f"csrf={cookie}"})
    assert "script" not in answer.text
    assert answer.headers["set-cookie"].startswith("csrf=")


def test_cookie_is_for_the_server_alone_and_the_page_for_this_visitor() -> None:
    answer = make_client().get("/")
    assert {"HttpOnly", "SameSite=Lax", "Path=/"} <= set(answer.headers["set-cookie"].split("; "))
    assert answer.headers["vary"].lower() == "cookie"
    assert answer.headers["cache-control"] == "private"


def test_page_without_a_token_sets_no_cookie() -> None:
    assert "set-cookie" not in make_client().get("/plain").headers


def test_token_that_nothing_shows_sets_no_cookie_and_keeps_no_cache_away() -> None:
    answer = make_client().get("/maybe-token")
    assert "set-cookie" not in answer.headers
    assert "cookie" not in answer.headers.get("vary", "").lower()
    assert "cache-control" not in answer.headers


@pytest.mark.parametrize("headers", [{"sec-fetch-site": "same-origin"}, {"origin": "http://localhost"}])
def test_browser_that_says_where_it_comes_from_needs_no_token(headers: dict[str, str]) -> None:
    assert make_client().post("/script", headers={"cookie": "a=b", **headers}).text == "changed"
    assert make_client().post("/script", headers=headers).text == "changed"


def test_secure_cookie_can_not_be_set_by_a_neighbour(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ENV", "testing")
    assert make_client().get("/").headers["set-cookie"].startswith("__Host-csrf=")


def test_without_tokens_templates_may_use_the_field_anyway() -> None:
    client = make_client(tokens=False)
    answer = client.get("/")
    assert answer.text == '<form method="post"></form><meta content="">'
    assert "set-cookie" not in answer.headers


@given(st.binary(min_size=32, max_size=32), st.binary(min_size=32, max_size=32))
def test_mask_comes_off_again(mask: bytes, secret: bytes) -> None:
    masked = mask + bytes(a ^ b for a, b in zip(mask, secret, strict=True))
    assert unmask(base64.urlsafe_b64encode(masked).rstrip(b"=").decode()) == secret


@given(st.text(max_size=100))
def test_anything_may_be_unmasked(text: str) -> None:
    assert len(unmask(text)) in (0, 32)


REFERERS = [
    ("http://localhost/form", "http", 200),
    ("http://LOCALHOST/form", "http", 200),
    ("http://localhost.evil.example/", "http", 403),
    ("http://evil.example/http://localhost/", "http", 403),
    ("http://localhost@evil.example/", "http", 403),
    ("http://localhost:81/", "http", 403),
    ("http://[localhost", "http", 403),
    ("", "http", 403),
    ("/", "http", 403),
    ("https://localhost/form", "https", 200),
    ("http://localhost/form", "https", 403),
]


@pytest.mark.parametrize(("referer", "scheme", "status"), REFERERS)
def test_referer_counts_where_nothing_better_was_sent(referer: str, scheme: str, status: int) -> None:
    client = make_client(tokens=False)
    headers = {"referer": referer, "cookie": "a=b"}
    assert client.post(f"{scheme}://localhost/script", headers=headers).status == status
