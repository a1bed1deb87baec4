"""Attacks with content codings: bombs in requests (security.md, row 52), secrets by size, costly wishes."""

from __future__ import annotations

import gzip
import secrets
from collections.abc import Callable
from typing import Any

import pytest

from bistro import App, Html, Request, Response
from bistro.forms import Form
from bistro.http import choose_encoding
from bistro.plugins import Compression
from bistro.testing import Client
from tests.attacks.raw_site import Entry, Item

BOMB = gzip.compress(b'{"name": "' + b"a" * 8_000_000 + b'"}')


@pytest.fixture
def client() -> Client:
    app = App(Compression())

    @app.post("/body")
    async def body(item: Item) -> str:
        return item.name

    @app.post("/form")
    async def form(form: Form[Entry]) -> str:
        return form.data.name

    @app.post("/json")
    async def json(request: Request) -> object:
        return await request.json()

    @app.post("/lines")
    async def lines(request: Request) -> list[object]:
        return [line async for line in request.json_lines()]

    @app.post("/raw")
    async def raw(request: Request) -> int:
        return len(await request.body())

    @app.get("/search")
    async def search(q: str) -> Html:
        return Html(f"<p>Nothing found for {q}</p>" + "<p>menu</p>" * 200 + f"<input value={TOKEN}>")

    @app.get("/account")
    async def account(q: str) -> Response:
        response = Html(f"<p>{q}</p>" + "<p>menu</p>" * 200 + f"<input value={TOKEN}>")
        response.cache(60)
        return response

    @app.get("/spelt")
    async def spelt(kind: str, caching: str) -> Response:
        return Response("x" * 5000, headers={"content-type": kind, "cache-control": caching})

    return Client(app)


TOKEN = secrets.token_hex(16)


@pytest.mark.parametrize("path", ["/body", "/json", "/form", "/lines"])
@pytest.mark.parametrize("coding", ["gzip", "br", "GZIP", "gzip, gzip", "identity, gzip", "x-bomb", ""])
def test_body_in_a_content_coding_is_refused_and_never_unpacked(
    client: Client, path: str, coding: str
) -> None:
    kind = "application/x-www-form-urlencoded" if path == "/form" else "application/json"
    answer = client.post(path, content=BOMB, headers={"content-encoding": coding, "content-type": kind})
    assert answer.status == 415
    assert answer.headers["accept-encoding"] == "identity"


def test_body_as_it_is_may_say_so(client: Client) -> None:
    headers = {"content-encoding": "identity", "content-type": "application/json"}
    assert client.post("/json", content=b"[1]", headers=headers).json() == [1]


def test_handler_that_reads_bytes_gets_them_as_they_came(client: Client) -> None:
    assert client.post("/raw", content=BOMB, headers={"content-encoding": "gzip"}).json() == len(BOMB)


@pytest.mark.parametrize("path", ["/search", "/account"])
def test_size_of_a_page_tells_nothing_about_its_secret(client: Client, path: str) -> None:
    """BREACH: whoever sees the size of answers sends guesses, and the right one makes a smaller answer."""
    headers = {"accept-encoding": "gzip, br, zstd", "cookie": "session=1"}
    right, wrong = f"value={TOKEN}", f"value={TOKEN[::-1]}"
    sizes = {len(client.get(path, params={"q": guess}, headers=headers).content) for guess in (right, wrong)}
    assert len(sizes) == 1


@pytest.mark.parametrize(
    ("kind", "caching"),
    [
        ("application/json", "Private"),
        ("application/json", "max-age=0, No-Store"),
        ("Text/HTML; charset=utf-8", "public"),
        ("text/plain", "No-Transform"),
        ("Text/Event-Stream", "public"),
    ],
)
def test_what_must_not_be_compressed_is_known_in_any_case(client: Client, kind: str, caching: str) -> None:
    headers = {"accept-encoding": "gzip", "cookie": "session=1"}
    answer = client.get("/spelt", params={"kind": kind, "caching": caching}, headers=headers)
    assert "content-encoding" not in answer.headers


def test_wishes_cost_no_more_than_they_are_long(assert_linear: Callable[..., None]) -> None:
    offered = ("zstd", "br", "gzip")
    for piece in ("gzip;q=0.5,", ",", "a;b=c,", '"', "q=", "*;q=1,"):
        assert_linear(
            lambda text: choose_encoding(text, offered),
            lambda size, piece=piece: piece * (size // len(piece)),
        )


@pytest.mark.parametrize("accepted", ["gzip;q=\x001", "gzip;" * 1000, ",".join(["br"] * 1000), "\xff\xfe"])
def test_strange_wishes_are_answered(client: Client, accepted: Any) -> None:
    assert client.get("/search", params={"q": "a"}, headers={"accept-encoding": accepted}).status in (
        200,
        400,
    )
