"""F79, F80, F81: a masked token by one tag, by a header, and what Referer says, for browsers of long ago."""

from __future__ import annotations

from typing import Any

import pytest

from bistro import App, render
from bistro.plugins import Csrf, CsrfToken, Rendering
from bistro.testing import Client

PAGE = '<form method="post">{{ csrf_field() }}<button>Send</button></form>'


@pytest.fixture
def client() -> Client:
    app = App(Csrf(tokens=True), Rendering(sources={"form.html": PAGE}))

    @app.get("/")
    async def show() -> Any:
        return render("form.html")

    @app.get("/token")
    async def token(token: CsrfToken) -> dict[str, str]:
        return {"token": token.value}

    @app.post("/")
    async def send() -> str:
        return "sent"

    return Client(app, base_url="https://localhost", headers={"sec-fetch-site": None})


def test_f079_form_sends_its_token_by_one_tag(client: Client) -> None:
    token = client.get("/").text.partition('name="_csrf" value="')[2].partition('"')[0]
    assert client.post("/", data={"_csrf": token}).text == "sent"
    assert client.post("/", data={"_csrf": token[::-1]}).status == 403


def test_f080_script_sends_it_as_a_header(client: Client) -> None:
    token = client.get("/token").json()["token"]
    assert client.post("/", headers={"x-csrf-token": token}).text == "sent"


@pytest.mark.parametrize(
    ("referer", "status"),
    [("https://localhost/", 200), ("http://localhost/", 403), ("https://evil.example/", 403)],
)
def test_f081_referer_is_checked_where_nothing_else_was_sent(
    client: Client, referer: str, status: int
) -> None:
    client.get("/")
    assert client.post("/", headers={"referer": referer}).status == status


@pytest.mark.parametrize(("origin", "status"), [("https://localhost", 200), ("https://evil.example", 403)])
def test_f081_origin_is_checked(client: Client, origin: str, status: int) -> None:
    assert client.post("/", headers={"origin": origin}).status == status
