"""Templates of a site's own for the fields of forms."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import pytest
from msgspec import Struct

from bistro import App, Html
from bistro.forms import FormView, Widget
from bistro.plugins import Rendering
from bistro.testing import Client


class Note(Struct):
    title: str
    body: Annotated[str, Widget(kind="textarea")] = ""
    stars: Annotated[int, Widget(template="stars.html")] = 3
    token: Annotated[str, Widget(kind="hidden")] = ""


def page_of(rendering: Rendering) -> str:
    app = App(rendering)

    @app.get("/x")
    async def show(form: FormView[Note]) -> Html:
        return Html(form.html)

    return Client(app).get("/x").text


STARS = "{{ field.label }}={{ field.text }};"


def test_single_field_has_its_own_template() -> None:
    page = page_of(Rendering(sources={"stars.html": STARS}))
    assert "Stars=3;" in page
    assert '<input type="text" id="f-title"' in page


def test_template_of_a_kind_comes_before_that_for_all() -> None:
    sources = {
        "stars.html": STARS,
        "forms/field.html": "any {{ field.name }};",
        "forms/textarea.html": "area;",
    }
    page = page_of(Rendering(sources=sources))
    assert "any title;" in page
    assert "area;" in page
    assert "Stars=3;" in page
    assert '<input type="hidden" name="token">' in page


def test_templates_in_the_folder_are_found(tmp_path: Path) -> None:
    folder = tmp_path / "templates"
    (folder / "forms").mkdir(parents=True)
    (folder / "stars.html").write_text(STARS)
    (folder / "forms" / "text.html").write_text("own {{ field.input }} {{ url('show') }}")
    assert 'own <input type="text" id="f-title" name="title"> /x' in page_of(Rendering(folder))


def test_template_that_is_written_while_the_site_runs_is_seen_in_development(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ENV", "development")
    folder = tmp_path / "templates"
    (folder / "forms").mkdir(parents=True)
    (folder / "stars.html").write_text(STARS)
    app = App(Rendering(folder))

    @app.get("/x")
    async def show(form: FormView[Note]) -> Html:
        return Html(form.html)

    client = Client(app)
    assert "later" not in client.get("/x").text
    (folder / "forms" / "text.html").write_text("later")
    assert "later" in client.get("/x").text


def test_what_visitors_type_is_escaped_in_templates_too() -> None:
    app = App(
        Rendering(
            sources={
                "stars.html": STARS,
                "forms/text.html": "{{ field.text }} {{ field.input }} {{ field.html }}",
            }
        )
    )

    @app.get("/x")
    async def show(form: FormView[Note]) -> Html:
        return Html(form.fill(Note("<script>")).html)

    page = Client(app).get("/x").text
    assert "<script>" not in page
    assert page.count("&lt;script&gt;") == 3
