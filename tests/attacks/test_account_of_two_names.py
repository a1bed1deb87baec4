"""Guesses at one account that users log in to by its name or its address."""

from __future__ import annotations

import asyncio
import itertools
import statistics
import time
from collections.abc import Iterator

import pytest

from bistro.plugins.accounts import Passwords
from tests.plugins.accounts.support import EMAIL, HTML, PASSWORD, Site, site_with, who_routes

NAME, GUESS = "ann", "a wrong guess"
_addresses = itertools.count()


@pytest.fixture(autouse=True)
def proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    # So that tests can be many attackers: each address has tries of its own.
    monkeypatch.setenv("TRUSTED_PROXIES", "127.0.0.1")


@pytest.fixture
def site() -> Iterator[Site]:
    with site_with(add=who_routes, log_in_with="either") as made:
        made.add_user(name=NAME)
        yield made


def from_anywhere() -> dict[str, str]:
    number = next(_addresses)
    return {**HTML, "x-forwarded-for": f"10.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}"}


def guess(site: Site, login: str, password: str = GUESS) -> int:
    """A guess from an address that has made none before."""
    data = {"login": login, "password": password}
    return site.client.post("/accounts/log-in", data=data, headers=from_anywhere()).status


def test_guesses_by_name_and_by_address_are_counted_together(site: Site) -> None:
    assert [guess(site, NAME) for _ in range(5)] == [422] * 5
    assert guess(site, EMAIL, PASSWORD) == 422  # the right one: it was not even looked at
    site.clock.advance(12)
    assert guess(site, EMAIL, PASSWORD) == 303


def test_day_has_a_hundred_guesses_at_an_account_by_both_of_its_names(site: Site) -> None:
    for number in range(200):
        guess(site, NAME if number % 2 else EMAIL)
        site.clock.advance(30)
    assert guess(site, EMAIL, PASSWORD) == guess(site, NAME, PASSWORD) == 422


def test_answers_do_not_tell_which_address_belongs_to_a_name(site: Site) -> None:
    for _ in range(6):
        guess(site, NAME)
    unknown, known = "nobody@example.com", EMAIL
    assert [guess(site, known) for _ in range(7)] == [guess(site, unknown) for _ in range(7)]


@pytest.mark.timed
def test_time_does_not_tell_which_address_belongs_to_a_name() -> None:
    with site_with(log_in_with="either", passwords=Passwords()) as site:
        site.add_user(name=NAME)
        times: dict[str, list[float]] = {EMAIL: [], "nobody@example.com": []}
        guess(site, "warm@example.com")
        for _ in range(15):  # less than what a day has
            site.clock.advance(60)
            assert [guess(site, NAME) for _ in range(5)] == [422] * 5
            for login, taken in times.items():
                began = time.perf_counter()
                guess(site, login)
                taken.append(time.perf_counter() - began)
        medians = [statistics.median(each) for each in times.values()]
    spread = statistics.median(statistics.stdev(each) for each in times.values())
    assert abs(medians[0] - medians[1]) < max(2 * spread, 0.1 * min(medians))


def test_right_password_by_either_name_lets_both_begin_anew(site: Site) -> None:
    for _ in range(3):
        assert [guess(site, NAME), guess(site, EMAIL), guess(site, NAME), guess(site, EMAIL)] == [422] * 4
        assert guess(site, NAME, PASSWORD) == 303


def test_new_password_lifts_the_lock_for_both_names(site: Site) -> None:
    site.log_in()
    for login in (NAME, EMAIL):
        for _ in range(4):
            guess(site, login)
    site.clock.advance(12)
    form = {"current": PASSWORD, "password": "another harbour"}
    assert site.client.post("/accounts/password", data=form, headers=from_anywhere()).status == 200
    for login in (NAME, EMAIL):
        assert guess(site, login, "another harbour") == 303


def test_parallel_guesses_by_both_names_are_counted_together(site: Site) -> None:
    async def guess_all() -> None:
        client = site.async_client()
        forms = [{"login": login, "password": GUESS} for login in (NAME, EMAIL) for _ in range(4)]
        headers = [from_anywhere() for _ in forms]
        await asyncio.gather(
            *(client.post("/accounts/log-in", data=form, headers=each)
              for form, each in zip(forms, headers, strict=True))
        )  # fmt: skip

    site.client.run(guess_all())
    assert guess(site, NAME, PASSWORD) == 422
