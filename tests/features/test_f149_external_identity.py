"""F149: identity from outside: remote user, a directory, back ends of one's own."""

from __future__ import annotations

from bistro import App
from bistro.plugins import Accounts, CheckedBy, Database, RemoteUser
from bistro.plugins.accounts import User
from bistro.plugins.accounts.identities import ExternalIdentity
from bistro.testing import Client


def add_page(app: App) -> None:
    @app.get("/me")
    async def me(user: User) -> str:
        return user.email


def test_proxy_says_who_it_is() -> None:
    app = App(
        Database("sqlite://"), Accounts(methods=[RemoteUser("x-remote-user")]), trusted_proxies=["127.0.0.1"]
    )
    add_page(app)
    with Client(app) as client:
        assert client.get("/me", headers={"x-remote-user": "ann@example.com"}).text == "ann@example.com"
        assert client.get("/me").status == 401


def test_directory_knows_the_password() -> None:
    class Directory:
        name, label = "directory", "the directory"

        async def check(self, login: str, password: str) -> ExternalIdentity | None:
            if (login, password) != ("ann@example.com", "known there"):
                return None
            return ExternalIdentity("uid=ann", "ann@example.com", is_email_verified=True, name="Ann")

    app = App(Database("sqlite://", repeats_max=None), Accounts(methods=[CheckedBy([Directory()])]))
    add_page(app)
    with Client(app) as client:
        form = {"login": "ann@example.com", "password": "known there", "next": "/me"}
        assert client.post("/accounts/log-in", data=form, follow_redirects=True).text == "ann@example.com"
