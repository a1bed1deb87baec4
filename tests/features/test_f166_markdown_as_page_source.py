"""F166: Markdown is the source of a page, sanitised."""

from __future__ import annotations

from bistro import App, render
from bistro.plugins import Rendered, Rendering
from bistro.testing import Client


def test_f166_markdown_becomes_html_without_scripts() -> None:
    app = App(Rendering(sources={"page.html": "<main>{{ text|markdown }}</main>"}))

    @app.get("/")
    async def show() -> Rendered:
        return render("page.html", text="# Hello\n\n<script>alert(1)</script> *you*")

    text = Client(app).get("/").text
    assert "<h1>Hello</h1>" in text
    assert "<em>you</em>" in text
    assert "<script>" not in text
