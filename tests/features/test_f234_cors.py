"""F234: CORS."""

from __future__ import annotations

from bistro import App
from bistro.plugins import Cors
from bistro.testing import Client

SHOP = "https://shop.example"


def test_f234_scripts_of_named_origins_may_use_the_api_and_others_may_not() -> None:
    app = App(Cors([SHOP], credentials=True))

    @app.post("/orders")
    async def order() -> dict[str, bool]:
        return {"ok": True}

    client = Client(app)
    preflight = client.options("/orders", headers={"origin": SHOP, "access-control-request-method": "POST"})
    assert (preflight.status, preflight.headers["access-control-allow-origin"]) == (204, SHOP)
    answer = client.post("/orders", headers={"origin": SHOP})
    assert answer.headers["access-control-allow-origin"] == SHOP
    assert answer.headers["access-control-allow-credentials"] == "true"
    assert "origin" in answer.headers["vary"]
    for origin in ("https://shopXexample", "https://evil.example"):
        assert "access-control-allow-origin" not in client.post("/orders", headers={"origin": origin}).headers
