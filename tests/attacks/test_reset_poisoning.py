"""Mails to a victim that are asked for with a `Host` header of the attacker's (CVE-2012-4520)."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from bistro import App
from bistro.db import get_database
from bistro.plugins import Accounts, Database, Passkeys
from bistro.plugins.accounts import AccountsError
from bistro.plugins.database.migrations import apply_all
from bistro.testing import Mailbox
from tests.plugins.accounts.authenticator import Device
from tests.plugins.accounts.support import EMAIL, Site, site_with

PASSKEYS = "/accounts/passkeys"
PORTS = ["example.com:8443", "EXAMPLE.com:1", "example.com:65535", "example.com:00080"]


@pytest.fixture
def production(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {
        "ENV": "production",
        "SECRET_KEY": "a-key-of-this-test-that-is-long-enough-for-any-of-them",
        "ALLOWED_HOSTS": "example.com,localhost",
        "MAIL_URL": "memory:",
        "MAIL_FROM": "site@example.com",
    }.items():
        monkeypatch.setenv(name, value)


def with_tables(app: App) -> None:
    """Make them, as the migrations do before a start in production."""

    @app.on_start
    async def migrate() -> None:
        await apply_all(get_database(), Path("no-such-folder"), app.freeze().registered.model_packages)


@pytest.fixture
def site(production: None) -> Iterator[Site]:
    with site_with(add=with_tables, log_in_by_mail=True) as made:
        made.add_user()
        yield made


def mail_for(site: Site, page: str, host: str) -> str:
    answer = site.client.post(f"/accounts/{page}", data={"email": EMAIL}, headers={"host": host})
    assert answer.status in (200, 303), answer.text
    return Mailbox(site.client).messages[-1].text


@pytest.mark.parametrize("host", PORTS)
@pytest.mark.parametrize("page", ["forgot", "link"])
def test_port_of_the_attackers_own_program_is_in_no_link(site: Site, page: str, host: str) -> None:
    mail = mail_for(site, page, host)
    assert "http://example.com/accounts/" in mail
    assert not any(f":{port}" in mail for port in (8443, 1, 65535, 80))


@pytest.mark.parametrize(
    "host",
    ["evil.example", "example.com.evil.example", "example.com@evil.example", "example.com:80@evil.example"],
)
def test_host_that_is_not_the_sites_sends_no_mail(site: Site, host: str) -> None:
    answer = site.client.post("/accounts/forgot", data={"email": EMAIL}, headers={"host": host})
    assert answer.status in (400, 421)
    assert Mailbox(site.client).messages == []


@pytest.mark.parametrize("host", PORTS)
def test_origin_of_the_environment_is_in_every_link(
    production: None, monkeypatch: pytest.MonkeyPatch, host: str
) -> None:
    monkeypatch.setenv("ACCOUNTS_ORIGIN", "https://notes.example:8443/")
    with site_with(add=with_tables) as site:
        site.add_user()
        mail = mail_for(site, "forgot", host)
    assert "https://notes.example:8443/accounts/reset?token=" in mail
    assert "example.com" not in mail.replace(EMAIL, "")


def test_port_stays_where_the_site_is_not_in_production() -> None:
    with site_with() as site:
        site.add_user()
        assert "http://localhost:8000/accounts/reset" in mail_for(site, "forgot", "localhost:8000")


def test_passkey_that_was_asked_for_on_another_port_lets_nobody_in(production: None) -> None:
    """A program there asks the user, and brings the answer here with a header that fits it."""
    device = Device()
    with site_with(add=with_tables, methods=[Passkeys()]) as site:
        site.add_user()
        site.log_in()
        made = device.create(site.client.post(f"{PASSKEYS}/options", json={}).json())
        assert site.client.post(PASSKEYS, json={"credential": made, "name": "Phone"}).status == 200
        site.client.cookies.clear()
        statuses = []
        for host in ("localhost:8443", "localhost"):
            options = site.client.post(f"{PASSKEYS}/log-in/options", json={}, headers={"host": host}).json()
            sent = {"credential": device.get(options, origin=f"http://{host}"), "next": "/"}
            answer = site.client.post(f"{PASSKEYS}/log-in", json=sent, headers={"host": host})
            statuses.append(answer.status)
    assert statuses == [422, 200]


@pytest.mark.parametrize(
    "origin",
    [
        "example.com",
        "ftp://example.com",
        "https://",
        "https://example.com/shop",
        "https://a b",
        "https://x:y",
    ],
)
def test_what_is_no_origin_stops_the_start(origin: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ENV", "testing")
    with pytest.raises(AccountsError, match="links in mails can't begin with"):
        App(Database("sqlite://"), Accounts(origin=origin)).freeze()


def ids_of(app: App) -> set[str]:
    return {finding.id for check, _ in app.freeze().registered.checks for finding in check(app)}


def test_check_asks_for_an_origin_in_production_alone(
    production: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "accounts.W001" in ids_of(App(Database("sqlite://"), Accounts()))
    assert "accounts.W001" not in ids_of(App(Database("sqlite://"), Accounts(origin="https://a.example")))
    monkeypatch.setenv("ENV", "testing")
    assert "accounts.W001" not in ids_of(App(Database("sqlite://"), Accounts()))
