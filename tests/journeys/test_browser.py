"""A real browser, the native server, the notes site."""

from __future__ import annotations

import pytest

from bistro.testing import LiveServer
from examples.notes.app import make_app

pytestmark = pytest.mark.browser
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
]


@pytest.fixture
def page(chromium: str):
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=FLAGS)
        page = browser.new_page()
        page.faults = []
        page.on(
            "console", lambda message: page.faults.append(message.text) if message.type == "error" else None
        )
        page.on("pageerror", lambda error: page.faults.append(str(error)))
        yield page
        browser.close()


def test_a_browser_lists_finds_and_opens_notes_without_a_complaint(page) -> None:
    with LiveServer(make_app()) as server:
        page.goto(server.url + "/")
        assert page.title() == "Notes"
        page.get_by_label("Search").fill("welcome")
        page.get_by_role("button", name="Search").click()
        page.get_by_role("link", name="Welcome to Bistro").click()
        assert page.get_by_role("heading").inner_text() == "Welcome to Bistro"
        assert page.url.endswith("/notes/1")
    assert page.faults == []


def test_a_page_that_is_not_there_is_told_as_a_page(page) -> None:
    with LiveServer(make_app()) as server:
        answer = page.goto(server.url + "/notes/999")
        assert answer.status == 404
        assert "There is no note 999." in page.inner_text("body")


def test_json_made_in_a_page_is_served_by_the_api(page) -> None:
    with LiveServer(make_app()) as server:
        page.goto(server.url + "/")
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
