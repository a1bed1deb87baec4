"""A link or a code out of a mail, followed by many requests at the same moment: it works for one."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest

from bistro.app import Setup
from bistro.http import Request
from bistro.plugins.accounts import AbstractUser, AccountSite
from bistro.testing import Mailbox
from tests.db.conftest import postgres_database_url, postgres_url  # noqa: F401 - fixtures
from tests.plugins.accounts.support import EMAIL, HTML, PASSWORD, Site, site_with, who_routes
from tests.plugins.accounts.test_by_mail import code_in
from tests.plugins.accounts.test_sign_up import sign_up, token_in

MANY = 12


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.service)])
def site(request: pytest.FixtureRequest) -> Iterator[Site]:
    url = request.getfixturevalue("postgres_url") if request.param == "postgresql" else ""
    with site_with(add=who_routes, log_in_by_mail=True, url=url) as made:
        yield made


def mails(site: Site) -> list[Any]:
    return Mailbox(site.client).messages


def send_at_once(site: Site, *forms: tuple[str, dict[str, str]]) -> list[int]:
    """The statuses of requests that run at once, all with the cookies of the browser."""
    cookies = dict(site.client.cookies)

    async def send_all() -> list[int]:
        client = site.async_client()
        client.cookies.update(cookies)
        answers = await asyncio.gather(
            *(client.post(f"/accounts/{page}", data=data, headers=HTML) for page, data in forms)
        )
        return sorted(each.status for each in answers)

    return site.client.run(send_all())


def test_link_to_log_in_logs_one_in(site: Site) -> None:
    site.add_user()
    site.client.post("/accounts/link", data={"email": EMAIL})
    form = ("link/follow", {"token": token_in(mails(site)[-1].text)})
    assert send_at_once(site, *[form] * MANY) == [303] + [400] * (MANY - 1)
    assert site.events().count("logged in") == 1


def test_code_logs_one_in_whatever_else_runs(site: Site) -> None:
    site.add_user()
    site.client.post("/accounts/link", data={"email": EMAIL})
    statuses = send_at_once(site, *[("code", {"code": code_in(mails(site)[-1].text)})] * MANY)
    assert statuses.count(303) == 1
    assert set(statuses) <= {303, 422, 429}
    assert site.events().count("logged in") == 1


def test_link_and_code_of_one_mail_log_in_once_together(site: Site) -> None:
    site.add_user()
    site.client.post("/accounts/link", data={"email": EMAIL})
    text = mails(site)[-1].text
    forms = [("link/follow", {"token": token_in(text)}), ("code", {"code": code_in(text)})]
    assert send_at_once(site, *forms * 3).count(303) == 1
    assert site.events().count("logged in") == 1


def test_code_is_worthless_once_the_link_beside_it_was_followed(site: Site) -> None:
    site.add_user()
    site.client.post("/accounts/link", data={"email": EMAIL})
    text = mails(site)[-1].text
    with site.other_browser() as phone:
        assert phone.post("/accounts/link/follow", data={"token": token_in(text)}).status == 303
    assert site.client.post("/accounts/code", data={"code": code_in(text)}).status == 422


class Step:
    """A step behind every log-in, which nobody passes here."""

    name = "step"

    def install(self, setup: Setup, site: AccountSite) -> None:
        site.steps.append(self)

    async def find_url(self, request: Request, user: AbstractUser) -> str:
        return "/step"


def test_link_is_used_up_where_a_second_factor_must_follow_and_a_new_one_works() -> None:
    with site_with(log_in_by_mail=True, methods=[Step()]) as site:
        site.add_user()
        statuses = []
        for _ in range(2):  # nobody is logged in, so that nothing of the user has changed
            site.client.post("/accounts/link", data={"email": EMAIL})
            form = {"token": token_in(mails(site)[-1].text)}
            statuses += [site.client.post("/accounts/link/follow", data=form).status for _ in range(2)]
    assert statuses == [303, 400, 303, 400]


def test_link_that_verifies_an_address_logs_one_in(site: Site) -> None:
    sign_up(site)
    form = ("verify", {"token": token_in(mails(site)[-1].text)})
    assert send_at_once(site, *[form] * MANY) == [303] + [400] * (MANY - 1)
    assert site.events().count("verified") == site.events().count("logged in") == 1


def test_link_that_resets_a_password_sets_one(site: Site) -> None:
    site.add_user()
    site.client.post("/accounts/forgot", data={"email": EMAIL})
    token = token_in(mails(site)[-1].text)
    forms = [("reset", {"token": token, "password": f"another harbour {number}"}) for number in range(MANY)]
    assert send_at_once(site, *forms) == [303] + [400] * (MANY - 1)
    assert site.events().count("password reset") == site.events().count("logged in") == 1


def test_links_to_two_new_addresses_change_it_once(site: Site) -> None:
    site.add_user()
    site.log_in()
    addresses = ["new@example.com", "other@example.com"]
    for each in addresses:
        site.client.post("/accounts/email", data={"email": each}, headers=HTML)
    forms = [("email/confirm", {"token": token_in(mail.text)}) for mail in mails(site)]
    assert send_at_once(site, *forms * (MANY // 2)) == [200] + [400] * (MANY - 1)
    assert site.events().count("e-mail changed") == 1
    assert sum(site.log_in(each, PASSWORD).status == 303 for each in addresses) == 1


def test_link_to_an_address_is_used_up_also_once_the_user_has_gone_back_from_it(site: Site) -> None:
    """Who had the account for a minute must not get it again after its owner has taken it back."""
    site.add_user()
    site.log_in()
    statuses = []
    for address in ("thief@example.org", EMAIL):
        site.client.post("/accounts/email", data={"email": address}, headers=HTML)
        form = {"token": token_in([mail for mail in mails(site) if mail.to == address][-1].text)}
        statuses.append((form, site.client.post("/accounts/email/confirm", data=form).status))
    assert [status for _, status in statuses] == [200, 200]
    assert site.client.post("/accounts/email/confirm", data=statuses[0][0]).status == 400
    assert site.log_in(EMAIL).status == 303
