"""F275: an error page with source and locals (SQL and template lines come with those parts)."""

from __future__ import annotations

import pytest

from bistro import App
from bistro.testing.live_server import LiveServer


@pytest.mark.browser
def test_f275_browser_shows_the_page_with_source_values_and_no_complaint(
    chromium: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    sync_api = pytest.importorskip("playwright.sync_api")
    monkeypatch.setenv("ENV", "development")
    app = App()

    @app.get("/orders/{id:int}")
    async def show(id: int) -> dict[str, float]:
        prices: list[int] = []
        return {"mean": sum(prices) / len(prices)}

    flags = [
        "--no-sandbox",
        "--disable-gpu",
        "--disable-quic",
        "--no-first-run",
        "--disable-background-networking",
    ]
    with LiveServer(app) as server, sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=flags)
        page = browser.new_page()
        complaints: list[str] = []
        page.on("console", lambda message: complaints.append(message.text))
        page.goto(f"{server.url}/orders/7")
        assert page.locator("h1").inner_text() == "ZeroDivisionError"
        assert "sum(prices) / len(prices)" in page.locator("mark").first.inner_text()
        assert page.locator("th", has_text="prices").first.is_visible()
        # The style was let in by its hash: without it the page would be black on white.
        colour = page.evaluate("getComputedStyle(document.querySelector('h1')).color")
        browser.close()
    assert colour == "rgb(165, 40, 27)"
    assert not [text for text in complaints if "Content Security Policy" in text]
