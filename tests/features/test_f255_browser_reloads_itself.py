"""F255: in development the browser loads a page anew by itself, and says that the app can't start."""

from __future__ import annotations

from pathlib import Path
from typing import Any  # the browser, whose package is imported late

import pytest

from tests.cli.processes import Running

SITE = (
    "from bistro import App, Html\napp = App()\n"
    '@app.get("/")\nasync def show() -> Html:\n    return Html("<html><body><h1>{word}</h1></body></html>")\n'
)
PATIENCE = 30_000


@pytest.mark.slow
@pytest.mark.browser
def test_f255_page_shows_a_change_and_a_mistake_without_being_asked(browser: Any, tmp_path: Path) -> None:
    file = tmp_path / "app.py"
    file.write_text(SITE.format(word="old"))
    with Running(["run", "--port", "0"], tmp_path) as running:
        port = running.wait_until_serving()
        page = browser.new_page()
        with page.expect_response(lambda answer: answer.url.endswith("/_bistro/reload"), timeout=PATIENCE):
            page.goto(f"http://127.0.0.1:{port}/")
        file.write_text(SITE.format(word="changed"))
        page.get_by_role("heading", name="changed").wait_for(timeout=PATIENCE)
        file.write_text("app = (\n")
        alert = page.get_by_role("alert")
        alert.wait_for(timeout=PATIENCE)
        assert "The app can't start" in alert.inner_text()
        file.write_text(SITE.format(word="mended"))
        page.get_by_role("heading", name="mended").wait_for(timeout=PATIENCE)
        page.close()
