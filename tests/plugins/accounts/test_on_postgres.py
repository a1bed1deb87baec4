"""Accounts on PostgreSQL: what depends on the database, from the plugin's migrations on."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from bistro import App
from bistro.db import get_database
from bistro.plugins import Accounts, Database, RemoteUser
from bistro.plugins.accounts import AccountSite, ApiTokens, User, permitted
from bistro.plugins.database.migrations import apply_all
from bistro.testing import AsyncClient, Client, Mailbox
from tests.db.conftest import postgres_database_url, postgres_url  # noqa: F401 - fixtures
from tests.plugins.accounts.support import EMAIL, PASSWORD, QUICK, Site, site_with, who_routes

pytestmark = pytest.mark.service
SCOPES = {"*": "Everything"}


def add(app: App) -> None:
    who_routes(app)

    @app.post("/publish", before=[permitted("note.publish")])
    async def publish() -> str:
        return "published"

    @app.post("/join")
    async def join(user: User, site: AccountSite) -> None:
        await site.make_group("press", ["editor"])
        await site.make_group("press", ["editor", "reader"])
        await site.add_to_group(user, "press")


@pytest.fixture
def site(postgres_url: str) -> Iterator[Site]:  # noqa: F811
    roles = {"editor": ["note.publish"]}
    with site_with(add=add, url=postgres_url, roles=roles, methods=[ApiTokens(SCOPES)]) as made:
        yield made


def test_sign_up_log_in_roles_tokens_and_deletion(site: Site) -> None:
    site.client.post("/accounts/sign-up", data={"email": EMAIL, "password": PASSWORD})
    found = re.search(r"token=([\w-]+)", Mailbox(site.client).messages[-1].text)
    assert found
    assert site.client.post("/accounts/verify", data={"token": found[1]}).status == 303
    assert site.client.get("/me").text == EMAIL
    assert site.log_in(EMAIL.upper()).status == 303
    assert site.client.post("/publish").status == 403
    site.client.post("/join")
    assert site.client.post("/publish").text == "published"
    made = site.client.post("/accounts/tokens", data={"name": "backup", "scopes": "*"}).text
    token = re.search(r"bistro_[\w-]{43}", made)
    assert token
    with site.other_browser() as program:
        assert program.get("/me", headers={"authorization": f"Bearer {token[0]}"}).text == EMAIL
    assert site.client.get("/accounts/sessions").status == 200
    assert site.client.post("/accounts/delete", data={"sure": "true"}).status == 303
    assert site.client.get("/maybe").text == "nobody"


def test_sixth_wrong_password_is_refused(site: Site) -> None:
    site.add_user()
    assert [site.log_in(password="wrong words").status for _ in range(6)] == [422] * 5 + [429]
    assert site.events() == ["log-in failed"] * 5


def test_twelve_parallel_guesses_are_counted_together(site: Site) -> None:
    site.add_user()

    async def guess_all() -> list[int]:
        client = site.async_client()
        data = {"login": EMAIL, "password": "guess it"}
        answers = await asyncio.gather(*(client.post("/accounts/log-in", data=data) for _ in range(12)))
        return [each.status for each in answers]

    statuses = site.client.run(guess_all())
    assert set(statuses) == {422, 429}
    assert statuses.count(422) <= 5


def test_twelve_parallel_sign_ups_make_one_user(site: Site) -> None:
    async def sign_up_all() -> set[int]:
        client = site.async_client()
        data = {"email": EMAIL, "password": PASSWORD}
        answers = await asyncio.gather(*(client.post("/accounts/sign-up", data=data) for _ in range(12)))
        return {each.status for each in answers}

    assert site.client.run(sign_up_all()) <= {200, 429}
    assert site.count_users(EMAIL) == 1


def test_first_requests_of_whom_a_proxy_names_may_come_at_once(postgres_url: str) -> None:  # noqa: F811
    # Each opens the account; those that come too late are in a transaction that takes nothing more.
    app = App(
        Database(test_url=postgres_url, repeats_max=None),
        Accounts(methods=[RemoteUser()], passwords=QUICK),
        trusted_proxies=["127.0.0.1"],
    )
    who_routes(app)

    @app.on_start
    async def migrate() -> None:
        await apply_all(get_database(), Path("no-such-folder"), app.freeze().registered.model_packages)

    with Client(app) as client:
        other = AsyncClient(app)
        headers = {"remote-user": EMAIL}

        async def ask_at_once() -> list[str]:
            answers = await asyncio.gather(*(other.post("/me", headers=headers) for _ in range(4)))
            return [each.text for each in answers]

        assert client.run(ask_at_once()) == [EMAIL] * 4
