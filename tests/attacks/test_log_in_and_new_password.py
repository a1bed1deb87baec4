"""Attacks by who knows the old password: a log-in that is under way while its owner changes it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from bistro.plugins.accounts.two_factor import TwoFactor
from bistro.testing import AsyncClient
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
