"""F21: one handler answers HTML or JSON, as the client's `Accept` header asks."""

from __future__ import annotations

import pytest

from bistro import App, Html, Json, Page, Request, Response, escape
from bistro.plugins import Rendering
from bistro.testing import Client

BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8"


@pytest.fixture
def client() -> Client:
    app = App()

    @app.get("/notes/{title}")
    async def show(title: str, request: Request) -> Response:
        return request.negotiate(
            {
                "text/html": lambda: Html(f"<h1>{escape(title)}</h1>"),
                "application/json": lambda: Json({"title": title}),
            }
        )

    return Client(app)


@pytest.mark.parametrize(
    ("accept", "content_type"),
    [
        (BROWSER, "text/html"),
        ("text/html", "text/html"),
        ("application/json", "application/json"),
        ("application/json, text/plain, */*", "application/json"),
        ("text/html;q=0.5, application/json", "application/json"),
        ("text/html;q=0, */*", "application/json"),
        ("*/*", "text/html"),
        (None, "text/html"),
    ],
)
def test_kind_that_the_client_likes_best_is_made(
    client: Client, accept: str | None, content_type: str
) -> None:
    answer = client.get("/notes/a&b", headers={"accept": accept})

    bodies = {"text/html": "<h1>a&amp;b</h1>", "application/json": '{"title":"a&b"}'}
    assert (answer.status, answer.content_type) == (200, content_type)
    assert answer.text == bodies[content_type]


def test_caches_are_told_that_the_answer_depends_on_accept(client: Client) -> None:
    for accept in (BROWSER, "application/json", "image/png"):
        varied = client.get("/notes/a", headers={"accept": accept}).headers["vary"]
        assert "accept" in varied.lower(), accept


def test_client_that_takes_neither_is_told_what_there_is(client: Client) -> None:
    answer = client.get("/notes/a", headers={"accept": "image/png"})

    assert answer.status == 406
    assert "text/html, application/json" in answer.json()["detail"]


class NotePage(Page, template="note.html", json=True):
    """A page that is also JSON."""

    title: str


class PlainPage(Page, template="note.html"):
    """A page that is a page only."""

    title: str


@pytest.mark.parametrize(
    ("path", "accept", "content_type"),
    [
        ("/both", BROWSER, "text/html"),
        ("/both", "application/json", "application/json"),
        ("/both", None, "text/html"),
        ("/page", "application/json", "text/html"),
    ],
)
def test_page_is_json_too_where_its_class_says_so(path: str, accept: str | None, content_type: str) -> None:
    app = App(Rendering(sources={"note.html": "<h1>{{ title }}</h1>"}))

    @app.get("/both")
    async def both() -> NotePage:
        return NotePage("a&b")

    @app.get("/page")
    async def page() -> PlainPage:
        return PlainPage("a&b")

    answer = Client(app).get(path, headers={"accept": accept})

    bodies = {"text/html": "<h1>a&amp;b</h1>", "application/json": '{"title":"a&b"}'}
    assert (answer.content_type, answer.text) == (content_type, bodies[content_type])
    assert ("vary" in answer.headers) == (path == "/both")
