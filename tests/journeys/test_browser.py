"""A real browser, the native server, the notes site."""

from __future__ import annotations

from pathlib import Path

import pytest

from bistro import App
from bistro.testing import LiveServer
from tests.examples.support import load_notes_site

pytestmark = pytest.mark.browser


@pytest.fixture
def app(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> App:
    """The notes site on an empty database."""
    return load_notes_site(f"sqlite:///{tmp_path / 'notes.db'}", monkeypatch)


@pytest.fixture
def page(browser):
    page = browser.new_page()
    page.faults = []
    page.on("console", lambda message: page.faults.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: page.faults.append(str(error)))
    return page


def test_a_browser_lists_finds_and_opens_notes_without_a_complaint(page, live_server: LiveServer) -> None:
    page.goto(live_server.url + "/")
    assert page.title() == "Notes"
    page.get_by_label("Search").fill("welcome")
    page.get_by_role("button", name="Search").click()
    page.get_by_role("link", name="Welcome to Bistro").click()
    assert page.get_by_role("heading").inner_text() == "Welcome to Bistro"
    assert page.url.endswith("/notes/1")
    assert page.faults == []


def test_a_page_that_is_not_there_is_told_as_a_page(page, live_server: LiveServer) -> None:
    answer = page.goto(live_server.url + "/notes/999")
    assert answer.status == 404
    assert "Not Found" in page.inner_text("h1")


def test_json_made_in_a_page_is_served_by_the_api(page, live_server: LiveServer) -> None:
    page.goto(live_server.url + "/")
    made = page.evaluate(
        """async () => {
            const answer = await fetch("/api/notes", {method: "POST",
                headers: {"content-type": "application/json"}, body: JSON.stringify({title: "From a page"})})
            return [answer.status, (await answer.json()).title]
        }"""
    )
    assert made == [201, "From a page"]
    page.reload()
    assert page.get_by_role("link", name="From a page").count() == 1
