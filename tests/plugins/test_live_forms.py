from __future__ import annotations

from pathlib import Path

import pytest

from bistro import App, render
from bistro.plugins import LiveForms, Rendering
from bistro.testing import Client


@pytest.mark.parametrize("environment", ["development", "testing"])
def test_tag_leads_to_the_script(environment: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("ENV", environment)
    app = App(LiveForms(), Rendering(sources={"page.html": "{{ live_forms() }}"}))

    @app.get("/")
    async def show() -> object:
        return render("page.html")

    with Client(app) as client:
        tag = client.get("/").text
        assert tag.startswith('<script src="/static/bistro/live-forms')
        assert tag.endswith('" defer></script>')
        script = client.get(tag.partition('"')[2].partition('"')[0])
    assert script.headers["content-type"].startswith("text/javascript")
    assert script.headers["x-content-type-options"] == "nosniff"


def test_script_makes_no_markup_of_what_it_hears() -> None:
    import bistro.plugins.live_forms as room

    text = (Path(room.__file__).parent / "static" / "live-forms.js").read_text()
    for forbidden in (
        "innerHTML",
        "outerHTML",
        "insertAdjacentHTML",
        "document.write",
        "eval(",
        "new Function",
    ):
        assert forbidden not in text
