"""Logging in and out, and who handlers get."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from bistro import App
from bistro.cli.checks import run_checks
from bistro.ground import SetupError
from bistro.plugins import Accounts, Database, Mail
from bistro.plugins.accounts import AbstractUser, AccountsError, User
from bistro.testing import Client
from tests.plugins.accounts.support import EMAIL, HTML, PASSWORD, Site, log_in, site_with, who_routes


@pytest.fixture
def site() -> Iterator[Site]:
    with site_with(add=who_routes) as made:
        made.add_user()
        yield made


def test_visitor_who_must_be_a_user_is_led_to_the_log_in_page_and_back(site: Site) -> None:
    asked = site.client.get("/me?page=2", headers=HTML)
    assert asked.status == 303
    assert asked.headers["location"] == "/accounts/log-in?next=%2Fme%3Fpage%3D2"
    page = site.client.get(asked.headers["location"], headers=HTML)
    assert 'name="next" value="/me?page=2"' in page.text
    assert site.log_in(next="/me?page=2").headers["location"] == "/me?page=2"
    assert site.client.get("/me").text == EMAIL


def test_program_gets_a_401_that_names_a_scheme(site: Site) -> None:
    answer = site.client.get("/me")
    assert (answer.status, answer.content_type) == (401, "application/problem+json")
    assert answer.headers["www-authenticate"] == "Bearer"


def test_form_of_a_visitor_leads_to_the_log_in_page_without_a_way_back(site: Site) -> None:
    assert site.client.post("/me", headers=HTML).headers["location"] == "/accounts/log-in"


def test_optional_user_is_none_for_a_visitor(site: Site) -> None:
    assert site.client.get("/maybe").text == "nobody"
    site.log_in()
    assert site.client.get("/maybe").text == EMAIL


@pytest.mark.parametrize("login", [EMAIL.upper(), f" {EMAIL} ", EMAIL.replace("a", "ａ")])
def test_address_is_the_same_in_any_case_and_width(site: Site, login: str) -> None:
    assert site.log_in(login).status == 303


@pytest.mark.parametrize(
    ("login", "password"),
    [(EMAIL, "quiet harbour?"), ("nobody@example.com", PASSWORD), (EMAIL, PASSWORD.upper())],
)
def test_wrong_name_and_wrong_password_are_answered_alike(site: Site, login: str, password: str) -> None:
    answer = site.log_in(login, password)
    assert answer.status == 422
    assert "The e-mail address or the password is wrong." in answer.text
    assert password not in answer.text
    assert site.client.get("/maybe").text == "nobody"


def test_log_out_ends_the_session_on_the_server_and_clears_the_browser(site: Site) -> None:
    site.log_in()
    copied = site.token
    assert "<button>Log out</button>" in site.client.get("/accounts/log-out").text
    answer = site.client.post("/accounts/log-out")
    assert answer.headers["clear-site-data"] == '"cache", "storage"'
    with site.other_browser(copied) as thief:
        assert thief.get("/maybe").text == "nobody"


def test_asking_to_log_out_changes_nothing(site: Site) -> None:
    site.log_in()
    site.client.get("/accounts/log-out")
    assert site.client.get("/me").status == 200


def test_log_in_gives_a_new_token_and_the_old_one_is_worthless(site: Site) -> None:
    site.log_in()
    first = site.token
    site.log_in()
    assert site.token != first
    with site.other_browser(first) as thief:
        assert thief.get("/maybe").text == "nobody"


def test_what_one_user_has_in_the_session_is_not_the_next_ones(site: Site) -> None:
    site.add_user("bob@example.com")
    site.log_in()
    site.log_in("bob@example.com")
    assert site.client.get("/me").text == "bob@example.com"


def test_user_deleted_in_mid_session_is_a_visitor_at_once(site: Site) -> None:
    site.log_in()
    site.change_user()
    assert (site.client.get("/me").status, site.client.get("/maybe").text) == (401, "nobody")


def test_user_locked_out_in_mid_session_is_a_visitor_at_once_and_cannot_come_back(site: Site) -> None:
    site.log_in()
    site.change_user(is_active=False)
    assert site.client.get("/me").status == 401
    assert site.log_in().status == 422


def test_next_user_with_the_same_id_does_not_inherit_a_session(site: Site) -> None:
    site.log_in()
    site.change_user()
    site.add_user("other@example.com")  # SQLite gives the highest id again
    assert site.client.get("/me").status == 401


def test_pages_for_who_is_logged_in_are_kept_by_nobody(site: Site) -> None:
    assert site.client.get("/maybe").headers["cache-control"] == "private"
    site.log_in()
    answer = site.client.get("/maybe")
    assert (answer.headers["cache-control"], answer.headers["vary"]) == ("no-store", "cookie")


@pytest.mark.parametrize(
    "next",
    ["//evil.example", "https://evil.example", "\\\\evil.example", "/\\evil.example", "/\t/evil.example",
     "http:evil.example", "javascript:alert(1)", "//user@evil.example", "///evil.example", "/" * 3000],
)  # fmt: skip
def test_way_back_never_leaves_the_site(site: Site, next: str) -> None:
    shown = site.client.get("/accounts/log-in", params={"next": next})
    assert shown.status == 200
    answer = site.log_in(next=next)
    assert answer.status == 422 or answer.headers["location"] == "/"


def test_who_is_logged_in_is_led_on_by_the_log_in_page(site: Site) -> None:
    site.log_in()
    assert site.client.get("/accounts/log-in?next=/me").headers["location"] == "/me"
    assert site.client.get("/accounts/log-in?next=//evil.example").headers["location"] == "/"


def test_staying_signed_in_lasts_longer(site: Site) -> None:
    day = 24 * 3600
    site.log_in()
    site.clock.advance(day)
    assert site.client.get("/maybe").text == "nobody"
    site.log_in(remember="true")
    site.clock.advance(day)
    assert site.client.get("/me").status == 200


def test_events_are_kept(site: Site) -> None:
    site.log_in(password="wrong")
    site.log_in()
    site.client.post("/accounts/log-out")
    assert site.events() == ["log-in failed", "logged in", "logged out"]


def test_sixth_wrong_password_in_a_minute_is_refused_for_a_while(site: Site) -> None:
    statuses = [site.log_in(password="wrong").status for _ in range(6)]
    assert statuses == [422] * 5 + [429]
    refused = site.log_in()  # the right one neither
    assert (refused.status, refused.headers["retry-after"]) == (429, "12")
    assert "too often" in refused.text
    site.clock.advance(12)
    assert site.log_in().status == 303


def test_right_passwords_are_not_counted(site: Site) -> None:
    assert {site.log_in().status for _ in range(12)} == {303}


def test_one_address_is_slowed_down_whatever_names_it_tries(site: Site) -> None:
    statuses = [site.log_in(f"user{number}@example.com").status for number in range(6)]
    assert statuses == [422] * 5 + [429]


def test_right_password_of_an_account_gives_an_address_no_more_guesses_at_another(site: Site) -> None:
    site.add_user("mallory@example.com")
    for _ in range(5):
        site.log_in(password="guess")
        site.log_in("mallory@example.com")
    assert site.log_in(password="guess").status == 429


def test_whole_site_is_closed_by_one_switch_but_for_what_is_public() -> None:
    with site_with(add=who_routes, closed=True) as site:
        site.add_user()
        assert site.client.get("/maybe").status == 401
        assert site.client.get("/open").text == "open"
        assert site.client.get("/accounts/style.css").status == 200
        assert site.client.get("/livez").status == 200
        site.log_in()
        assert site.client.get("/maybe").text == EMAIL


def test_users_log_in_by_name_where_the_site_says_so() -> None:
    with site_with(add=who_routes, log_in_with="either") as site:
        site.add_user(name="Ann")
        assert [log_in(site.client, each).status for each in ("ann", "ＡＮＮ", EMAIL, "anna")] == [
            303,
            303,
            303,
            422,
        ]


class Member(AbstractUser):
    """A model of the site's own."""


