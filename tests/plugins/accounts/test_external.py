"""Others who know who somebody is: a proxy in front, a directory of the company."""

from __future__ import annotations

import asyncio
import http.client
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from bistro import App, Request
from bistro.plugins import Accounts, CheckedBy, Database, RemoteUser, TwoFactor
from bistro.plugins.accounts import AccountSite, User
from bistro.plugins.accounts.identities import ExternalIdentity
from bistro.serving.asgi_exchange import AsgiExchange
from bistro.serving.exchange import HttpExchange
from bistro.serving.rsgi_exchange import RsgiExchange
from bistro.testing import AsyncClient, Client, LiveServer
from bistro.testing.response import ClientResponse
from tests.plugins.accounts.support import EMAIL, HTML, PASSWORD, QUICK, Site, site_with, who_routes
from tests.plugins.accounts.test_two_factor import set_up

# --- RemoteUser ---------------------------------------------------------------------------------------


@contextmanager
def behind(trusted: list[str], method: RemoteUser, **options: Any) -> Iterator[Client]:
    """A client of a site behind a proxy; the client's own address is 127.0.0.1."""
    app = App(
        Database("sqlite://", repeats_max=None),
        Accounts(methods=[method], passwords=QUICK, **options),
        trusted_proxies=trusted,
    )
    who_routes(app)

    @app.post("/test/add/{email}", public=True)
    async def add(email: str, site: AccountSite) -> None:
        await site.create_user(email, PASSWORD)

    @app.post("/test/lock", public=True)
    async def lock() -> None:
        await User.objects.filter(User.email == EMAIL).update(is_active=False)

    @app.post("/test/password", public=True)
    async def set_password(site: AccountSite) -> None:
        user = await site.find_user(EMAIL)
        assert user is not None
        await site.set_password(user, "another harbour")

    with Client(app) as client:
        yield client


def me(client: Client, *names: str, **more: str) -> ClientResponse:
    headers = {"remote-user": names[0], **more} if names else dict(more)
    return client.get("/me", headers=headers)


@pytest.fixture
def client() -> Iterator[Client]:
    with behind(["127.0.0.1"], RemoteUser()) as made:
        yield made


def test_who_the_proxy_names_is_logged_in_and_has_an_account(client: Client) -> None:
    assert me(client, EMAIL).text == EMAIL
    client.cookies.clear()
    assert me(client, EMAIL.upper()).text == EMAIL


def test_the_same_word_of_anybody_else_counts_for_nothing() -> None:
    for trusted in ([], ["10.0.0.0/8"]):
        with behind(trusted, RemoteUser()) as client:
            assert me(client, EMAIL).status == 401
            assert me(client, EMAIL, **{"x-forwarded-for": "10.0.0.1"}).status == 401


def test_password_that_is_set_here_is_nothing_to_who_comes_by_the_proxy(client: Client) -> None:
    assert me(client, EMAIL).text == EMAIL
    assert client.post("/test/password", headers={"remote-user": EMAIL}).status == 204
    assert me(client, EMAIL).text == EMAIL


def test_client_behind_the_proxy_is_told_apart_from_the_proxy(client: Client) -> None:
    assert me(client, EMAIL, **{"x-forwarded-for": "203.0.113.9"}).text == EMAIL


def test_request_without_the_header_ends_the_session(client: Client) -> None:
    assert me(client, EMAIL).text == EMAIL
    assert me(client).status == 401
    assert me(client).status == 401


def test_other_name_is_another_session(client: Client) -> None:
    me(client, EMAIL)
    token = client.cookies["__Host-session"]
    assert me(client, "bob@example.com").text == "bob@example.com"
    assert client.cookies["__Host-session"] != token


def test_name_is_looked_up_once_a_session(client: Client) -> None:
    me(client, EMAIL)
    token = client.cookies["__Host-session"]
    me(client, EMAIL)
    assert client.cookies["__Host-session"] == token


def test_user_who_was_locked_out_stays_out(client: Client) -> None:
    me(client, EMAIL)
    client.post("/test/lock")
    assert me(client, EMAIL).status == 401
    client.cookies.clear()
    assert me(client, EMAIL).status == 401


