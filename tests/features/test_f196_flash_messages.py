"""F196: a message for the next page, shown once."""

from __future__ import annotations

from bistro import App, Html, Redirect, escape, render
from bistro.plugins import Flashes, FlashMessages, MemorySessions, Rendered, Rendering, Sessions
from bistro.testing import Client


def test_message_survives_a_redirect_and_is_shown_once_and_escaped() -> None:
    app = App(Sessions(MemorySessions()), FlashMessages())

    @app.post("/notes")
    async def create(flashes: Flashes) -> Redirect:
        flashes.add("Saved <b>Milk</b>", "success")
        return Redirect("/notes", status=303)

    @app.get("/notes")
    async def notes(flashes: Flashes) -> Html:
        return Html("".join(f'<p role="status" class="{f.kind}">{escape(f.text)}</p>' for f in flashes))

    client = Client(app, follow_redirects=True)
    assert client.post("/notes").text == '<p role="status" class="success">Saved &lt;b&gt;Milk&lt;/b&gt;</p>'
    assert client.get("/notes").text == ""


def test_templates_show_them_without_a_line_in_the_handler() -> None:
    base = "{% for flash in flashes %}<p class='{{ flash.kind }}'>{{ flash.text }}</p>{% endfor %}"
    rendering = Rendering(sources={"page.html": f"{base}done", "plain.html": "plain"})
    app = App(rendering, Sessions(MemorySessions()), FlashMessages())

    @app.post("/notes")
    async def create(flashes: Flashes) -> Redirect:
        flashes.add("Saved <b>Milk</b>", "success")
        return Redirect("/plain", status=303)

    @app.get("/page")
    async def page() -> Rendered:
        return render("page.html")

    @app.get("/plain")
    async def plain() -> Rendered:
        return render("plain.html")

    client = Client(app, follow_redirects=True)
    assert client.post("/notes").text == "plain"
    assert client.get("/page").text == "<p class='success'>Saved &lt;b&gt;Milk&lt;/b&gt;</p>done"
    assert client.get("/page").text == "done"
