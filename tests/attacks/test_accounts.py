"""Attacks on accounts: by time, by parallel requests, by forged cookies."""

from __future__ import annotations

import asyncio
import statistics
import time
from collections.abc import Callable, Iterator

import pytest

from bistro.plugins.accounts import Passwords
from bistro.plugins.accounts.names import find_email_fault, find_name_fault, fold
from tests.plugins.accounts.support import EMAIL, HTML, PASSWORD, Site, site_with, who_routes


@pytest.fixture
def site() -> Iterator[Site]:
    with site_with(add=who_routes) as made:
        made.add_user()
        yield made


def seconds_to_refuse(site: Site, login: str) -> float:
    site.clock.advance(60)
    began = time.perf_counter()
    assert site.log_in(login, "no such password").status == 422
    return time.perf_counter() - began


@pytest.mark.timed
def test_unknown_user_takes_as_long_as_a_known_one() -> None:
    # With the hashes of production: a look-up without a hash would be some twenty times as fast.
    with site_with(passwords=Passwords()) as site:
        site.add_user()
        site.add_user("none@example.com", None)
        seconds_to_refuse(site, "warm@example.com")
        times: dict[str, list[float]] = {EMAIL: [], "nobody@example.com": [], "none@example.com": []}
        for _ in range(25):
            for login, taken in times.items():
                taken.append(seconds_to_refuse(site, login))
        medians = [statistics.median(each) for each in times.values()]
    spread = statistics.median(statistics.stdev(each) for each in times.values())
    # Within the noise of single requests, and a small part of the whole.
    assert max(medians) - min(medians) < max(2 * spread, 0.1 * min(medians))


@pytest.mark.timed
def test_asking_for_a_new_password_takes_as_long_for_unknown_addresses(site: Site) -> None:
    times: dict[str, list[float]] = {EMAIL: [], "nobody@example.com": []}
    for _ in range(40):
        for email, taken in times.items():
            site.clock.advance(60)
            began = time.perf_counter()
            assert site.client.post("/accounts/forgot", data={"email": email}).status == 200
            taken.append(time.perf_counter() - began)
    known, unknown = (statistics.median(each) for each in times.values())
    assert abs(known - unknown) < max(0.002, 0.5 * unknown)


def test_twelve_parallel_sign_ups_with_one_address_make_one_user(site: Site) -> None:
    async def sign_up_all() -> list[int]:
        client = site.async_client()
        body = {"email": "new@example.com", "password": PASSWORD}
        site.clock.advance(60)
        answers = await asyncio.gather(*(client.post("/accounts/sign-up", data=body) for _ in range(12)))
        return [each.status for each in answers]

    statuses = site.client.run(sign_up_all())
    assert set(statuses) <= {200, 429}
    assert 200 in statuses
    assert site.count_users("new@example.com") == 1


def test_twelve_parallel_sign_ups_with_one_name_make_one_user() -> None:
    with site_with(log_in_with="name") as site:

        async def sign_up_all() -> list[int]:
            client = site.async_client()
            forms = [
                {"name": name, "email": f"u{number}@example.com", "password": PASSWORD}
                for number, name in enumerate(["Ann", "ANN", "ann", "ａｎｎ"] * 3)
            ]
            answers = await asyncio.gather(*(client.post("/accounts/sign-up", data=each) for each in forms))
            return [each.status for each in answers]

        statuses = site.client.run(sign_up_all())
        assert set(statuses) <= {200, 422, 429}
        assert statuses.count(200) == 1
        assert sum(site.count_users(f"u{number}@example.com") for number in range(12)) == 1


@pytest.mark.parametrize(
    "cookie",
    ["", "x", "a" * 5_000, "../../etc/passwd", "%00", "eyJhbGciOiJub25lIn0.eyJzdWIiOiIxIn0.", "gASVAAAAAAAAAAA=",
     "null", "0", "' or 1=1 --"],
)  # fmt: skip
def test_forged_session_is_nobodys(site: Site, cookie: str) -> None:
    site.log_in()
    with site.other_browser(cookie) as thief:
        assert thief.get("/maybe").text == "nobody"


def test_session_that_was_planted_before_the_log_in_is_not_the_users(site: Site) -> None:
    with site.other_browser():
        site.client.post("/accounts/forgot", data={"email": EMAIL})
    with site.other_browser("planted-by-somebody-else"):
        site.log_in()
        assert site.token != "planted-by-somebody-else"
    with site.other_browser("planted-by-somebody-else") as thief:
        assert thief.get("/maybe").text == "nobody"


def test_locked_account_is_locked_for_parallel_guesses_too(site: Site) -> None:
    async def guess_all() -> list[int]:
        client = site.async_client()
        body = {"login": EMAIL, "password": "guess"}
        answers = await asyncio.gather(*(client.post("/accounts/log-in", data=body) for _ in range(20)))
        return [each.status for each in answers]

    statuses = site.client.run(guess_all())
    assert statuses.count(422) <= 5
    assert statuses.count(429) >= 15


def test_account_is_locked_after_a_hundred_wrong_passwords_in_a_day(site: Site) -> None:
    statuses = []
    for _ in range(105):
        site.clock.advance(12)
        statuses.append(site.log_in(password="guess").status)
    # One is forgotten each quarter of an hour, so the hundred last a little longer.
    assert statuses == [422] * statuses.count(422) + [429] * statuses.count(429)
    assert 100 <= statuses.count(422) <= 102
    site.clock.advance(60)
    assert int(site.log_in().headers["retry-after"]) > 300


def test_log_in_from_another_site_is_refused(site: Site) -> None:
    foreign = {"sec-fetch-site": "cross-site", "origin": "https://evil.example", **HTML}
    answer = site.client.post(
        "/accounts/log-in", data={"login": EMAIL, "password": PASSWORD}, headers=foreign
    )
    assert answer.status == 403
    assert site.client.post("/accounts/log-out", headers=foreign).status == 403


@pytest.mark.parametrize("read", [fold, find_name_fault, find_email_fault])
@pytest.mark.parametrize("unit", ["é", "ﷺ", "@", ".", "a.", "ı"])
def test_names_are_read_in_linear_time(
    read: Callable[[str], object], unit: str, assert_linear: Callable[..., None]
) -> None:
    assert_linear(read, lambda size: unit * size)
