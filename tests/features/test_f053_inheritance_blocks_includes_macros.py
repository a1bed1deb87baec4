"""F53, F54, F59: inheritance, blocks, includes and macros; escaping by default; a block alone."""

from __future__ import annotations

import pytest

from bistro import App, render
from bistro.plugins import Rendered, Rendering
from bistro.testing import Client

SOURCES = {
    "base.html": "<title>{% block title %}Site{% endblock %}</title>{% block content %}{% endblock %}",
    "parts.html": "{% macro item(note) %}<li>{{ note }}</li>{% endmacro %}",
    "foot.html": "<footer>{{ name }}</footer>",
    "list.html": "{% extends 'base.html' %}{% from 'parts.html' import item %}"
    "{% block title %}Notes - {{ super() }}{% endblock %}"
    "{% block content %}{% for note in notes %}{{ item(note) }}{% endfor %}{% include 'foot.html' %}{% endblock %}",
}


@pytest.fixture
def client() -> Client:
    app = App(Rendering(sources=SOURCES))

    @app.get("/")
    async def show(part: str | None = None) -> Rendered:
        return render("list.html", block=part, notes=["a", "<b>"], name="&")

    return Client(app)


def test_f053_parents_blocks_macros_and_includes_make_one_page(client: Client) -> None:
    assert client.get("/").text == (
        "<title>Notes - Site</title><li>a</li><li>&lt;b&gt;</li><footer>&amp;</footer>"
    )


def test_f059_a_block_is_rendered_alone(client: Client) -> None:
    assert client.get("/?part=content").text == "<li>a</li><li>&lt;b&gt;</li><footer>&amp;</footer>"


def test_f054_what_is_printed_is_escaped_unless_it_is_plain_text() -> None:
    app = App(Rendering(sources={"a.html": "{{ x }}", "b": "{{ x }}", "c.txt": "{{ x }}"}))

    @app.get("/{name}")
    async def show(name: str) -> Rendered:
        return render(name, x="<b>&")

    client = Client(app)
    texts = [client.get(f"/{name}").text for name in ("a.html", "b", "c.txt")]
    assert texts == ["&lt;b&gt;&amp;", "&lt;b&gt;&amp;", "<b>&"]
