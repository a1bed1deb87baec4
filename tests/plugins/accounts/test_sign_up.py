"""Signing up, and confirming the address."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from bistro import App
from bistro.db import Field, field
from bistro.plugins import Accounts, Database, Mail
from bistro.plugins.accounts import AbstractUser, AccountsError
from bistro.testing import Mailbox
from tests.plugins.accounts.support import EMAIL, HTML, PASSWORD, Site, site_with, who_routes


@pytest.fixture
def site() -> Iterator[Site]:
    with site_with(add=who_routes) as made:
        yield made


def link_in(text: str) -> str:
    """The path and query of the link in a mail."""
    found = re.search(r"http://localhost(/accounts/\S+?token=[\w-]+)", text)
    assert found, text
    return found[1]


def token_in(text: str) -> str:
    return link_in(text).partition("token=")[2]


def sign_up(site: Site, email: str = EMAIL, password: str = PASSWORD, **fields: str) -> int:
    return site.client.post(
        "/accounts/sign-up", data={"email": email, "password": password, **fields}, headers=HTML
    ).status


def test_who_signs_up_and_follows_the_link_is_logged_in(site: Site) -> None:
    answer = site.client.post("/accounts/sign-up", data={"email": EMAIL, "password": PASSWORD}, headers=HTML)
    assert "Look into your mail" in answer.text
    assert site.client.get("/maybe").text == "nobody"
    (mail,) = Mailbox(site.client).messages
    assert (mail.to, mail.subject) == (EMAIL, "Confirm your address for localhost")
    page = site.client.get(link_in(mail.text), headers=HTML)
    assert "Confirm" in page.text
    assert page.headers["referrer-policy"] == "no-referrer"
    assert site.client.get("/maybe").text == "nobody"  # following a link changes nothing
    assert site.client.post("/accounts/verify", data={"token": token_in(mail.text)}).status == 303
    assert site.client.get("/me").text == EMAIL


def test_link_works_once(site: Site) -> None:
    sign_up(site)
    token = token_in(Mailbox(site.client).messages[0].text)
    assert [site.client.post("/accounts/verify", data={"token": token}).status for _ in range(2)] == [
        303,
        400,
    ]


def test_another_browser_is_not_logged_in_by_the_link(site: Site) -> None:
    sign_up(site)
    token = token_in(Mailbox(site.client).messages[0].text)
    with site.other_browser() as other:
        answer = other.post("/accounts/verify", data={"token": token})
        assert answer.headers["location"].startswith("/accounts/reset?token=")
        assert other.get("/maybe").text == "nobody"
    assert (
        site.log_in().status == 422
    )  # the password is chosen anew: see tests/attacks/test_account_takeover.py


def test_nobody_logs_in_before_the_address_is_confirmed_and_the_mail_comes_again(site: Site) -> None:
    sign_up(site)
    assert site.log_in().headers["location"] == "/accounts/unverified"
    assert site.client.get("/maybe").text == "nobody"
    assert len(Mailbox(site.client).messages) == 2


def test_signing_up_again_answers_the_same_and_tells_the_owner_by_mail(site: Site) -> None:
    site.add_user()
    known = site.client.post(
        "/accounts/sign-up", data={"email": EMAIL, "password": "other words"}, headers=HTML
    )
    with site.other_browser() as other:
        unknown = other.post(
            "/accounts/sign-up", data={"email": "bob@example.com", "password": "other words"}, headers=HTML
        )
    assert known.text.replace(EMAIL, "x") == unknown.text.replace("bob@example.com", "x")
    assert known.status == unknown.status == 200
    assert set(known.headers) == set(unknown.headers)
    subjects = {mail.to: mail.subject for mail in Mailbox(site.client).messages}
    assert subjects[EMAIL] == "You have an account on localhost"
    assert site.log_in(password="other words").status == 422


def test_password_planted_by_a_stranger_goes_with_the_link_of_the_stranger(site: Site) -> None:
    sign_up(site, password="of the stranger")
    planted = token_in(Mailbox(site.client).messages[0].text)
    sign_up(site, password="of the owner")
    assert site.client.post("/accounts/verify", data={"token": planted}).status == 400
    own = token_in(Mailbox(site.client).messages[1].text)
    assert site.client.post("/accounts/verify", data={"token": own}).status == 303
    assert site.log_in(password="of the stranger").status == 422
    assert site.log_in(password="of the owner").status == 303


@pytest.mark.parametrize(
    ("email", "password", "fault"),
    [
        ("no address", PASSWORD, "is no e-mail address"),
        ("a@b\r\nbcc: c@d.example", PASSWORD, "is no e-mail address"),
        ("<script>@example.com", PASSWORD, "is no e-mail address"),
        # The mailer refuses these: users were told to look into a mail that was never sent.
        (".ann@example.com", PASSWORD, "is no e-mail address"),
        ("ann@exa_mple.com", PASSWORD, "is no e-mail address"),
        (EMAIL, "short", "needs 8 to 1,024 characters"),
        (EMAIL, "password1", "most common"),
        (EMAIL, "PassWord1", "most common"),
        (EMAIL, "aaaaaaaaaaaa", "most common"),
        (EMAIL, "example.com", "too much like"),
        (EMAIL, "x" * 1_025, "1024"),
    ],
)
def test_what_is_no_address_or_no_good_password_is_told_at_the_field(
    site: Site, email: str, password: str, fault: str
) -> None:
    answer = site.client.post("/accounts/sign-up", data={"email": email, "password": password}, headers=HTML)
    assert answer.status == 422
    assert fault in answer.text
    assert "<script>@" not in answer.text


@pytest.mark.parametrize(
    "password", ["correct horse battery", "пароль на долго", "🐎🔋📎✅🌊🏠🌲⛵", " spaces  count "]
)
def test_any_characters_may_be_in_a_password_and_count_as_typed(site: Site, password: str) -> None:
    site.add_user("other@example.com", password)
    assert sign_up(site, password=password) == 200
    assert site.log_in("other@example.com", password).status == 303
    assert site.log_in("other@example.com", f"{password}x").status == 422


def test_only_the_fields_of_the_form_are_read(site: Site) -> None:
    sign_up(site, is_superuser="true", is_active="false", roles="admin", id="77", verified_at="2020-01-01")
    assert site.log_in().headers["location"] == "/accounts/unverified"
    assert site.find_user(EMAIL) == {"id": 1, "is_superuser": False, "is_active": True, "roles": []}


def test_two_who_sign_up_with_one_name_are_told_where_users_log_in_by_name() -> None:
    with site_with(log_in_with="either") as site:
        assert sign_up(site, name="Ann") == 200
        assert sign_up(site, "bob@example.com", name="ＡＮＮ") == 422
        assert sign_up(site, "bob@example.com", name="bob@evil.example") == 422
        assert sign_up(site, "bob@example.com", name="Ann\u200b") == 422


def test_site_without_verification_logs_in_at_once() -> None:
    with site_with(add=who_routes, verify=False) as site:
        assert sign_up(site) == 303
        assert site.client.get("/me").text == EMAIL
        site.client.cookies.clear()
        assert sign_up(site) == 422


def test_site_without_sign_up_has_no_such_page() -> None:
    with site_with(sign_up=False) as site:
        assert site.client.get("/accounts/sign-up").status == 404
        assert "sign-up" not in site.client.get("/accounts/log-in").text


def test_sixth_sign_up_in_a_minute_from_one_address_is_refused(site: Site) -> None:
    assert [sign_up(site, f"u{number}@example.com") for number in range(6)] == [200] * 5 + [429]


def test_nobody_is_sent_more_than_five_mails_in_an_hour(site: Site) -> None:
    for _ in range(8):
        sign_up(site)
        site.clock.advance(60)
    assert len(Mailbox(site.client).messages) == 5


SENT = Mail("memory:", sender="s@example.com")


class Neighbour(AbstractUser):
    street: Field[str]
    nick: Field[str] = field(default="")
    cat: Field[str | None]


def test_a_field_that_sign_up_does_not_ask_for_stops_the_start(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ENV", "testing")
    # Every visitor who signed up was answered "street: is missing", by a page that has no such input.
    with pytest.raises(AccountsError, match=r"Neighbour\.street must have a value") as stopped:
        App(Database("sqlite://"), SENT, Accounts(user=Neighbour)).freeze()
    assert "sign_up=False" in stopped.value.fix


def test_a_site_that_makes_its_accounts_itself_may_ask_for_more(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ENV", "testing")
    App(Database("sqlite://"), SENT, Accounts(user=Neighbour, sign_up=False)).freeze()
