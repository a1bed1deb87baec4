"""Attacks by who has a session, or a mail, of somebody: what they began opens nothing after a new password."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from bistro.plugins import Passkeys, SignInWith, TwoFactor
from bistro.plugins.accounts import ApiTokens
from bistro.testing import Mailbox
from tests.attacks.test_log_in_and_new_password import NEW, LastMoment
from tests.db.conftest import postgres_database_url, postgres_url  # noqa: F401 - fixtures
from tests.plugins.accounts.authenticator import Device
from tests.plugins.accounts.identity_provider import FakeProvider, serve_provider
from tests.plugins.accounts.support import EMAIL, HTML, PASSWORD, Site, site_with, who_routes
from tests.plugins.accounts.test_by_mail import code_in
from tests.plugins.accounts.test_passkeys import ask
from tests.plugins.accounts.test_providers import provider_of
from tests.plugins.accounts.test_sign_up import token_in
from tests.plugins.accounts.test_two_factor import code_of, read_secret

Act = Callable[[], int]
DEVICES: list[Device] = []


@pytest.fixture(scope="module")
def work() -> Iterator[FakeProvider]:
    with serve_provider(FakeProvider()) as made:
        yield made


def make_token(site: Site, work: FakeProvider) -> Act:
    return lambda: site.client.post("/accounts/tokens", data={"name": "a program"}).status


def add_passkey(site: Site, work: FakeProvider) -> Act:
    DEVICES.append(Device())
    sent = {"credential": DEVICES[-1].create(ask(site, "")), "name": "Phone"}
    return lambda: site.client.post("/accounts/passkeys", json=sent).status


def add_app(site: Site, work: FakeProvider) -> Act:
    secret = read_secret(site.client.get("/accounts/two-factor", headers=HTML).text)
    return lambda: site.client.post("/accounts/two-factor", data={"code": code_of(site, secret)}).status


def connect(site: Site, work: FakeProvider) -> Act:
    answer = site.client.post("/accounts/with/work")
    back = work.visit(answer.headers["location"])
    return lambda: site.client.get(back).status


@contextmanager
def site_of(work: FakeProvider, last_moment: LastMoment, url: str = "") -> Iterator[Site]:
    methods = [ApiTokens(), Passkeys(), TwoFactor(), SignInWith([provider_of(work)]), last_moment]
    with site_with(add=who_routes, methods=methods, url=url) as site:
        site.add_user()
        yield site


@pytest.mark.parametrize(
    ("begin", "database"),
    [
        (make_token, "sqlite"),
        (add_passkey, "sqlite"),
        (add_app, "sqlite"),
        (connect, "sqlite"),
        pytest.param(make_token, "postgresql", marks=pytest.mark.service),
    ],
)
def test_nothing_is_added_by_a_session_that_ends_meanwhile(
    begin: Callable[[Site, FakeProvider], Act],
    database: str,
    work: FakeProvider,
    request: pytest.FixtureRequest,
) -> None:
    url = request.getfixturevalue("postgres_url") if database == "postgresql" else ""
    last_moment = LastMoment()
    with site_of(work, last_moment, url) as site:
        site.log_in()
        act = begin(site, work)
        owner = site.async_client()
        site.client.run(owner.post("/accounts/log-in", data={"login": EMAIL, "password": PASSWORD}))
        last_moment.owner = owner
        assert act() == 409
        assert "method added" not in site.events()
        assert "token made" not in site.events()
        assert site.client.run(owner.get("/me")).text == EMAIL


def test_reset_leads_to_the_other_ways_into_the_account(work: FakeProvider) -> None:
    with site_of(work, LastMoment()) as site:
        site.log_in()
        assert "also after a new one" not in site.client.get("/accounts", headers=HTML).text
        add_passkey(site, work)()
        connect(site, work)()
        site.client.cookies.clear()
        site.client.post("/accounts/forgot", data={"email": EMAIL})
        token = token_in(Mailbox(site.client).messages[-1].text)
        answer = site.client.post("/accounts/reset", data={"token": token, "password": NEW})
        sent = {"credential": DEVICES[-1].get(ask(site, "/check")), "name": "Phone"}
        answer = site.client.post("/accounts/passkeys/check", json=sent)
        assert answer.json() == {"url": "/accounts"}
        page = site.client.get("/accounts", headers=HTML).text
        assert '<a href="/accounts/passkeys">one passkey</a>' in page
        assert '<a href="/accounts/with">one connected account</a>' in page


def test_code_in_a_mail_from_before_lets_nobody_in() -> None:
    with site_with(add=who_routes, log_in_by_mail=True) as site:
        site.add_user()
        site.client.post("/accounts/link", data={"email": EMAIL})
        code = code_in(Mailbox(site.client).messages[-1].text)
        with site.other_browser() as owner:
            site.log_in()
            owner.post("/accounts/password", data={"current": PASSWORD, "password": NEW})
        assert site.client.post("/accounts/code", data={"code": code}).status == 422
        assert site.client.get("/maybe").text == "nobody"
