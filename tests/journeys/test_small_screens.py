"""Built-in pages on a phone of 360 px, in light and in dark: nothing sticks out, and no word is cut into letters."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Self

import pytest
from playwright.sync_api import Browser
from playwright.sync_api import Page as BrowserPage

from bistro import App
from bistro.plugins import Mail, Mailer, MailPage, Rendering
from bistro.testing import LiveServer

SOURCE = """{% extends "mail/base.html" %}{% block subject %}Your key{% endblock %}
{% block content %}<p id="key">{{ key }}</p>{% endblock %}"""
# Cells whose first word takes several lines, though it is no longer than words are.
CUT = """() => [...document.querySelectorAll("th, td")].filter(cell => {
  const range = document.createRange(), text = document.createTreeWalker(cell, NodeFilter.SHOW_TEXT).nextNode()
  if (!text || !text.data.trim()) return false
  const start = text.data.search(/\\S/), word = text.data.trim().split(/\\s/)[0]
  range.setStart(text, start); range.setEnd(text, start + word.length)
  return word.length < 20 && range.getClientRects().length > 1
}).map(cell => cell.textContent)"""


class LongNameOfAMailForNobodyInParticular(MailPage, template="key.html"):
    key: str

    @classmethod
    def example(cls) -> Self:
        return cls(key="sample key")


@pytest.fixture
def page(browser: Browser) -> BrowserPage:
    return browser.new_page(viewport={"width": 360, "height": 700}, color_scheme="dark")


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[LiveServer]:
    monkeypatch.setenv("ENV", "development")
    monkeypatch.setenv("MAIL_URL", "memory:")
    app = App(Mail(), Rendering(sources={"key.html": SOURCE}))

    @app.get("/a-page/of-the-site/{number:int}")
    async def show_a_page_with_a_long_name(number: int) -> None: ...

    @app.get("/send")
    async def send(mailer: Mailer) -> str:
        await mailer.send_now(LongNameOfAMailForNobodyInParticular(key="real"), to="ada@example.com")
        return "sent"

    with LiveServer(app) as running:
        yield running


@pytest.mark.browser
@pytest.mark.parametrize("path", ["/nowhere", "/_bistro/mail", "/_bistro/mail/sent/0"])
def test_page_for_developers_fits_a_phone(page: BrowserPage, server: LiveServer, path: str) -> None:
    page.goto(f"{server.url}/send")
    page.goto(server.url + path)
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    assert page.evaluate(CUT) == []


@pytest.mark.browser
def test_mail_is_as_dark_as_its_preview(page: BrowserPage, server: LiveServer) -> None:
    # It was white text on white: the mail is shown in the colours of the reader, and the frame was white.
    page.goto(f"{server.url}/_bistro/mail/sample/{__name__}.LongNameOfAMailForNobodyInParticular")
    page.frame_locator("iframe").locator("#key").wait_for()
    colour = "element => getComputedStyle(element).%s.match(/[0-9]+/g).slice(0, 3).reduce((a, b) => +a + +b)"
    ground = page.locator("iframe").evaluate(colour % "backgroundColor")
    ink = page.frame_locator("iframe").locator("#key").evaluate(colour % "color")
    assert abs(int(ink) - int(ground)) > 450
