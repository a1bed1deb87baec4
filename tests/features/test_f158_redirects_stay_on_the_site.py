"""F158: a redirect goes to another host only where the site has named it."""

from __future__ import annotations

import pytest

from bistro import App, Redirect
from bistro.testing import Client


def make_client() -> Client:
    app = App()

    @app.get("/go")
    async def go(next: str) -> Redirect:
        return Redirect(next, allowed_hosts=["shop.example"])

    return Client(app, raise_server_errors=False)


@pytest.mark.parametrize("target", ["/notes", "/notes?page=2#end", "https://shop.example/cart"])
def test_redirect_to_the_site_and_to_named_hosts(target: str) -> None:
    answer = make_client().get("/go", params={"next": target})
    assert answer.headers["location"] == target


@pytest.mark.parametrize(
    "target",
    [
        "https://evil.example/",
        "//evil.example",
        "/\\evil.example",
        "\\\\evil.example",
        "/\t/evil.example",
        "http:evil.example",
        "javascript:alert(1)",
        "https://shop.example@evil.example/",
        "https://shop.example.evil.example/",
    ],
)
def test_redirect_to_another_host_is_refused(target: str) -> None:
    answer = make_client().get("/go", params={"next": target})
    assert answer.status == 400
    assert "location" not in answer.headers
