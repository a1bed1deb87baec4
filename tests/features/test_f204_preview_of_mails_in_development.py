"""F204: mails can be looked at in the browser while the site is developed, samples and those sent."""

from __future__ import annotations

from typing import Self

import pytest
from playwright.sync_api import Browser
from playwright.sync_api import Page as BrowserPage

from bistro import App
from bistro.plugins import Mail, Mailer, MailPage, Rendering
from bistro.testing import Client, LiveServer
from tests.browsers import find_faults

# Mails are in frames, and have their own tests.
RULES = "{runOnly: ['wcag2a', 'wcag2aa', 'wcag21aa', 'wcag22aa'], iframes: false}"
SOURCE = """{% extends "mail/base.html" %}{% block subject %}Your key{% endblock %}
{% block content %}<p id="key">{{ key }}</p><script>document.title = "run"</script>{% endblock %}"""


class KeyMail(MailPage, template="key.html"):
    key: str

    @classmethod
    def example(cls) -> Self:
        return cls(key="sample key")


@pytest.fixture
def page(browser: Browser) -> BrowserPage:
    return browser.new_page()


@pytest.mark.browser
def test_both_lists_lead_to_the_mail_as_a_reader_sees_it(
    page: BrowserPage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ENV", "development")
    monkeypatch.setenv("MAIL_URL", "memory:")
    app = App(Mail(), Rendering(sources={"key.html": SOURCE}))

    @app.get("/send")
    async def send(mailer: Mailer) -> str:
        await mailer.send_now(KeyMail(key="real key"), to="ada@example.com")
        return "sent"

    with LiveServer(app) as server:
        for start, key in (("Your key", "real key"), (f"{__name__}.KeyMail", "sample key")):
            page.goto(f"{server.url}/send")
            page.goto(f"{server.url}/_bistro/mail")
            assert find_faults(page, RULES) == []
            page.get_by_role("link", name=start).first.click()
            assert page.frame_locator("iframe").locator("#key").inner_text() == key
            assert key in page.locator("pre").inner_text()
            assert page.title() == "Your key"  # no script of the mail has run
            assert find_faults(page, RULES) == []


def test_production_has_no_such_page(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ENV", "production")
    monkeypatch.setenv("ALLOWED_HOSTS", "localhost")
    assert Client(App(Mail("memory:", sender="s@example.com"))).get("/_bistro/mail").status == 404
