"""What becomes of tokens for programs when their user gets a new password."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest

from bistro.plugins.accounts import ApiTokens
from bistro.testing import Mailbox
from tests.plugins.accounts.support import EMAIL, HTML, PASSWORD, Site, site_with
from tests.plugins.accounts.test_sign_up import token_in
from tests.plugins.accounts.test_tokens import SCOPES, add, ask, make_token

NEW = "another harbour"
BOB = "bob@example.com"


@pytest.fixture
def site() -> Iterator[Site]:
    with site_with(add=add, methods=[ApiTokens(SCOPES, lifetime=timedelta(days=1))]) as made:
        made.add_user()
        made.add_user(BOB)
        made.log_in()
        yield made


def ask_reset(site: Site) -> str:
    """The token of a link for a new password."""
    site.client.post("/accounts/forgot", data={"email": EMAIL})
    return token_in(Mailbox(site.client).messages[-1].text)


def reset(site: Site, **fields: str) -> str:
    """Set a password by a link; the mail that tells of it."""
    data = {"token": ask_reset(site), "password": NEW, **fields}
    assert site.client.post("/accounts/reset", data=data).status == 303
    return Mailbox(site.client).messages[-1].text


def change(site: Site, **fields: str) -> str:
    """Change the password; the mail that tells of it."""
    data = {"current": PASSWORD, "password": NEW, **fields}
    assert site.client.post("/accounts/password", data=data, headers=HTML).status == 200
    return Mailbox(site.client).messages[-1].text


def test_reset_by_mail_ends_what_a_thief_of_the_account_has_made(site: Site) -> None:
    tokens = [make_token(site), make_token(site)]
    mail = reset(site)
    assert [ask(site, "/me", each) for each in tokens] == [401, 401]
    assert "Your 2 tokens for programs have ended" in mail
    assert "still work" not in mail
    assert "token ended" in site.events()


def test_reset_says_how_many_tokens_end_and_lets_its_user_keep_them(site: Site) -> None:
    token = make_token(site)
    make_token(site)
    page = site.client.get(f"/accounts/reset?token={ask_reset(site)}").text
    assert "You have 2 tokens for programs." in page
    assert "Keep my tokens" in page
    mail = reset(site, keep_tokens="true")
    assert ask(site, "/me", token) == 200
    assert "2 tokens for programs still work" in mail


def test_change_of_the_password_keeps_tokens_and_tells_of_them(site: Site) -> None:
    token = make_token(site)
    page = site.client.get("/accounts/password", headers=HTML).text
    assert "You have one token for a program." in page
    assert "End my tokens" in page
    mail = change(site)
    assert ask(site, "/me", token) == 200
    assert "One token for a program still works." in mail


def test_change_of_the_password_ends_tokens_where_its_user_says_so(site: Site) -> None:
    token = make_token(site)
    mail = change(site, end_tokens="true")
    assert ask(site, "/me", token) == 401
    assert "Your token for programs has ended" in mail


def test_tokens_of_others_go_on_working(site: Site) -> None:
    site.log_in(BOB)
    others = make_token(site)
    site.log_in()
    make_token(site)
    reset(site)
    assert ask(site, "/me", others) == 200


def test_who_has_no_tokens_is_asked_and_told_nothing_of_them(site: Site) -> None:
    make_token(site)
    site.clock.advance(timedelta(days=1).total_seconds())  # it has ended by itself
    page = site.client.get(f"/accounts/reset?token={ask_reset(site)}").text
    assert "token for" not in page
    assert "tokens" not in page
    assert "for programs" not in reset(site)


def test_fault_in_the_new_password_shows_the_choice_again_and_ends_nothing(site: Site) -> None:
    token = make_token(site)
    data = {"token": ask_reset(site), "password": "short", "keep_tokens": "true"}
    answer = site.client.post("/accounts/reset", data=data, headers=HTML)
    assert answer.status == 422
    assert "Keep my tokens" in answer.text
    assert "checked" in answer.text
    assert ask(site, "/me", token) == 200


def test_link_that_was_used_ends_no_tokens(site: Site) -> None:
    link = ask_reset(site)
    data = {"token": link, "password": NEW}
    assert site.client.post("/accounts/reset", data=data).status == 303
    token = make_token(site)
    assert site.client.post("/accounts/reset", data=data).status == 400
    assert ask(site, "/me", token) == 200
