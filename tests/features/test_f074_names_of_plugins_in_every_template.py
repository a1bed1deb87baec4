"""F74: current user, flash messages and locale are in every template; forms need nothing against forgery."""

from __future__ import annotations

import pytest

from bistro import App, Redirect, render
from bistro.plugins import Flashes, FlashMessages, MemorySessions, Rendered, Rendering, Sessions
from bistro.testing import Client

SOURCES = {
    "base.html": '<html lang="{{ locale }}">{% for flash in flashes %}<p>{{ flash.text }}</p>{% endfor %}'
    "{% block main %}{% endblock %}{{ now.year > 2000 }}",
    "page.html": "{% extends 'base.html' %}{% block main %}<form method=post></form>{{ request.path }}{% endblock %}",
}


@pytest.fixture
def client() -> Client:
    rendering = Rendering(sources=SOURCES, locales=("en", "de", "fr"))
    app = App(rendering, Sessions(MemorySessions()), FlashMessages())

    @app.get("/")
    async def show() -> Rendered:
        return render("page.html")

    @app.post("/")
    async def save(flashes: Flashes) -> Redirect:
        flashes.add("Saved")
        return Redirect("/", status=303)

    return Client(app, follow_redirects=True)


def test_f074_handlers_give_none_of_them(client: Client) -> None:
    same_site = {"sec-fetch-site": "same-origin", "accept-language": "de-CH"}
    assert client.post("/", headers=same_site).text == (
        '<html lang="de"><p>Saved</p><form method=post></form>/True'
    )
    assert "Saved" not in client.get("/").text


def test_f074_a_form_of_another_site_is_refused_though_templates_print_no_token(client: Client) -> None:
    assert client.post("/", headers={"sec-fetch-site": "cross-site"}).status == 403


@pytest.mark.parametrize(
    ("wanted", "shown"),
    [
        ("fr", "fr"),
        ("de-AT, fr;q=0.9", "de"),
        ("it", "en"),
        (None, "en"),
        ("de;q=0, *", "en"),
        ("\x00;;q=x", "en"),
    ],
)
def test_f074_locale_is_the_language_that_the_visitor_likes_best(
    client: Client, wanted: str | None, shown: str
) -> None:
    headers = {} if wanted is None or "\x00" in wanted else {"accept-language": wanted}
    assert f'lang="{shown}"' in client.get("/", headers=headers).text
