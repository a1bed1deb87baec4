"""F78, F82: protection against forged requests is on for unsafe methods, without tokens."""

from __future__ import annotations

import pytest

from bistro import App, Routes
from bistro.plugins import Csrf
from bistro.testing import Client


def make_site(*plugins: Csrf) -> App:
    app = App(*plugins)

    @app.get("/")
    async def page() -> str:
        return "page"

    @app.post("/")
    async def change() -> str:
        return "changed"

    hooks = Routes(csrf=False)

    @hooks.post("/paid")
    async def paid() -> str:
        return "thanks"

    app.include(hooks, at="/hooks")
    return app


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
def test_f078_form_of_another_site_is_refused(site: str) -> None:
    client = Client(make_site(), headers={"sec-fetch-site": site})
    assert (client.get("/").status, client.post("/").status) == (200, 403)


def test_f082_browser_without_fetch_metadata_is_judged_by_its_origin() -> None:
    client = Client(make_site(), headers={"sec-fetch-site": None})
    statuses = [
        client.post("/", headers={"origin": origin}).status
        for origin in ("http://localhost", "https://evil.example", "null")
    ]
    assert statuses == [200, 403, 403]


def test_f083_route_is_exempt_and_origin_is_trusted() -> None:
    client = Client(make_site(Csrf(trusted_origins=["https://admin.example"])))
    foreign = {"sec-fetch-site": "cross-site", "origin": "https://evil.example"}
    trusted = {"sec-fetch-site": "cross-site", "origin": "https://admin.example"}
    assert client.post("/hooks/paid", headers=foreign).status == 200
    assert client.post("/", headers=trusted).status == 200


def test_f084_refusal_says_which_check_failed_and_how_to_fix_it() -> None:
    answer = Client(make_site()).post("/", headers={"sec-fetch-site": "cross-site", "accept": "text/html"})
    assert "Sec-Fetch-Site" in answer.text
    assert "trusted_origins" in answer.text


def test_json_sent_as_text_by_another_site_is_refused_too() -> None:
    headers = {"sec-fetch-site": "cross-site", "content-type": "text/plain"}
    assert Client(make_site()).post("/", content=b'{"a": 1}', headers=headers).status == 403
