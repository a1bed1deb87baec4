"""Hashes of passwords, and what a new one must be."""

from __future__ import annotations

import asyncio
import hashlib
import sys
import threading
import time
from collections.abc import Awaitable
from typing import TypeVar

import bcrypt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bistro import App
from bistro.http import ServiceUnavailable
from bistro.plugins.accounts import BreachedPasswords, PasswordRules, Passwords
from bistro.plugins.accounts.passwords import LENGTH_MAX
from bistro.plugins.accounts.rules import common_passwords
from bistro.testing import LiveServer
from tests.plugins.accounts.django_hashes import KINDS_OF_DJANGO, made_by_django
from tests.plugins.accounts.support import EMAIL, PASSWORD, QUICK, make_quick, site_with, who_routes

T = TypeVar("T")


def run(work: Awaitable[T]) -> T:
    async def wait() -> T:
        return await work

    return asyncio.run(wait())


@pytest.mark.parametrize("hasher", KINDS_OF_DJANGO)
def test_hashes_of_django_are_checked_and_asked_to_be_renewed(hasher: str) -> None:
    quick, hashed = make_quick(), made_by_django(hasher, "a quiet härbour")
    assert run(quick.verify("a quiet härbour", hashed)) == (True, True)
    assert run(quick.verify("a quiet harbour", hashed)) == (False, False)


@pytest.mark.parametrize("hasher", KINDS_OF_DJANGO)
def test_hash_of_django_becomes_argon2id_at_the_next_log_in(hasher: str) -> None:
    with site_with(add=who_routes) as site:
        site.add_user()
        site.change_user(password=made_by_django(hasher, "old words of django"))
        assert site.log_in(password="old words of django").status == 303
        assert site.hash_of(EMAIL).startswith("$argon2id$")
        assert site.log_in(password="old words of django").status == 303


def test_hash_with_old_parameters_is_renewed() -> None:
    weaker = Passwords(memory_kib=8, passes=2)
    assert run(QUICK.verify(PASSWORD, run(weaker.hash(PASSWORD)))) == (True, True)
    assert run(QUICK.verify(PASSWORD, run(QUICK.hash(PASSWORD)))) == (True, False)


@pytest.mark.parametrize(
    "hashed",
    ["x", "$argon2id$v=19$m=8,t=1,p=1$x", "pbkdf2_sha256$x$y$z", "pbkdf2_sha256$99999999999$salt$AAAA",
     "scrypt$salt$0$8$1$AAAA", "md5$salt$hash", "!unusable", "pbkdf2_sha256$1$s$é",
     "scrypt$16384$salt$8$0$AAAA", "scrypt$16383$salt$8$1$AAAA", "scrypt$99999999$salt$8$1$AAAA",
     "pbkdf2_sha256$1$s$AAAA$AAAA", "$argon2id$v=19$m=99999999,t=1,p=1$AAAA$AAAA", "$argon2id$v=19$m=8,t=1,p=0$x",
     "bcrypt$$2b$12$short", f"bcrypt$$2b$31${'.' * 53}", f"bcrypt_sha256$$2b$04${'.' * 54}", f"$2x$04${'.' * 53}"],
)  # fmt: skip
def test_hash_that_is_none_is_nobodys(hashed: str) -> None:
    assert run(make_quick().verify("x", hashed)) == (False, False)


@pytest.mark.timed
def test_password_of_900_kilobytes_is_refused_before_it_is_hashed() -> None:
    huge = "x" * 900_000
    began = time.process_time()
    assert run(Passwords().verify(huge, "")) == (False, False)
    with pytest.raises(ValueError, match="at most"):
        run(Passwords().hash(huge))
    assert time.process_time() - began < 0.1


def test_password_of_900_kilobytes_in_the_form_is_a_413_and_one_too_long_a_422() -> None:
    with site_with() as site:
        site.add_user()
        assert site.log_in(password="x" * 900_000).status == 413
        assert site.log_in(password="x" * (LENGTH_MAX + 1)).status == 422


@given(st.text(min_size=1, max_size=80))
@settings(max_examples=40, deadline=None)
def test_every_password_is_right_as_typed_and_only_so(password: str) -> None:
    hashed = run(QUICK.hash(password))
    assert run(QUICK.verify(password, hashed))[0] is True
    assert run(QUICK.verify(f"{password}\0", hashed))[0] is False


