"""F275: an error page with source and locals (SQL and template lines come with those parts)."""

from __future__ import annotations

from typing import Any  # the browser, whose package is imported late

import pytest

from bistro import App
from bistro.testing.live_server import LiveServer


@pytest.mark.browser
def test_f275_browser_shows_the_page_with_source_values_and_no_complaint(
    browser: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ENV", "development")
    app = App()

    @app.get("/orders/{id:int}")
    async def show(id: int) -> dict[str, float]:
        prices: list[int] = []
        return {"mean": sum(prices) / len(prices)}

    with LiveServer(app) as server:
        page = browser.new_page()
        complaints: list[str] = []
        page.on("console", lambda message: complaints.append(message.text))
        page.goto(f"{server.url}/orders/7")
        assert page.locator("h1").inner_text() == "ZeroDivisionError"
        assert "sum(prices) / len(prices)" in page.locator("mark").first.inner_text()
        assert page.locator("th", has_text="prices").first.is_visible()
        # The style was let in by its hash: without it the page would be black on white.
        colour = page.evaluate("getComputedStyle(document.querySelector('h1')).color")
    assert colour == "rgb(165, 40, 27)"
    assert not [text for text in complaints if "Content Security Policy" in text]
