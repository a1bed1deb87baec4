"""Attacks on accounts by whoever is there first: with another's address, with guesses, with mails."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Iterator
from pathlib import Path

import pytest

from bistro import App
from bistro.ground import Keyring, make_secret_key
from bistro.plugins import Accounts, CookieSessions, Database, Sessions
from bistro.plugins.accounts import AccountsError, AccountSite, BreachedPasswords, PasswordRules
from bistro.plugins.accounts.names import find_name_fault
from bistro.plugins.accounts.passkeys import Passkeys
from bistro.plugins.accounts.two_factor import TwoFactor
from bistro.testing import Mailbox
from tests.plugins.accounts.support import EMAIL, HTML, PASSWORD, Site, site_with, who_routes
from tests.plugins.accounts.test_sign_up import sign_up, token_in
from tests.plugins.accounts.test_two_factor import code_of, read_secret

PLANTED = "words of a stranger"


@pytest.fixture
def site() -> Iterator[Site]:
    with site_with(add=who_routes, log_in_by_mail=True) as made:
        yield made


def verify(site: Site, number: int = -1) -> str:
    """Follow the link of a mail; where it leads."""
    token = token_in(Mailbox(site.client).messages[number].text)
    return site.client.post("/accounts/verify", data={"token": token}).headers.get("location", "")


def who_logs_in(site: Site, password: str) -> str:
    with site.other_browser() as other:
        site.log_in(password=password)
        return other.get("/maybe").text


def test_password_of_a_stranger_is_not_confirmed_by_the_owner_of_the_address(site: Site) -> None:
    sign_up(site)
    # Each mail is sent after its answer, by a task of its own: the owner's has to be the earlier one.
    assert len(Mailbox(site.client).messages) == 1
    with site.other_browser():
        sign_up(site, password=PLANTED)  # in the few minutes before the owner looks into the mail
    assert verify(site).startswith("/accounts/reset?token=")
    assert site.client.get("/maybe").text == "nobody"
    assert who_logs_in(site, PLANTED) == "nobody"


def test_password_that_waited_for_the_owner_of_the_address_is_forgotten(site: Site) -> None:
    with site.other_browser():
        sign_up(site, password=PLANTED)
    page = site.client.get(verify(site), headers=HTML)
    token = page.text.partition('name="token" value="')[2].partition('"')[0]
    assert site.client.post("/accounts/reset", data={"token": token, "password": PASSWORD}).status == 303
    assert site.client.get("/me").text == EMAIL
    assert who_logs_in(site, PLANTED) == "nobody"
    assert who_logs_in(site, PASSWORD) == EMAIL


def test_log_in_by_mail_forgets_a_password_that_was_planted(site: Site) -> None:
    with site.other_browser():
        sign_up(site, password=PLANTED)
    site.client.post("/accounts/link", data={"email": EMAIL})
    token = token_in(Mailbox(site.client).messages[-1].text)
    assert site.client.post("/accounts/link/follow", data={"token": token}).status == 303
    assert site.client.get("/me").text == EMAIL
    assert who_logs_in(site, PLANTED) == "nobody"


def test_log_in_by_mail_keeps_the_password_of_a_confirmed_account(site: Site) -> None:
    site.add_user()
    site.client.post("/accounts/link", data={"email": EMAIL})
    token = token_in(Mailbox(site.client).messages[-1].text)
    site.client.post("/accounts/link/follow", data={"token": token})
    assert who_logs_in(site, PASSWORD) == EMAIL


@pytest.mark.parametrize("way", ["name", "either"])
def test_taken_name_does_not_tell_which_addresses_have_an_account(way: str) -> None:
    with site_with(log_in_with=way) as site:
        site.add_user(name="ann")
        site.add_user("mallory@example.com", name="mallory")
        statuses = [sign_up(site, email, name="mallory") for email in (EMAIL, "unknown@example.com")]
    assert statuses == [422, 422]


def test_own_name_may_be_signed_up_with_again_until_the_address_is_confirmed() -> None:
    with site_with(log_in_with="either") as site:
        assert [sign_up(site, name="ann"), sign_up(site, name="Ann")] == [200, 200]
        assert sign_up(site, "other@example.com", name="ann") == 422


def test_codes_of_one_account_are_not_guessed_with_ever_new_codes(site: Site) -> None:
    site.add_user()
    guesses = 0
    for _ in range(60):
        site.clock.advance(60)
        site.client.post("/accounts/link", data={"email": EMAIL})
        answers = [site.client.post("/accounts/code", data={"code": "000000"}).status for _ in range(3)]
        guesses += answers.count(422)
    # A hundred a day, of which some are forgotten within the hour.
    assert guesses <= 105


def test_one_mailbox_is_not_filled_by_writing_its_address_in_many_ways(site: Site) -> None:
    site.add_user()
    site.log_in()
    before = len(Mailbox(site.client).messages)
    statuses = []
    for big in itertools.product([False, True], repeat=5):
        letters = (letter.upper() if is_big else letter for letter, is_big in zip("stran", big, strict=True))
        address = "".join(letters) + "ger@example.org"
        statuses.append(site.client.post("/accounts/email", data={"email": address}).status)
    assert len(Mailbox(site.client).messages) - before <= 5
    assert statuses.count(200) <= 5
    assert statuses[-1] == 429


def test_other_service_is_asked_about_no_more_passwords_than_may_be_tried() -> None:
    asked: list[str] = []

    async def fetch(url: str) -> str:
        asked.append(url)
        return ""

    rules = PasswordRules(others=[BreachedPasswords(fetch=fetch)])
    with site_with(rules=rules) as site:
        assert sign_up(site, password="short") == 422
        assert asked == []  # about what is refused anyway
        statuses = [sign_up(site, f"ann{number}@example.com") for number in range(8)]
        site.add_user()
        site.clock.advance(120)
        site.log_in()
        current = PASSWORD
        for _ in range(8):
            data = {"current": current, "password": current + "!"}
            statuses.append(site.client.post("/accounts/password", data=data).status)
            current = current + "!" if statuses[-1] == 200 else current
    assert statuses == [200] * 5 + [429] * 3 + [200] * 5 + [429] * 3
    assert len(asked) == 10


def test_an_account_does_not_write_to_any_number_of_strangers(site: Site) -> None:
    site.add_user()
    site.log_in()
    before = len(Mailbox(site.client).messages)
    for number in range(12):
        site.client.post("/accounts/email", data={"email": f"stranger{number}@example.org"})
    assert len(Mailbox(site.client).messages) - before <= 5


@pytest.mark.parametrize("path", ["/accounts/two-factor", "/accounts/passkeys", "/accounts/passkeys/options"])
def test_session_that_was_left_open_adds_no_way_in(path: str) -> None:
    # ASVS 5.0, 7.5.1.
    with site_with(methods=[TwoFactor(), Passkeys()]) as site:
        site.add_user()
        site.log_in()
        site.clock.advance(3_600)
        answer = site.client.post(path, data={"code": "000000"}, headers=HTML)
        assert (answer.status, answer.headers.get("location")) == (303, "/accounts/confirm")
        assert site.client.post(path, json={}).status == 403


@pytest.mark.parametrize(
    "path", ["log-in", "sign-up", "forgot", "reset", "verify", "link", "code", "two-factor/check"]
)
def test_pages_for_anybody_take_no_large_bodies(path: str) -> None:
    with site_with(methods=[TwoFactor()], log_in_by_mail=True) as site:
        large = {"file": ("a.txt", b"x" * 100_000, "text/plain")}
        assert site.client.post(f"/accounts/{path}", files=large).status == 413
        assert site.client.post(f"/accounts/{path}", data={"token": "x" * 100_000}).status == 413


def test_accounts_never_begin_with_sessions_that_a_new_password_could_not_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ENV", "development")
    in_cookies = CookieSessions(tmp_path / "ended", Keyring(make_secret_key()))
    for sessions in (Sessions(), Sessions(in_cookies)):
        app = App(Database("sqlite://"), Accounts(), sessions)
        with pytest.raises(AccountsError, match="can be ended from elsewhere"):
            app.freeze()


@pytest.mark.parametrize("name", ["ann@example.com", "ann＠example.com", "ann﹫example.com"])
def test_name_is_never_an_address_of_somebody_else(name: str) -> None:
    assert find_name_fault(name) == "can't have an @"
    with site_with(log_in_with="either") as site:
        site.add_user(name="ann")
        assert sign_up(site, "mallory@example.com", name=name) == 422


def test_link_for_a_new_password_is_taken_once_also_by_parallel_requests(site: Site) -> None:
    site.add_user()
    site.client.post("/accounts/forgot", data={"email": EMAIL})
    token = token_in(Mailbox(site.client).messages[-1].text)

    async def reset_all() -> list[int]:
        client = site.async_client()
        bodies = [{"token": token, "password": f"another harbour {number}"} for number in range(6)]
        answers = await asyncio.gather(*(client.post("/accounts/reset", data=body) for body in bodies))
        return [each.status for each in answers]

    assert sorted(site.client.run(reset_all())) == [303, 400, 400, 400, 400, 400]


def test_app_for_codes_is_set_up_by_one_of_two_sessions_at_once() -> None:
    """Else who has stolen one puts an app in the place of the owner's, who is shown codes that are worthless."""
    with site_with(methods=[TwoFactor()]) as site:
        site.add_user()

        async def set_up_twice() -> list[int]:
            clients = [site.async_client(), site.async_client()]
            forms = []
            for each in clients:
                await each.post("/accounts/log-in", data={"login": EMAIL, "password": PASSWORD})
                page = await each.get("/accounts/two-factor", headers=HTML)
                forms.append({"code": code_of(site, read_secret(page.text))})
            answers = await asyncio.gather(
                *(
                    each.post("/accounts/two-factor", data=form)
                    for each, form in zip(clients, forms, strict=True)
                )
            )
            return [each.status for each in answers]

        assert sorted(site.client.run(set_up_twice())) == [200, 422]
        assert site.events().count("method added") == 1


@pytest.mark.parametrize("path", ["forgot", "link"])
def test_address_that_no_table_can_hold_makes_no_work_that_fails(
    path: str, site: Site, caplog: pytest.LogCaptureFixture
) -> None:
    # Each would be an error in the log, and a mail to who is told of errors.
    site.client.post(f"/accounts/{path}", data={"email": "ann\0@example.com"})
    assert Mailbox(site.client).messages == []
    assert [each.getMessage() for each in caplog.records if each.levelname == "ERROR"] == []


def test_hash_that_is_made_anew_never_brings_an_old_password_back() -> None:
    def add(app: App) -> None:
        @app.post("/race", public=True)
        async def race(accounts: AccountSite) -> list[bool]:
            at_log_in, at_reset = [await accounts.find_user(EMAIL) for _ in range(2)]
            assert at_log_in is not None
            assert at_reset is not None
            changed = await accounts.set_password(at_reset, "another harbour")
            return [changed, await accounts.set_password(at_log_in, PASSWORD)]

    with site_with(add=add) as site:
        site.add_user()
        assert site.client.post("/race").json() == [True, False]
        assert site.log_in(password=PASSWORD).status == 422
        assert site.log_in(password="another harbour").status == 303