def test_site_may_have_a_model_of_its_own() -> None:
    def add(app: App) -> None:
        @app.on_start
        async def make() -> None:
            from bistro.db import create_tables

            await create_tables(Member)

        @app.get("/me")
        async def me(user: Member) -> str:
            return user.email

        @app.get("/any")
        async def any_user(user: AbstractUser) -> str:
            return type(user).__name__

    with site_with(add=add, user=Member) as site:
        site.add_user()
        site.log_in()
        assert (site.client.get("/me").text, site.client.get("/any").text) == (EMAIL, "Member")


def test_model_without_a_table_stops_the_start() -> None:
    with pytest.raises(AccountsError, match="has no table"):
        App(Database("sqlite://"), Accounts(user=AbstractUser)).freeze()


def test_handler_that_asks_for_another_model_than_the_site_has_stops_the_start(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("ENV", "testing")
    app = App(Database("sqlite://"), Accounts(user=Member))

    @app.get("/")
    async def me(user: User) -> str:
        return user.email

    with pytest.raises(SetupError, match="nobody can provide the parameter user: User"):
        app.freeze()


@pytest.mark.parametrize("kind", [User, Member, AbstractUser])
def test_user_is_never_read_from_a_body_where_there_are_no_accounts(kind: type) -> None:
    app = App()

    async def change(user: object) -> str:
        return "changed"

    change.__annotations__["user"] = kind
    app.post("/")(change)
    with pytest.raises(SetupError, match="nobody can provide"):
        app.freeze()


def test_accounts_need_a_database() -> None:
    with pytest.raises(SetupError, match="requires Database"):
        App(Accounts()).freeze()


@pytest.mark.parametrize("options", [{}, {"closed": True}])
def test_check_finds_no_fault_in_the_pages(options) -> None:
    app = App(Database("sqlite://"), Accounts(**options), Mail("memory:", sender="shop@example.com"))
    with Client(app):
        assert [each for each in run_checks(app, app.freeze()) if each.level == "error"] == []
