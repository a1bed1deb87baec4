"""A site with accounts as its user writes it, for the tests of features."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from bistro import App
from bistro.plugins import Accounts, Database
from bistro.plugins.accounts import AccountSite, User
from bistro.testing import Client, Mailbox

EMAIL, PASSWORD = "ada@example.com", "a quiet harbour"
HTML = {"accept": "text/html"}


@contextmanager
def site(accounts: Accounts | None = None, add: Callable[[App], None] | None = None) -> Iterator[Client]:
    """A running site, in which /me says who is logged in."""
    app = App(Database("sqlite://"), accounts or Accounts())

    @app.get("/me")
    async def me(user: User) -> str:
        return user.email

    @app.post("/users", public=True)
    async def add_user(new: dict[str, Any], site: AccountSite) -> None:
        await site.create_user(**new)

    if add is not None:
        add(app)
    with Client(app) as client:
        yield client


def add_user(client: Client, email: str = EMAIL, **fields: Any) -> None:
    assert client.post("/users", json={"email": email, "password": PASSWORD, **fields}).status == 204


def log_in(client: Client, email: str = EMAIL, password: str = PASSWORD) -> int:
    return client.post("/accounts/log-in", data={"login": email, "password": password}, headers=HTML).status


def token_of_last_mail(client: Client) -> str:
    found = re.search(r"token=([\w-]+)", Mailbox(client).messages[-1].text)
    assert found
    return found[1]
