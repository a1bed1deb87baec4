"""F157: a shortcut renders a template with a status and headers."""

from __future__ import annotations

from pathlib import Path

from bistro import App, render
from bistro.plugins import Rendered, Rendering
from bistro.testing import Client


def test_f157_a_template_is_rendered_with_names_status_and_headers(tmp_path: Path) -> None:
    (tmp_path / "made.html").write_text("<p>{{ name }} was made.</p>")
    app = App(Rendering(tmp_path))

    @app.post("/notes")
    async def make() -> Rendered:
        return render("made.html", name="Milk & bread", status=201, headers={"location": "/notes/1"})

    answer = Client(app).post("/notes")

    assert answer.status == 201
    assert answer.headers["location"] == "/notes/1"
    assert answer.content_type == "text/html"
    assert answer.text == "<p>Milk &amp; bread was made.</p>"


def test_f157_blocking_handlers_may_use_it_too(tmp_path: Path) -> None:
    (tmp_path / "a.html").write_text("{{ request.method }}")
    app = App(Rendering(tmp_path))

    @app.get("/")
    def show() -> Rendered:
        return render("a.html", status=418)

    assert (Client(app).get("/").status, Client(app).get("/").text) == (418, "GET")
