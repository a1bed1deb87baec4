"""F57, F65: a name without a value is an error; the error page shows the template's line and its values."""

from __future__ import annotations

from pathlib import Path

import pytest

from bistro import App, render
from bistro.plugins import Rendered, Rendering
from bistro.testing import Client

HTML = {"accept": "text/html"}


def app_with(folder: Path) -> App:
    app = App(Rendering(folder))

    @app.get("/")
    async def show() -> Rendered:
        return render("note.html", title="a title", numbers=[1, 0])

    return app


def test_f057_in_every_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "note.html").write_text("{{ titel }}")
    for environment in ("development", "testing", "production"):
        monkeypatch.setenv("ENV", environment)
        monkeypatch.setenv("ALLOWED_HOSTS", "localhost")
        client = Client(app_with(tmp_path), raise_server_errors=False)
        assert client.get("/").status == 500


def test_f065_error_page_shows_line_source_and_variables(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ENV", "development")
    (tmp_path / "note.html").write_text(
        "<h1>{{ title }}</h1>\n{% for n in numbers %}\n{{ 10 / n }}\n{% endfor %}"
    )
    page = Client(app_with(tmp_path), raise_server_errors=False).get("/", headers=HTML).text
    assert "note.html:3" in page
    assert "{{ 10 / n }}" in page
    assert "ZeroDivisionError" in page
    assert "a title" in page