@pytest.mark.timed
def test_hashing_keeps_the_event_loop_free_for_others() -> None:
    async def measure() -> float:
        hashing = asyncio.create_task(Passwords(passes=12).hash(PASSWORD))
        longest, before = 0.0, time.perf_counter()
        while not hashing.done():
            await asyncio.sleep(0.001)
            now = time.perf_counter()
            longest, before = max(longest, now - before), now
        return longest

    assert run(measure()) < 0.1


def test_too_many_who_wait_for_a_hash_are_told_to_come_again(monkeypatch: pytest.MonkeyPatch) -> None:
    slow, may_go_on = Passwords(threads_max=1), threading.Event()
    monkeypatch.setattr(slow, "_make_hash", lambda _: may_go_on.wait(30) and "a hash")

    async def flood() -> list[object]:
        hashes = [asyncio.ensure_future(slow.hash(PASSWORD)) for _ in range(300)]
        await asyncio.sleep(0)  # all of them are in the queue, or refused
        may_go_on.set()
        return list(await asyncio.gather(*hashes, return_exceptions=True))

    results = run(flood())
    assert any(isinstance(each, ServiceUnavailable) for each in results)
    assert sum(isinstance(each, str) for each in results) >= 200


@pytest.mark.parametrize("kind", ["$2b$", "$2a$", "$2y$"])
def test_hash_that_bcrypt_has_written_itself_is_checked_too(kind: str) -> None:
    hashed = bcrypt.hashpw(b"a quiet harbour", bcrypt.gensalt(4)).decode().replace("$2b$", kind)
    assert run(QUICK.verify("a quiet harbour", hashed)) == (True, True)
    assert run(QUICK.verify("a quiet harbou", hashed)) == (False, False)


def test_long_password_of_bcrypt_is_right_as_it_was_when_bcrypt_cut_it_off() -> None:
    hashed = bcrypt.hashpw(b"x" * 72, bcrypt.gensalt(4)).decode()
    assert run(QUICK.verify("x" * 80, f"bcrypt${hashed}"))[0] is True
    assert run(QUICK.verify("x" * 71, f"bcrypt${hashed}"))[0] is False


def test_hash_of_bcrypt_without_its_library_is_refused_and_the_log_names_the_extra(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    hashed = made_by_django("bcrypt", PASSWORD)
    monkeypatch.setitem(sys.modules, "bcrypt", None)
    with site_with() as site:
        site.add_user()
        site.change_user(password=hashed)
        assert [site.log_in().status for _ in range(2)] == [422, 422]
    (told,) = [each for each in caplog.records if "bcrypt" in each.getMessage()]
    assert "pip install 'bistro[bcrypt]'" in told.getMessage()
    assert "B980" in told.getMessage()


# --- rules --------------------------------------------------------------------------------------------


def test_more_than_3000_passwords_of_at_least_eight_characters_are_known_as_common() -> None:
    assert len(common_passwords()) >= 3_000
    assert all(len(each) >= 8 for each in common_passwords())


def test_rule_of_the_site_is_asked_too() -> None:
    def no_bistro(password: str) -> str | None:
        return "names the framework" if "bistro" in password else None

    async def no_waiter(password: str) -> str | None:
        return "names the staff" if "waiter" in password else None

    rules = PasswordRules(others=(no_bistro, no_waiter))
    assert run(rules.find_faults("the waiter of the bistro")) == ["names the framework", "names the staff"]
    assert run(rules.find_faults("a quiet harbour")) == []


@pytest.mark.parametrize("password", ["annabella", "Annabella1", "xannabella", "example.com", "annexample"])
def test_password_that_is_mostly_the_users_own_name_is_refused(password: str) -> None:
    words = ("annabella@example.com", "Annabella")
    assert run(PasswordRules().find_faults(password, words)) == ["is too much like your name or address"]


def test_password_that_was_in_a_break_in_is_refused_and_only_five_digits_leave_the_site() -> None:
    asked: list[str] = []
    service = App(defaults=False)

    @service.get("/range/{prefix}")
    async def find(prefix: str) -> str:
        asked.append(prefix)
        rest = hashlib.sha1(b"a breached one").hexdigest().upper()[5:]
        return f"{'0' * 35}:3\r\n{rest}:12\r\n"

    with LiveServer(service) as server:
        rule = BreachedPasswords(url=f"{server.url}/range/")
        assert run(rule("a breached one")) == "is known from a break-in elsewhere"
        assert run(rule("a quiet harbour")) is None
    assert [len(each) for each in asked] == [5, 5]


def test_password_passes_where_the_service_does_not_answer() -> None:
    assert run(BreachedPasswords(url="http://127.0.0.1:9/", timeout_seconds=0.2)("a breached one")) is None
