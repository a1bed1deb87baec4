"""Each page of accounts by itself: what it shows, and what it says to who sends nothing or nonsense."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from bistro import App
from bistro.db import Field, ForeignKey, Model, auto, create_tables, field
from bistro.plugins import Passkeys, TwoFactor
from bistro.plugins.accounts import (
    ApiTokens,
    BasicCredentials,
    BearerToken,
    LogIn,
    PasswordRules,
    User,
)
from bistro.testing import Mailbox
from tests.plugins.accounts.support import EMAIL, HTML, PASSWORD, QUICK, Site, site_with, who_routes
from tests.plugins.accounts.test_two_factor import code_of, post, set_up

NEW = "another harbour"


class Ship(Model):
    id: Field[int] = auto()
    owner: ForeignKey[User] = field(on_delete="restrict")


def add(app: App) -> None:
    who_routes(app)

    @app.on_start
    async def make() -> None:
        await create_tables(Ship)

    @app.post("/ships")
    async def launch(user: User) -> int:
        return (await Ship.objects.create(owner=user)).id

    @app.get("/step", public=True)
    async def pass_step(log_in: LogIn) -> object:
        return await log_in.pass_step("oath")


@pytest.fixture(scope="module")
def shared() -> Iterator[Site]:
    with site_with(add=add, log_in_by_mail=True, methods=[ApiTokens()], roles={"r": ["*"]}) as made:
        made.add_user()
        yield made


@pytest.fixture
def site(shared: Site) -> Site:
    """One site for all who change nothing in it."""
    shared.client.cookies.clear()
    shared.clock.advance(3_600)
    return shared


@pytest.mark.parametrize("page", ["log-in", "sign-up", "forgot", "link", "code"])
def test_page_for_visitors_has_its_form_and_tells_what_is_missing(site: Site, page: str) -> None:
    shown = site.client.get(f"/accounts/{page}", headers=HTML)
    assert (shown.status, '<form method="post"' in shown.text) == (200, True)
    refused = site.client.post(f"/accounts/{page}", headers=HTML)
    assert (refused.status, '<form method="post"' in refused.text) == (422, True)
    assert "aria-invalid" in refused.text
    assert "aria-invalid" not in shown.text
    assert Mailbox(site.client).messages == []


@pytest.mark.parametrize(("page", "status"), [("forgot", 200), ("link", 303), ("code", 422)])
def test_sixth_request_for_a_mail_or_with_a_code_in_a_minute_has_to_wait(
    site: Site, page: str, status: int
) -> None:
    data = {"email": "nobody@example.com", "code": "000000"}
    answers = [site.client.post(f"/accounts/{page}", data=data).status for _ in range(6)]
    assert answers == [status] * 5 + [429]
    site.clock.advance(12)
    assert site.client.post(f"/accounts/{page}", data=data).status == status


@pytest.mark.parametrize("page", ["forgot", "link"])
def test_who_is_locked_out_is_sent_nothing_that_would_let_them_in(site: Site, page: str) -> None:
    site.change_user(is_active=False)
    events = site.events()
    site.client.post(f"/accounts/{page}", data={"email": EMAIL})
    assert (Mailbox(site.client).messages, site.events()) == ([], events)
    site.change_user(is_active=True)
    site.client.post(f"/accounts/{page}", data={"email": EMAIL})
    mailbox = Mailbox(site.client)
    assert [each.to for each in mailbox.messages] == [EMAIL]
    mailbox.clear()


def test_who_has_not_confirmed_the_address_is_told_of_the_mail(site: Site) -> None:
    assert "We have sent you a mail once more" in site.client.get("/accounts/unverified", headers=HTML).text


@pytest.mark.parametrize("page", ["verify", "reset", "link/follow", "email/confirm"])
def test_page_behind_a_link_refuses_what_is_no_token(site: Site, page: str) -> None:
    for token in ("", "x", "x" * 3_000, "é"):
        for answer in (
            site.client.get(f"/accounts/{page}", params={"token": token}),
            site.client.post(f"/accounts/{page}", data={"token": token}),
        ):
            assert (answer.status, answer.headers["cache-control"]) == (400, "no-store")


def test_step_of_nobody_who_is_logging_in_leads_to_the_log_in_page(site: Site) -> None:
    assert site.client.get("/step").headers["location"] == "/accounts/log-in"


def test_account_has_the_links_of_its_methods(site: Site) -> None:
    site.log_in()
    assert (
        '<a href="/accounts/tokens">Tokens for programs</a>'
        in site.client.get("/accounts", headers=HTML).text
    )


@pytest.mark.parametrize("email", ["", "nobody", "a b@example.com"])
def test_account_moves_to_no_address_that_is_none(site: Site, email: str) -> None:
    site.log_in()
    refused = site.client.post("/accounts/email", data={"email": email}, headers=HTML)
    assert (refused.status, Mailbox(site.client).messages) == (422, [])


@pytest.mark.parametrize("number", ["", "x", "-1", "1.0", "٣", "9" * 19, "9" * 18])
def test_number_that_is_nobodys_is_not_impersonated(site: Site, number: str) -> None:
    site.change_user(roles=["r"], is_superuser=True)
    site.log_in()
    assert site.client.post("/accounts/impersonate", data={"id": number}).status == 404
    assert site.client.post("/accounts/tokens/end", data={"id": number}).status == 303


def test_account_whose_work_others_need_is_not_deleted(site: Site) -> None:
    site.log_in()
    site.client.post("/ships")
    answer = site.client.post("/accounts/delete", data={"sure": "true"})
    assert (answer.status, "others need what it has made" in answer.text) == (409, True)
    assert site.client.get("/me").text == EMAIL


def test_password_that_changes_while_it_is_changed_stays_the_first_one() -> None:
    async def be_quicker(password: str) -> None:
        """The other request, between the check of the old password and the change."""
        user = await User.objects.get()
        await User.objects.filter(User.key == user.key).update(password=await QUICK.hash("quicker words"))

    rules = PasswordRules(others=[be_quicker])
    with site_with(add=who_routes, rules=rules) as site:
        site.add_user()
        site.log_in()
        answer = site.client.post("/accounts/password", data={"current": PASSWORD, "password": NEW})
        assert (answer.status, "was changed meanwhile" in answer.text) == (422, True)
        site.client.cookies.clear()
        assert [site.log_in(password=each).status for each in (NEW, PASSWORD, "quicker words")] == [
            422,
            422,
            303,
        ]


def test_two_methods_may_demand_a_second_factor() -> None:
    methods = [TwoFactor(required=True), Passkeys(required=["note.read"])]
    with site_with(add=who_routes, methods=methods) as site:
        site.add_user()
        assert site.log_in().status == 303
        assert site.client.get("/me", headers=HTML).headers["location"].startswith("/accounts/second-factor")


def test_taking_the_second_factor_away_is_noted() -> None:
    with site_with(add=who_routes, methods=[TwoFactor()]) as site:
        site.add_user()
        secret, _ = set_up(site)
        post(site, "/remove", "000000")
        post(site, "/remove", code_of(site, secret))
        assert site.events()[-3:] == ["method added", "step failed", "method removed"]


def test_credentials_do_not_show_what_is_secret_in_them() -> None:
    # Tracebacks and logs show values by their repr.
    shown = f"{BasicCredentials('ann', 'a quiet harbour')!r} {BearerToken('bistro_abc')}"
    assert shown == "BasicCredentials('ann', …) BearerToken(…)"
