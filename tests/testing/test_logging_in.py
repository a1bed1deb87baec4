"""Being logged in without a log-in."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest

from bistro import App
from bistro.db import create_tables, sync
from bistro.plugins import Accounts, Database, Mail, Sessions
from bistro.plugins.accounts import AccountEvent, User, UserSessions, permitted, recent_log_in
from bistro.plugins.sessions import StoredSession
from bistro.testing import AsyncClient, Client, Factory, NoAccounts, log_in, rolled_back_in, wait_for_log_in

users = Factory(User)


def make_site() -> App:
    app = App(
        Database("sqlite://"),
        Mail("memory:", sender="s@example.com"),
        Sessions(UserSessions()),
        Accounts(roles={"editor": ["note.publish"]}),
    )

    @app.on_start
    async def make_tables() -> None:
        await create_tables(User, AccountEvent, StoredSession)

    @app.get("/me")
    async def show(user: User) -> str:
        return user.email

    @app.post("/publish", before=[permitted("note.publish"), recent_log_in()])
    async def publish(user: User) -> None: ...

    return app


@pytest.fixture
def client() -> Iterator[Client]:
    with Client(make_site()) as client, rolled_back_in(client):
        yield client


def test_client_goes_on_as_the_user(client: Client) -> None:
    assert client.get("/me").status == 401
    log_in(client, sync(users.create(email="ann@example.com")))
    assert client.get("/me").text == "ann@example.com"


def test_second_user_takes_the_place_of_the_first(client: Client) -> None:
    for email in ("ann@example.com", "bob@example.com"):
        log_in(client, sync(users.create(email=email)))
        assert client.get("/me").text == email
    assert [each.owner for each in sync(StoredSession.objects.all())] == [
        sync(User.objects.get(User.email == "bob@example.com")).key
    ]


def test_user_may_do_what_their_role_permits_and_what_asks_for_a_recent_log_in(client: Client) -> None:
    log_in(client, sync(users.create(email="ann@example.com")))
    assert client.post("/publish").status == 403
    log_in(client, sync(users.create(email="bob@example.com", roles=["editor"])))
    assert client.post("/publish").status == 204


def test_user_is_logged_out_as_any_other(client: Client) -> None:
    log_in(client, sync(users.create(email="ann@example.com")))
    client.post("/accounts/log-out")
    assert client.get("/me").status == 401


def test_async_test_awaits_it() -> None:
    async def test() -> str:
        async with AsyncClient(make_site(), base_url="https://localhost") as client:
            await wait_for_log_in(client, await users.create(email="ann@example.com"))
            return (await client.get("/me")).text

    assert asyncio.run(test()) == "ann@example.com"


def test_site_without_accounts_says_so() -> None:
    with Client(App(defaults=False)) as client, pytest.raises(NoAccounts, match="no accounts"):
        log_in(client, User(email="ann@example.com"))