@pytest.mark.parametrize(
    "name", ["", " ", "ann", "a@b@c", "x" * 300, "ann@example.com,bob@example.com", "a\x7fb@x.org"]
)
def test_what_can_be_nobody_is_nobody(client: Client, name: str) -> None:
    assert me(client, name).status == 401


def test_header_that_comes_twice_is_nobodys_word(client: Client) -> None:
    answer = client.get("/me", headers=[("remote-user", EMAIL), ("remote-user", "bob@example.com")])  # type: ignore[arg-type]
    assert answer.status in (400, 401)


def test_without_sign_up_only_known_users_come_in() -> None:
    with behind(["127.0.0.1"], RemoteUser("x-user", sign_up=False)) as client:
        assert client.get("/me", headers={"x-user": EMAIL}).status == 401
        client.post(f"/test/add/{EMAIL}")
        assert client.get("/me", headers={"x-user": EMAIL}).text == EMAIL
        assert me(client, EMAIL).status == 401  # the header is another one


def test_name_and_address_may_come_apart() -> None:
    method = RemoteUser(email_header="remote-email")
    with behind(["127.0.0.1"], method, log_in_with="name") as client:
        answer = client.get("/me", headers={"remote-user": "ann", "remote-email": EMAIL})
        assert answer.text == EMAIL
        assert me(client, "ann").text == EMAIL
        assert me(client, "bob").status == 401  # no address for a new account


def test_first_requests_of_a_browser_may_come_at_once(client: Client) -> None:
    other, headers = AsyncClient(client.app), {"remote-user": EMAIL}

    async def ask_at_once() -> list[str]:
        answers = await asyncio.gather(*(other.get("/me", headers=headers) for _ in range(5)))
        return [each.text for each in answers]

    assert client.run(ask_at_once()) == [EMAIL] * 5


def test_own_log_in_of_another_user_gives_way_to_whom_the_proxy_names(client: Client) -> None:
    client.post("/test/add/bob@example.com")
    client.post("/accounts/log-in", data={"login": "bob@example.com", "password": PASSWORD})
    assert me(client).text == "bob@example.com"
    assert me(client, EMAIL).text == EMAIL


def test_closed_site_is_open_for_whom_the_proxy_names() -> None:
    with behind(["127.0.0.1"], RemoteUser(), closed=True) as client:
        assert me(client, EMAIL).text == EMAIL


# --- CheckedBy ----------------------------------------------------------------------------------------


class Directory:
    """A directory as LDAP has one: it takes a log-in without a password for an anonymous one."""

    name, label = "directory", "the directory"

    def __init__(self, **people: str) -> None:
        self.people = people
        self.asked: list[tuple[str, str]] = []
        self.email = EMAIL
        self.is_verified = True

    def check(self, login: str, password: str) -> ExternalIdentity | None:
        self.asked.append((login, password))
        if password == "down":
            raise ConnectionError("no answer")
        if password and self.people.get(login.partition("@")[0]) != password:
            return None
        return ExternalIdentity(login, self.email, self.is_verified, "Ann")


class AsyncDirectory(Directory):
    async def check(self, login: str, password: str) -> ExternalIdentity | None:  # type: ignore[override]
        await asyncio.sleep(0)
        return super().check(login, password)


@contextmanager
def site_of(directory: Directory, *more: Any, **options: Any) -> Iterator[Site]:
    with site_with(add=who_routes, methods=[CheckedBy([directory], **options), *more]) as site:
        yield site


@pytest.mark.parametrize("kind", [Directory, AsyncDirectory])
def test_password_of_the_directory_logs_in_and_makes_an_account(kind: type[Directory]) -> None:
    with site_of(kind(ann="known there")) as site:
        for _ in range(2):
            site.client.cookies.clear()
            assert site.log_in(password="known there", next="/me").headers["location"] == "/me"
            assert site.client.get("/me").text == EMAIL
        assert site.log_in(password="wrong").status == 422


def test_site_s_own_password_comes_first_and_asks_nobody() -> None:
    directory = Directory(ann="known there")
    with site_of(directory) as site:
        site.add_user()
        assert site.log_in(next="/me").headers["location"] == "/me"
        assert directory.asked == []


