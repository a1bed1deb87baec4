"""Names that strangers choose, in mails that go to others."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from bistro.mail import Message
from bistro.plugins.accounts.names import find_greeting
from bistro.testing import Mailbox
from tests.plugins.accounts.support import EMAIL, PASSWORD, Site, site_with
from tests.plugins.accounts.test_sign_up import sign_up

VICTIM = "victim@example.org"
HOSTILE = [
    "Ann\r\nBcc: everybody@evil.example",
    "Ann\nSubject: You have won",
    "Ann\u2028Bcc: x",
    "Ann\0",
    "You have won at https://evil.example/prize",
    "go to evil.example",
    "go to ｅｖｉｌ．example",
    "evil。example",
    "ann@evil.example",
    "javascript:alert(1)",
    "x\u202egnp.exe",
    "W" * 61,
]


@pytest.fixture
def site() -> Iterator[Site]:
    with site_with(log_in_by_mail=True) as made:
        yield made


def last_mail(site: Site) -> Message:
    return Mailbox(site.client).messages[-1]


@pytest.mark.parametrize("name", HOSTILE)
def test_name_that_is_more_than_a_name_greets_nobody(site: Site, name: str) -> None:
    if sign_up(site, VICTIM, name=name) == 200:
        mail = last_mail(site)
        assert "Hello," in mail.text
        assert "evil" not in f"{mail.text}{mail.html}{mail.subject}".lower()
        assert (mail.to, mail.cc, mail.bcc) == (VICTIM, (), ())
    assert find_greeting(name) == ""


@pytest.mark.parametrize(
    "name", ["<script>alert(1)</script>", "<a href=x>Ann", '"><img src=x onerror=y>', "{{ 111111 * 7 }}"]
)
def test_name_is_text_in_the_page_of_a_mail(site: Site, name: str) -> None:
    sign_up(site, VICTIM, name=name)
    mail = last_mail(site)
    assert mail.html is not None
    assert not any(tag in mail.html for tag in ("<script", "<a href=x", "<img", "777777"))


def test_address_of_an_attacker_brings_no_text_into_a_mail_to_another_one(site: Site) -> None:
    site.add_user("win-at-evil.example@example.com")
    site.log_in("win-at-evil.example@example.com")
    assert site.client.post("/accounts/email", data={"email": VICTIM}).status == 200
    mail = last_mail(site)
    assert (mail.to, "evil" in mail.text) == (VICTIM, False)
    assert "for an account on localhost" in mail.text


@pytest.mark.parametrize(
    ("name", "greeting"),
    [("Ann", "Ann"), ("J. R. Smith", "J. R. Smith"), ("  Ann   Lee ", "Ann Lee"), ("Ngô Đức Anh", "Ngô Đức Anh"),
     ("山田 太郎", "山田 太郎"), ("O'Neil-Żak", "O'Neil-Żak"), ("", "ann")],
)  # fmt: skip
@pytest.mark.parametrize("page", ["forgot", "link"])
def test_mail_greets_users_by_their_names(site: Site, name: str, greeting: str, page: str) -> None:
    site.add_user(name=name)
    site.client.post(f"/accounts/{page}", data={"email": EMAIL})
    assert f"Hello {greeting}," in last_mail(site).text


def test_mail_about_a_change_greets_too(site: Site) -> None:
    site.add_user(name="Ann")
    site.log_in()
    form = {"current": PASSWORD, "password": "another harbour"}
    assert site.client.post("/accounts/password", data=form).status == 200
    assert "Hello Ann," in last_mail(site).text


def test_names_are_looked_at_in_linear_time(assert_linear) -> None:
    assert_linear(find_greeting, lambda size: "a. " * (size // 3))
