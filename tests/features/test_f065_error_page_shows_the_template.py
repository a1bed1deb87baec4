"""F65: the error page of development shows the template's file, line, source and variables."""

from __future__ import annotations

from pathlib import Path

import pytest

from bistro import App, render
from bistro.plugins import Rendered, Rendering
from bistro.testing import Client


def test_f065_line_source_and_variables_of_the_template_are_shown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ENV", "development")
    (tmp_path / "sum.html").write_text("<h1>Sums</h1>\n<p>{{ total / count }}</p>\n")
    app = App(Rendering(tmp_path))

    @app.get("/")
    async def show() -> Rendered:
        return render("sum.html", total=7461, count=0)

    client = Client(app, raise_server_errors=False)
    page = client.get("/", headers={"accept": "text/html"}).text
    assert "ZeroDivisionError" in page
    assert "sum.html" in page
    assert "{{ total / count }}" in page
    assert "7461" in page
