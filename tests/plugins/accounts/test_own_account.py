"""What users do with their own account."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from bistro import App
from bistro.plugins.accounts import User, recent_log_in
from bistro.testing import Mailbox
from tests.plugins.accounts.support import EMAIL, HTML, PASSWORD, Site, site_with, who_routes

NEW = "another harbour"


def add(app: App) -> None:
    who_routes(app)

    @app.post("/payout", before=[recent_log_in()])
    async def payout(user: User) -> str:
        return "paid"

    @app.get("/payout", before=[recent_log_in()])
    async def show_payout(user: User) -> str:
        return "form"


@pytest.fixture
def site() -> Iterator[Site]:
    with site_with(add=add) as made:
        made.add_user()
        made.log_in()
        yield made


def test_page_of_the_account_leads_to_all_that_can_be_changed(site: Site) -> None:
    page = site.client.get("/accounts", headers=HTML).text
    assert all(f"/accounts/{each}" in page for each in ("password", "email", "sessions", "delete", "log-out"))


@pytest.mark.parametrize("page", ["password", "email", "sessions", "delete"])
def test_every_page_leads_back_to_the_account(site: Site, page: str) -> None:
    assert '<a href="/accounts">Your account</a>' in site.client.get(f"/accounts/{page}", headers=HTML).text


def test_account_leads_back_to_the_site() -> None:
    with site_with(add=add, home="/desk") as site:
        site.add_user()
        site.log_in()
        assert '<a href="/desk">Back to the site</a>' in site.client.get("/accounts", headers=HTML).text


def test_password_is_changed_with_the_old_one_and_other_sessions_end(site: Site) -> None:
    with site.other_browser():
        site.log_in()
        other = site.token
    answer = site.client.post("/accounts/password", data={"current": PASSWORD, "password": NEW})
    assert answer.status == 200
    assert site.client.get("/me").text == EMAIL
    with site.other_browser(other) as elsewhere:
        assert elsewhere.get("/maybe").text == "nobody"
    assert site.log_in(password=NEW).status == 303
    assert Mailbox(site.client).messages[-1].subject == "Your password for localhost was changed"


def test_password_is_not_changed_without_the_old_one(site: Site) -> None:
    assert site.client.post("/accounts/password", data={"current": "guess", "password": NEW}).status == 422
    assert site.log_in().status == 303


def test_new_password_keeps_the_rules(site: Site) -> None:
    answer = site.client.post("/accounts/password", data={"current": PASSWORD, "password": "password1"})
    assert (answer.status, "most common" in answer.text) == (422, True)


def test_users_see_their_sessions_and_end_others(site: Site) -> None:
    with site.other_browser():
        site.client.post(
            "/accounts/log-in",
            data={"login": EMAIL, "password": PASSWORD},
            headers={"user-agent": "Phone <b>"},
        )
        phone = site.token
    page = site.client.get("/accounts/sessions").text
    assert "Phone &lt;b&gt;" in page
    name = page.partition('name="id" value="')[2].partition('"')[0]
    assert site.client.post("/accounts/sessions/end", data={"id": name}).status == 303
    with site.other_browser(phone) as other:
        assert other.get("/maybe").text == "nobody"
    assert site.client.get("/me").status == 200


def test_nobody_ends_a_session_of_somebody_else(site: Site) -> None:
    page_id = site.session_id()
    site.add_user("bob@example.com")
    with site.other_browser() as bob:
        site.log_in("bob@example.com")
        bob.post("/accounts/sessions/end", data={"id": page_id})
    assert site.client.get("/me").text == EMAIL


def test_all_other_sessions_end_at_once(site: Site) -> None:
    tokens = []
    for _ in range(2):
        with site.other_browser():
            site.log_in()
            tokens.append(site.token)
    site.client.post("/accounts/sessions/end-others")
    for token in tokens:
        with site.other_browser(token) as other:
            assert other.get("/maybe").text == "nobody"
    assert site.client.get("/me").status == 200


def test_account_is_deleted_with_its_sessions(site: Site) -> None:
    assert site.client.post("/accounts/delete").status == 422
    answer = site.client.post("/accounts/delete", data={"sure": "true"})
    assert answer.headers["clear-site-data"] == '"cache", "storage"'
    assert site.client.get("/maybe").text == "nobody"
    assert site.log_in().status == 422
    assert site.events()[-2:] == ["account deleted", "log-in failed"]


def test_sensitive_page_asks_for_the_password_after_a_while_and_leads_back(site: Site) -> None:
    assert site.client.post("/payout").text == "paid"
    site.clock.advance(16 * 60)
    assert (site.client.post("/payout").status, site.client.get("/me").status) == (403, 200)
    asked = site.client.get("/payout", headers=HTML)
    assert asked.headers["location"] == "/accounts/confirm?next=%2Fpayout"
    wrong = site.client.post("/accounts/confirm", data={"password": "guess", "next": "/payout"})
    assert wrong.status == 422
    right = site.client.post("/accounts/confirm", data={"password": PASSWORD, "next": "/payout"})
    assert right.headers["location"] == "/payout"
    assert site.client.post("/payout").text == "paid"


def test_password_is_not_guessed_on_the_page_that_confirms(site: Site) -> None:
    statuses = [site.client.post("/accounts/confirm", data={"password": "guess"}).status for _ in range(6)]
    assert statuses == [422] * 5 + [429]


def test_visitor_is_led_to_the_log_in_page_by_every_page_of_the_account(site: Site) -> None:
    site.client.cookies.clear()
    for page in ("", "/password", "/email", "/sessions", "/delete", "/confirm"):
        assert site.client.get(f"/accounts{page}").status == 401
        if page:
            assert site.client.post(f"/accounts{page}").status in (401, 405)
