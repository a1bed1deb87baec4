"""F59: a part of a page is rendered alone, for a page that replaces it in place."""

from __future__ import annotations

from bistro import App, Request, render
from bistro.plugins import Rendered, Rendering
from bistro.testing import Client

SOURCES = {
    "base.html": "<html>{% block main %}{% endblock %}</html>",
    "list.html": "{% extends 'base.html' %}{% block main %}<h1>Notes</h1>"
    "{% block rows %}{% for note in notes %}<li>{{ note }}</li>{% endfor %}{% endblock %}{% endblock %}",
}


def test_f059_a_block_is_rendered_without_the_page_around_it() -> None:
    app = App(Rendering(sources=SOURCES))

    @app.get("/")
    async def show(request: Request) -> Rendered:
        block = "rows" if "hx-request" in request.headers else None
        return render("list.html", block=block, notes=["<a>", "b"])

    client = Client(app)
    rows = "<li>&lt;a&gt;</li><li>b</li>"
    assert client.get("/").text == f"<html><h1>Notes</h1>{rows}</html>"
    assert client.get("/", headers={"hx-request": "true"}).text == rows
