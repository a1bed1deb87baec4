"""Pages get a script that loads them anew, in development only."""

from __future__ import annotations

import pytest

from bistro import App, Html, Response
from bistro.plugins import LiveReload
from bistro.testing import Client

SCRIPT = '<script src="/_bistro/reload.js" async></script>'
PAGES = {
    "page": ("<html><body><p>x</p></body></html>", f"<html><body><p>x</p>{SCRIPT}</body></html>"),
    "open": ("<!doctype html><p>x", f"<!doctype html><p>x{SCRIPT}"),
    "part": ("<li>x</li>", "<li>x</li>"),
}


@pytest.fixture(autouse=True)
def _development(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ENV", "development")


@pytest.mark.parametrize("kind", PAGES)
def test_whole_pages_get_the_script_and_parts_of_pages_do_not(kind: str) -> None:
    app = App(LiveReload())
    given, wanted = PAGES[kind]

    @app.get("/")
    async def show() -> Html:
        return Html(given)

    assert Client(app).get("/").text == wanted


def test_what_is_no_html_or_is_encoded_stays_as_it_is() -> None:
    app = App(LiveReload())

    @app.get("/text")
    async def text() -> str:
        return "<html></html>"

    @app.get("/coded")
    async def coded() -> Response:
        return Response(b"<html>", content_type="text/html", headers={"content-encoding": "x-own"})

    client = Client(app)
    assert client.get("/text").text == "<html></html>"
    assert client.get("/coded").content == b"<html>"


def test_the_script_is_served_and_let_in_by_the_policy_of_the_error_page() -> None:
    app = App(LiveReload())

    @app.get("/")
    async def show() -> Html:
        raise ValueError

    client = Client(app, raise_server_errors=False)
    script = client.get("/_bistro/reload.js")
    assert script.headers["content-type"].startswith("text/javascript")
    answer = client.get("/", headers={"accept": "text/html"})
    assert SCRIPT in answer.text
    assert "script-src 'self'; connect-src 'self'" in answer.headers["content-security-policy"]


def test_production_has_nothing_of_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ENV", "production")
    monkeypatch.setenv("ALLOWED_HOSTS", "localhost")
    app = App(LiveReload())
    given = "<html><body></body></html>"

    @app.get("/")
    async def show() -> Html:
        return Html(given)

    client = Client(app)
    assert client.get("/").text == given
    assert client.get("/_bistro/reload.js").status == 404


def test_app_has_it_only_where_the_server_reloads(monkeypatch: pytest.MonkeyPatch) -> None:
    assert not any(isinstance(each, LiveReload) for each in App().plugins)
    monkeypatch.setenv("BISTRO_RELOADS", "1")
    assert any(isinstance(each, LiveReload) for each in App().plugins)
