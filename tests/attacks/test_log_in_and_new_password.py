"""Attacks by who knows the old password: a log-in that is under way while its owner changes it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from bistro import App
from bistro.app import Setup
from bistro.plugins import FileSessions, MemorySessions, Session, Sessions
from bistro.plugins.accounts import AbstractUser, AccountSite, LoggedIn
from bistro.plugins.accounts.two_factor import TwoFactor
from bistro.testing import AsyncClient, FakeClock
from tests.plugins.accounts.support import EMAIL, PASSWORD, Site, make_quick, site_with, who_routes
from tests.plugins.accounts.test_two_factor import code_of, set_up

NEW = "another harbour"


class Changing:
    """Passwords of which one is changed by somebody else while it is checked."""

    def __init__(self) -> None:
        self.passwords = make_quick()
        self.owner: AsyncClient | None = None
        self._verify = self.passwords.verify
        self.passwords.verify = self.verify  # type: ignore[method-assign]  # what a slow hash would do

    async def verify(self, password: str, hashed: str) -> tuple[bool, bool]:
        found = await self._verify(password, hashed)
        owner, self.owner = self.owner, None
        if owner is not None:
            data = {"current": PASSWORD, "password": NEW}
            assert (await owner.post("/accounts/password", data=data)).status == 200
        return found


@pytest.fixture
def changing() -> Changing:
    return Changing()


@pytest.fixture
def site(changing: Changing) -> Iterator[Site]:
    with site_with(add=who_routes, passwords=changing.passwords) as made:
        made.add_user()
        yield made


def test_log_in_with_the_password_from_before_lets_nobody_in(site: Site, changing: Changing) -> None:
    async def race() -> str:
        owner, attacker = site.async_client(), site.async_client()
        data = {"login": EMAIL, "password": PASSWORD}
        await owner.post("/accounts/log-in", data=data)
        changing.owner = owner
        await attacker.post("/accounts/log-in", data=data)
        return (await attacker.get("/maybe")).text

    assert site.client.run(race()) == "nobody"
    assert site.events()[-1] == "log-in failed"


def test_log_in_that_waits_for_a_second_factor_ends_with_its_password() -> None:
    with site_with(add=who_routes, methods=[TwoFactor()]) as site:
        site.add_user()
        site.log_in()
        secret, _ = set_up(site)
        with site.other_browser():
            site.log_in()
            waiting = site.token
        data = {"current": PASSWORD, "password": NEW}
        assert site.client.post("/accounts/password", data=data).status == 200
        with site.other_browser(waiting) as attacker:
            site.clock.advance(60)
            attacker.post("/accounts/two-factor/check", data={"code": code_of(site, secret)})
            assert attacker.get("/maybe").text == "nobody"


class LastMoment:
    """A demand that is met; somebody gets a new password while it is asked, behind all that decides."""

    def __init__(self) -> None:
        self.owner: AsyncClient | None = None

    def install(self, setup: Setup, site: AccountSite) -> None:
        site.demands.append(self)

    async def is_met(self, user: AbstractUser, session: Session) -> bool:
        owner, self.owner = self.owner, None
        if owner is not None:
            data = {"current": PASSWORD, "password": NEW}
            assert (await owner.post("/accounts/password", data=data)).status == 200
        return True


def stores(tmp_path: Path) -> dict[str, list[Any]]:
    """Plugins that keep sessions in each way that accounts may."""
    return {
        "database": [],
        "memory": [Sessions(MemorySessions(), clock=FakeClock())],
        "files": [Sessions(FileSessions(tmp_path / "sessions"), clock=FakeClock())],
    }


@pytest.mark.parametrize("store", ["database", "memory", "files"])
def test_session_that_is_about_to_be_kept_ends_with_the_password_too(store: str, tmp_path: Path) -> None:
    last_moment = LastMoment()
    with site_with(*stores(tmp_path)[store], add=who_routes, methods=[last_moment]) as site:
        site.add_user()

        async def race() -> list[str]:
            owner, attacker = site.async_client(), site.async_client()
            data = {"login": EMAIL, "password": PASSWORD}
            await owner.post("/accounts/log-in", data=data)
            last_moment.owner = owner
            await attacker.post("/accounts/log-in", data=data)
            return [(await each.get("/maybe")).text for each in (owner, attacker)]

        assert site.client.run(race()) == [EMAIL, "nobody"]


@pytest.mark.parametrize("store", ["database", "memory", "files"])
def test_sessions_end_with_a_password_that_is_set_without_ending_them(store: str, tmp_path: Path) -> None:
    with site_with(*stores(tmp_path)[store], add=who_routes) as site:
        site.add_user()
        site.log_in()
        assert site.client.get("/maybe").text == EMAIL
        site.change_user(password="")
        assert site.client.get("/maybe").text == "nobody"


def test_sessions_go_on_when_the_hash_of_the_same_password_is_made_anew() -> None:
    passwords = make_quick()
    with site_with(add=who_routes, passwords=passwords) as site:
        site.add_user()
        site.log_in()
        passwords._parameters = (1, 16, 1)  # as a later version of the site would have them
        passwords._hasher = None
        before = site.hash_of(EMAIL)
        with site.other_browser() as phone:
            site.log_in()
            assert site.hash_of(EMAIL) != before
            assert phone.get("/maybe").text == EMAIL
        assert site.client.get("/maybe").text == EMAIL


def test_own_session_goes_on_when_confirming_makes_the_hash_anew() -> None:
    passwords = make_quick()
    with site_with(add=who_routes, passwords=passwords) as site:
        site.add_user()
        site.log_in()
        passwords._parameters = (1, 16, 1)
        passwords._hasher = None
        before = site.hash_of(EMAIL)
        site.client.post("/accounts/confirm", data={"password": PASSWORD})
        assert site.hash_of(EMAIL) != before
        assert site.client.get("/maybe").text == EMAIL


def test_session_from_before_there_were_stamps_goes_on_and_ends_as_it_did() -> None:
    def add(app: App) -> None:
        who_routes(app)

        @app.post("/old", public=True)
        async def make_old(session: Session) -> None:
            session.data(LoggedIn).stamp = ""

    with site_with(add=add) as site:
        site.add_user()
        site.log_in()
        site.client.post("/old")
        assert site.client.get("/maybe").text == EMAIL
        with site.other_browser():
            site.log_in()
            data = {"current": PASSWORD, "password": NEW}
            assert site.client.post("/accounts/password", data=data).status == 200
        assert site.client.get("/maybe").text == "nobody"


def test_who_comes_back_from_anothers_place_is_bound_to_the_own_password_again() -> None:
    with site_with(add=who_routes, roles={"support": ["accounts.impersonate"]}) as site:
        site.add_user(roles=["support"])
        site.add_user("other@example.com")
        site.log_in()
        site.client.post("/accounts/impersonate", data={"id": str(site.find_user("other@example.com")["id"])})
        assert site.client.get("/maybe").text == "other@example.com"
        site.client.post("/accounts/impersonate/end")
        assert site.client.get("/maybe").text == EMAIL
        site.change_user(password="")
        assert site.client.get("/maybe").text == "nobody"
