"""What is done by a mail: a new password, a log-in, another address."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

import pytest

from bistro.testing import Client, Mailbox
from tests.plugins.accounts.support import EMAIL, HTML, PASSWORD, Site, site_with, who_routes
from tests.plugins.accounts.test_sign_up import link_in, token_in

NEW = "another harbour"


@pytest.fixture
def site() -> Iterator[Site]:
    with site_with(add=who_routes, log_in_by_mail=True) as made:
        made.add_user()
        yield made


def last_mail(client: Client) -> str:
    return Mailbox(client).messages[-1].text


def ask_reset(site: Site, email: str = EMAIL) -> str:
    return site.client.post("/accounts/forgot", data={"email": email}, headers=HTML).text


def reset(site: Site, token: str, password: str = NEW) -> int:
    return site.client.post("/accounts/reset", data={"token": token, "password": password}).status


def test_forgotten_password_is_set_anew_and_every_session_ends(site: Site) -> None:
    site.log_in()
    elsewhere = site.token
    site.client.cookies.clear()
    ask_reset(site)
    mail = last_mail(site.client)
    assert "new password" in site.client.get(link_in(mail), headers=HTML).text
    assert reset(site, token_in(mail)) == 303
    assert site.client.get("/me").text == EMAIL
    with site.other_browser(elsewhere) as thief:
        assert thief.get("/maybe").text == "nobody"
    assert site.log_in(password=PASSWORD).status == 422
    assert site.log_in(password=NEW).status == 303
    assert "was changed" in last_mail(site.client)


def test_reset_answers_the_same_for_unknown_addresses_and_sends_nothing(site: Site) -> None:
    known, unknown = ask_reset(site), ask_reset(site, "nobody@example.com")
    assert known.replace(EMAIL, "x") == unknown.replace("nobody@example.com", "x")
    assert [mail.to for mail in Mailbox(site.client).messages] == [EMAIL]


def test_reset_mail_goes_to_the_stored_address_not_to_one_that_looks_like_it(site: Site) -> None:
    site.add_user("mike@example.org")
    ask_reset(site, "ｍike@example.org")
    ask_reset(site, "mıke@example.org")
    assert [mail.to for mail in Mailbox(site.client).messages] == ["mike@example.org"]


def test_used_token_is_worthless(site: Site) -> None:
    ask_reset(site)
    token = token_in(last_mail(site.client))
    assert [reset(site, token), reset(site, token, "yet another one")] == [303, 400]


def test_token_from_before_another_reset_is_worthless(site: Site) -> None:
    ask_reset(site)
    first = token_in(last_mail(site.client))
    ask_reset(site)
    assert reset(site, token_in(last_mail(site.client))) == 303
    assert reset(site, first) == 400


def test_token_is_worthless_after_an_hour(site: Site) -> None:
    ask_reset(site)
    token = token_in(last_mail(site.client))
    site.clock.advance(3601)
    assert reset(site, token) == 400


def test_token_for_one_purpose_is_worthless_for_another(site: Site) -> None:
    site.client.post("/accounts/link", data={"email": EMAIL})
    token = token_in(last_mail(site.client))
    assert reset(site, token) == 400
    assert site.client.post("/accounts/verify", data={"token": token}).status == 400
    assert site.client.post("/accounts/email/confirm", data={"token": token}).status == 400


@pytest.mark.parametrize(
    "change", [lambda t: t[:-1], lambda t: t[:30] + "A" + t[31:], lambda t: "", lambda t: t * 50]
)
def test_forged_token_is_refused(site: Site, change: Callable[[str], str]) -> None:
    ask_reset(site)
    token = change(token_in(last_mail(site.client)))
    assert reset(site, token) == 400
    assert site.client.get("/accounts/reset", params={"token": token}).status == 400


def test_token_of_who_was_locked_out_is_worthless(site: Site) -> None:
    ask_reset(site)
    token = token_in(last_mail(site.client))
    site.change_user(is_active=False)
    assert reset(site, token) == 400


def test_reset_lifts_the_lock_of_the_account(site: Site) -> None:
    for _ in range(5):
        site.log_in(password="wrong wrong")
    site.clock.advance(12)
    ask_reset(site)
    reset(site, token_in(last_mail(site.client)))
    assert site.log_in(password=NEW).status == 303


def test_bad_new_password_is_told_and_the_link_still_works(site: Site) -> None:
    ask_reset(site)
    token = token_in(last_mail(site.client))
    assert reset(site, token, "password1") == 422
    assert reset(site, token) == 303


def test_link_logs_in_once(site: Site) -> None:
    site.client.post("/accounts/link", data={"email": EMAIL})
    mail = last_mail(site.client)
    site.client.get(link_in(mail))
    assert site.client.get("/maybe").text == "nobody"
    site.clock.advance(1)
    assert site.client.post("/accounts/link/follow", data={"token": token_in(mail)}).status == 303
    assert site.client.get("/me").text == EMAIL
    assert site.client.post("/accounts/link/follow", data={"token": token_in(mail)}).status == 400


def code_in(text: str) -> str:
    found = re.search(r"\b\d{3} \d{3}\b", text)
    assert found, text
    return found[0]


def check_code(site: Site, code: str) -> int:
    return site.client.post("/accounts/code", data={"code": code}).status


def test_code_logs_in_the_browser_that_asked_for_it_and_no_other(site: Site) -> None:
    site.client.post("/accounts/link", data={"email": EMAIL})
    code = code_in(last_mail(site.client))
    with site.other_browser() as other:
        assert other.post("/accounts/code", data={"code": code}).status == 422
    assert check_code(site, code) == 303
    assert site.client.get("/me").text == EMAIL
    assert check_code(site, code) == 422


def test_code_is_worthless_after_five_wrong_ones(site: Site) -> None:
    site.client.post("/accounts/link", data={"email": EMAIL})
    code = code_in(last_mail(site.client))
    wrong = "000000" if code != "000 000" else "111111"
    assert [check_code(site, wrong) for _ in range(5)] == [422] * 5
    site.clock.advance(120)
    assert check_code(site, code) == 422


def test_code_is_worthless_after_a_quarter_of_an_hour(site: Site) -> None:
    site.client.post("/accounts/link", data={"email": EMAIL})
    code = code_in(last_mail(site.client))
    site.clock.advance(901)
    assert check_code(site, code) == 422


def test_log_in_by_mail_answers_the_same_for_unknown_addresses(site: Site) -> None:
    answers = [
        site.client.post("/accounts/link", data={"email": each}) for each in (EMAIL, "nobody@example.com")
    ]
    assert {(each.status, each.headers["location"]) for each in answers} == {(303, "/accounts/code")}
    assert len(Mailbox(site.client).messages) == 1


def change_address(site: Site, email: str = "new@example.com") -> int:
    return site.client.post("/accounts/email", data={"email": email}, headers=HTML).status


def test_address_changes_when_the_new_one_is_confirmed_and_the_old_one_is_told(site: Site) -> None:
    site.log_in()
    assert change_address(site) == 200
    mail = Mailbox(site.client).messages[-1]
    assert mail.to == "new@example.com"
    assert site.client.get("/me").text == EMAIL
    assert "new@example.com" in site.client.get(link_in(mail.text)).text
    assert site.client.post("/accounts/email/confirm", data={"token": token_in(mail.text)}).status == 200
    assert site.client.get("/me").text == "new@example.com"
    assert Mailbox(site.client).messages[-1].to == EMAIL
    assert site.log_in("new@example.com").status == 303


def test_address_of_somebody_else_answers_the_same_and_changes_nothing(site: Site) -> None:
    site.add_user("bob@example.com")
    site.log_in()
    assert change_address(site, "bob@example.com") == 200
    assert Mailbox(site.client).messages == []


def test_address_that_was_taken_meanwhile_is_refused(site: Site) -> None:
    site.log_in()
    change_address(site)
    token = token_in(last_mail(site.client))
    site.add_user("new@example.com")
    assert site.client.post("/accounts/email/confirm", data={"token": token}).status == 400
    assert site.client.get("/me").text == EMAIL


def test_links_begin_with_the_origin_that_the_site_names() -> None:
    with site_with(origin="https://notes.example") as site:
        site.add_user()
        ask_reset(site)
        assert "https://notes.example/accounts/reset?token=" in last_mail(site.client)


@pytest.mark.parametrize("headers", [{"host": "evil.example"}, {"x-forwarded-host": "evil.example"}])
def test_host_of_the_request_poisons_no_link(site: Site, headers: dict[str, str]) -> None:
    answer = site.client.post("/accounts/forgot", data={"email": EMAIL}, headers=headers)
    assert answer.status in (200, 421)
    assert all("evil" not in mail.text for mail in Mailbox(site.client).messages)
