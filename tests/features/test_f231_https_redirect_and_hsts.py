"""F231: plain HTTP is led to https, and browsers are told to come by it themselves."""

from __future__ import annotations

from datetime import timedelta

import pytest

from bistro import App
from bistro.plugins import HttpsOnly, SecurityHeaders
from bistro.testing import Client


def test_f231_plain_http_is_led_to_https_and_browsers_remember(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ENV", "testing")
    app = App(HttpsOnly(), SecurityHeaders(transport_security=timedelta(days=365)))

    @app.get("/cart")
    async def cart() -> str:
        return "cart"

    client = Client(app, follow_redirects=False)
    answer = client.get("http://localhost/cart?a=1")
    assert (answer.status, answer.headers["location"]) == (308, "https://localhost/cart?a=1")
    secure = client.get("https://localhost/cart")
    assert secure.text == "cart"
    assert secure.headers["strict-transport-security"] == "max-age=31536000; includeSubDomains"
