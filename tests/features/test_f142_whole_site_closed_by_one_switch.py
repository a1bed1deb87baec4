"""F142: a whole site is closed by one switch, routes are opened one by one."""

from __future__ import annotations

from bistro import App, Routes
from bistro.plugins import Accounts
from tests.features.accounts_site import add_user, log_in, site


def add(app: App) -> None:
    @app.get("/inside")
    async def inside() -> str:
        return "inside"

    @app.get("/about", public=True)
    async def about() -> str:
        return "about"

    group = Routes(public=True)

    @group.get("/news")
    async def news() -> str:
        return "news"

    app.include(group, at="/press")


def test_f142_closed_site_lets_visitors_see_what_is_public() -> None:
    with site(Accounts(closed=True), add) as client:
        assert client.get("/inside").status == 401
        assert [client.get(each).status for each in ("/about", "/press/news", "/accounts/log-in")] == [
            200
        ] * 3
        add_user(client)
        log_in(client)
        assert client.get("/inside").text == "inside"
