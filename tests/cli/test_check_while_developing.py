"""The development server says what `bistro check` finds, and serves all the same."""

from __future__ import annotations

from pathlib import Path

import pytest

from bistro import App, Page
from bistro.cli.check import tell_findings
from bistro.plugins import Rendering
from tests.cli.processes import Running, fetch


class Shown(Page, template="page.html"):
    title: str


def app_with(template: str) -> App:
    app = App(Rendering(sources={"page.html": template}))

    @app.get("/")
    async def show() -> Shown:
        return Shown("a")

    return app


def test_findings_are_said_with_their_place(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    tell_findings(app_with("{{ titel }}"))
    said = capsys.readouterr().err
    assert "templates.E003: there is no name 'titel' here" in said
    assert "Did you mean 'title'?" in said
    assert "1 error" in said


def test_nothing_is_said_where_nothing_is_wrong_or_all_is_silenced(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    tell_findings(app_with("{{ title }}"))
    (tmp_path / "pyproject.toml").write_text(
        '[tool.bistro.check]\nsilence = { "templates.E003" = "the old page" }\n'
    )
    tell_findings(app_with("{{ titel }}"))
    assert capsys.readouterr().err == ""


@pytest.mark.slow
def test_development_server_says_them_and_serves(tmp_path: Path) -> None:
    (tmp_path / "templates").mkdir()
    (tmp_path / "templates" / "unused.html").write_text("\n{% if %}")
    (tmp_path / "app.py").write_text(
        'from bistro import App\napp = App()\n@app.get("/")\ndef hello() -> str:\n    return "hello"\n'
    )
    with Running(["run", "--port", "0"], tmp_path) as running:
        port = running.wait_until_serving()
        running.wait_for_line(r"templates\.E001")
        running.wait_for_line(r"unused\.html:2")
        assert fetch(port)[1] == "hello"