@pytest.mark.parametrize("password", ["", "x" * 1_025, "x" * 900_000, "a\0b"])
def test_directory_is_never_asked_with_no_password_or_a_monstrous_one(password: str) -> None:
    directory = Directory(ann="known there")
    with site_of(directory) as site:
        assert site.log_in(password=password).status == (413 if len(password) > 64 * 1024 else 422)
        assert directory.asked == []


def test_directory_that_is_down_looks_like_a_wrong_password(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.ERROR), site_of(Directory(ann="known there")) as site:
        down, wrong = site.log_in(password="down"), site.log_in(password="wrong")
        assert (down.status, down.text) == (wrong.status, wrong.text)
    assert "no answer" in caplog.text


def test_sixth_wrong_password_has_to_wait_and_asks_nobody() -> None:
    directory = Directory(ann="known there")
    with site_of(directory) as site:
        assert [site.log_in(password="wrong").status for _ in range(6)] == [422] * 5 + [429]
        assert len(directory.asked) == 5


def test_address_in_the_directory_opens_an_account_only_where_it_is_trusted() -> None:
    with site_of(Directory(ann="known there")) as site:
        site.add_user()
        assert site.log_in(password="known there").status == 422
    with site_of(Directory(ann="known there"), trusts_addresses=True) as site:
        site.add_user()
        assert site.log_in(password="known there", next="/me").headers["location"] == "/me"
        site.change_user(is_active=False)
        assert site.log_in(password="known there").status == 422


def test_locked_account_is_not_opened_by_who_comes_for_the_first_time() -> None:
    with site_of(Directory(ann="known there"), trusts_addresses=True) as site:
        site.add_user()
        site.change_user(is_active=False)
        assert site.log_in(password="known there").status == 422
        site.change_user(is_active=True)
        # Nothing was kept of it: the address has to be trusted still.
        assert site.log_in(password="known there", next="/me").headers["location"] == "/me"
        assert site.client.get("/me").text == EMAIL


def test_directory_that_gives_no_address_opens_no_account() -> None:
    directory = Directory(ann="known there")
    directory.email = ""
    with site_of(directory, trusts_addresses=True) as site:
        site.add_user()
        assert site.log_in(password="known there").status == 422
        assert site.client.get("/me").status == 401


def test_unverified_address_makes_and_opens_no_account() -> None:
    directory = Directory(ann="known there")
    directory.is_verified = False
    with site_of(directory, trusts_addresses=True) as site:
        assert site.log_in(password="known there").status == 422
        site.add_user()
        assert site.log_in(password="known there").status == 422


def test_second_factor_is_asked_behind_it() -> None:
    with site_of(Directory(ann="known there"), TwoFactor(), trusts_addresses=True) as site:
        site.add_user()
        set_up(site)
        site.client.cookies.clear()
        assert site.log_in(password="known there").headers["location"] == "/accounts/two-factor/check"


def test_wrong_and_unknown_look_alike() -> None:
    with site_of(Directory(ann="known there")) as site:
        site.add_user()
        one, two = site.log_in(password="x"), site.log_in("nobody@example.com", "x")
        assert one.text.replace(EMAIL, "") == two.text.replace("nobody@example.com", "")
        assert site.client.get("/accounts/log-in", headers=HTML).status == 200
        assert PASSWORD not in one.text


# --- where the header comes from ----------------------------------------------------------------------


@pytest.mark.parametrize("trusted", [["127.0.0.1"], []])
def test_server_of_its_own_tells_the_proxy_from_others_too(
    trusted: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ENV", "testing")
    app = App(trusted_proxies=trusted)

    @app.get("/")
    async def show(request: Request) -> bool:
        return request.exchange.is_from_proxy

    with LiveServer(app) as server:
        for headers in ({}, {"x-forwarded-for": "203.0.113.9"}):
            connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=15)
            connection.request("GET", "/", headers=headers)
            assert connection.getresponse().read() == (b"true" if trusted else b"false")
            connection.close()


@pytest.mark.parametrize("kind", [HttpExchange, AsgiExchange, RsgiExchange])
def test_no_kind_of_server_believes_by_default(kind: type[Any]) -> None:
    assert kind.is_from_proxy is False
