"""Who has an account, and what hash, must not be told by the time of a wrong password (CVE-2024-39329).

Times on a busy machine are noise. So most tests here look at the work of every kind that a check has
spent, and those of a time take that of the processor.
"""

from __future__ import annotations

import asyncio
import statistics
import time
from collections.abc import Callable, Iterator
from functools import partial

import pytest

from bistro.plugins.accounts import Passwords
from bistro.plugins.accounts.hashes import KINDS, Cost, Kind, name_of
from tests.plugins.accounts.django_hashes import KINDS_OF_DJANGO, made_by_django
from tests.plugins.accounts.support import EMAIL, PASSWORD, Site, site_with

WRONG = "no such password"


class Spent:
    """What checks have spent, by kind."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.work: dict[str, int] = {}
        for name, kind in KINDS.items():
            self._watch(monkeypatch, name, kind)

    def _watch(self, monkeypatch: pytest.MonkeyPatch, name: str, kind: Kind) -> None:
        is_right, spend = kind.is_right, kind.spend

        def check(password: bytes, hashed: str) -> bool:
            self._add(name, kind.find_cost(hashed))
            return is_right(password, hashed)

        def waste(password: bytes, work: int, like: Cost) -> None:
            self._add(name, Cost(work))
            spend(password, work, like)

        monkeypatch.setattr(kind, "is_right", check)
        monkeypatch.setattr(kind, "spend", waste)

    def _add(self, name: str, cost: Cost | None) -> None:
        assert cost is not None
        self.work[name] = self.work.get(name, 0) + cost.work

    def take(self) -> dict[str, int]:
        taken, self.work = self.work, {}
        return taken


@pytest.fixture
def spent(monkeypatch: pytest.MonkeyPatch) -> Spent:
    return Spent(monkeypatch)


@pytest.fixture
def site() -> Iterator[Site]:
    """One user of each kind of hash, some dearer than others, and some without."""
    with site_with() as made:
        made.add_user()
        made.add_user("none@example.com", None)
        for number, hasher in enumerate(KINDS_OF_DJANGO):
            made.add_user(f"{hasher}@example.com")
            hashed = made_by_django(hasher, PASSWORD, work=2 << number % 3)
            made.change_user(f"{hasher}@example.com", password=hashed)
        for name, hashed in [("unusable", "!x"), ("broken", "pbkdf2_sha256$9$s"), ("old", "md5$salt$hash")]:
            made.add_user(f"{name}@example.com")
            made.change_user(f"{name}@example.com", password=hashed)
        yield made


def refuse(site: Site, login: str) -> None:
    site.clock.advance(60)
    assert site.log_in(login, WRONG).status == 422


@pytest.mark.parametrize(
    "login", [EMAIL, "none@example.com", "unusable@example.com", "broken@example.com", "old@example.com",
              *(f"{each}@example.com" for each in KINDS_OF_DJANGO)],
)  # fmt: skip
def test_wrong_password_is_as_dear_for_everybody_from_the_first_one_on(
    site: Site, spent: Spent, login: str
) -> None:
    refuse(site, login)
    first = spent.take()
    assert set(first) == {"argon2", "pbkdf2_sha256", "pbkdf2_sha1", "scrypt", "bcrypt"}
    refuse(site, "nobody@example.com")
    assert spent.take() == first


def test_user_who_is_locked_out_does_not_learn_that_the_password_is_right(site: Site, spent: Spent) -> None:
    refuse(site, "nobody@example.com")
    unknown = spent.take()
    site.change_user("scrypt@example.com", is_active=False)
    assert site.log_in("scrypt@example.com", PASSWORD).status == 422
    assert spent.take() == unknown


def test_right_password_costs_no_more_than_its_own_hash(site: Site, spent: Spent) -> None:
    refuse(site, "nobody@example.com")
    spent.take()
    site.log_in()
    assert set(spent.take()) == {"argon2"}


def test_site_without_other_hashes_spends_nothing_on_them(spent: Spent) -> None:
    with site_with() as site:
        site.add_user()
        refuse(site, EMAIL)
        refuse(site, "nobody@example.com")
    assert set(spent.take()) == {"argon2"}


def test_each_kind_is_found_however_many_users_have_another(spent: Spent) -> None:
    with site_with() as site:
        cheap = made_by_django("pbkdf2_sha256", PASSWORD)
        for number in range(120):
            site.add_user(f"u{number}@example.com", None)
            site.change_user(f"u{number}@example.com", password=cheap)
        site.add_user("last@example.com", None)
        site.change_user("last@example.com", password=made_by_django("scrypt", PASSWORD))
        refuse(site, "nobody@example.com")
    assert set(spent.take()) == {"argon2", "pbkdf2_sha256", "scrypt"}


def test_own_hash_from_before_the_parameters_were_raised_does_not_stand_out(spent: Spent) -> None:
    hashes = [asyncio.run(Passwords(memory_kib=kib, passes=1).hash(PASSWORD)) for kib in (8, 64)]
    taken = []
    for hashed in (*hashes, ""):
        passwords = Passwords(memory_kib=32, passes=1)
        passwords.learn(hashes)
        assert asyncio.run(passwords.verify(WRONG, hashed)) == (False, False)
        taken.append(spent.take())
    assert taken == [{"argon2": 64}] * 3


@pytest.mark.parametrize("hasher", KINDS_OF_DJANGO)
@pytest.mark.timed
def test_work_that_is_spent_on_nothing_takes_as_long_as_a_hash(hasher: str) -> None:
    # Some 20 ms each, which is long enough to be measured.
    work = {"scrypt": 64, "argon2": 512, "bcrypt": 32, "bcrypt_sha256": 32}.get(hasher, 64)
    hashed = made_by_django(hasher, PASSWORD, work=work)
    kind = KINDS[name_of(hashed)]
    cost = kind.find_cost(hashed)
    assert cost is not None
    checking, spending = (
        min(seconds_of(do) for _ in range(7))
        for do in (
            partial(kind.is_right, WRONG.encode(), hashed),
            partial(kind.spend, WRONG.encode(), cost.work, cost),
        )
    )
    assert 0.7 < checking / spending < 1.4


@pytest.mark.timed
def test_user_of_django_takes_as_long_to_refuse_as_one_of_today_and_as_nobody() -> None:
    # A tenth of what Django takes by itself. Without the rest of the work it would be twenty hashes of today.
    with site_with(passwords=Passwords(memory_kib=1_024, passes=1)) as site:
        site.add_user()
        site.add_user("django@example.com")
        hashed = made_by_django("pbkdf2_sha256", PASSWORD, work=200)
        site.change_user("django@example.com", password=hashed)
        logins = (EMAIL, "django@example.com", "nobody@example.com")
        times: dict[str, list[float]] = {login: [] for login in logins}
        for _ in range(12):
            for login, taken in times.items():
                taken.append(seconds_of(partial(refuse, site, login)))
        medians = [statistics.median(each) for each in times.values()]
    spread = statistics.median(statistics.stdev(each) for each in times.values())
    assert max(medians) - min(medians) < max(2 * spread, 0.1 * min(medians))


def seconds_of(do: Callable[[], object]) -> float:
    """What it takes of the processor, in all threads."""
    began = time.process_time()
    do()
    return time.process_time() - began
