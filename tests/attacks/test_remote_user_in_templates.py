"""Attacks behind a proxy that says who somebody is: the next at a shared browser sees nothing of the last."""

from __future__ import annotations

from pathlib import Path

from bistro import App
from bistro.plugins import Accounts, Database, RemoteUser, Rendering
from bistro.templates import Page
from bistro.testing import Client
from tests.plugins.accounts.support import EMAIL, QUICK, who_routes


class Seen(Page, template="seen.html"):
    pass


def test_template_shows_nobody_whom_the_proxy_does_not_name_any_more(tmp_path: Path) -> None:
    (tmp_path / "seen.html").write_text("{{ user.email if user else 'nobody' }}")
    app = App(
        Database("sqlite://", repeats_max=None),
        Accounts(methods=[RemoteUser()], passwords=QUICK),
        Rendering(tmp_path),
        trusted_proxies=["127.0.0.1"],
    )
    who_routes(app)

    @app.get("/news", public=True)
    async def news() -> Seen:
        return Seen()

    with Client(app) as client:
        assert client.get("/me", headers={"remote-user": EMAIL}).text == EMAIL
        assert client.get("/news", headers={"remote-user": EMAIL}).text == EMAIL
        assert client.get("/news", headers={"remote-user": "bob@example.com"}).text == "nobody"
        assert client.get("/news").text == "nobody"
