"""F54: whatever a page prints is escaped for HTML, unless the site says that it is HTML."""

from __future__ import annotations

from markupsafe import Markup

from bistro import App, render
from bistro.plugins import Rendered, Rendering
from bistro.testing import Client


def test_f054_what_visitors_sent_is_no_html_and_what_the_site_marked_is() -> None:
    app = App(Rendering(sources={"a.html": '<p title="{{ word }}">{{ word }}{{ own }}</p>'}))

    @app.get("/")
    async def show(word: str) -> Rendered:
        return render("a.html", word=word, own=Markup("<b>own</b>"))

    text = Client(app).get("/?word=%3Cscript%3E%22%27").text
    assert text == '<p title="&lt;script&gt;&#34;&#39;">&lt;script&gt;&#34;&#39;<b>own</b></p>'


def test_f054_a_text_template_is_not_escaped() -> None:
    app = App(Rendering(sources={"a.txt": "{{ word }}"}))

    @app.get("/")
    async def show() -> Rendered:
        return render("a.txt", word="a < b")

    assert Client(app).get("/").text == "a < b"
