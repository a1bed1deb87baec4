"""A second factor that is demanded: who has none sets one up, and gets nowhere else before."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest

from bistro import App, Request
from bistro.plugins import Accounts, Database, Passkeys, RemoteUser, TwoFactor
from bistro.plugins.accounts import Access, AccountsError, ApiTokens, User, recent_log_in
from bistro.testing import Client
from tests.plugins.accounts.authenticator import PRESENT, Device
from tests.plugins.accounts.support import EMAIL, HTML, PASSWORD, Site, site_with, who_routes
from tests.plugins.accounts.test_passkeys import add, ask, use
from tests.plugins.accounts.test_two_factor import begin_log_in, code_of, post, read_secret

OTHER = "bob@example.com"
LEAD, SETUP = "/accounts/second-factor", "/accounts/two-factor"


def routes(app: App) -> None:
    who_routes(app)

    @app.post("/payout", before=[recent_log_in()])
    async def pay() -> str:
        return "paid"

    @app.get("/access")
    async def access(access: Access) -> str:
        access.require("note.publish")
        return "may"


@pytest.fixture
def site() -> Iterator[Site]:
    with site_with(add=routes, methods=[TwoFactor(required=True)]) as made:
        made.add_user()
        made.add_user(OTHER)
        yield made


@pytest.fixture
def both() -> Iterator[Site]:
    with site_with(add=routes, methods=[Passkeys(), TwoFactor(required=True)]) as made:
        made.add_user()
        made.add_user(OTHER)
        yield made


def set_up_app(site: Site) -> tuple[str, str]:
    """Switch the app on; its secret, and the page that is shown then."""
    secret = read_secret(site.client.get(SETUP, headers=HTML).text)
    answer = post(site, "", code_of(site, secret))
    assert answer.status == 200, answer.text
    site.clock.advance(30)
    return secret, answer.text


def test_log_in_without_one_leads_to_where_it_is_set_up_and_on_from_there(site: Site) -> None:
    at = site.log_in(next="/me").headers["location"]
    assert at == f"{LEAD}?next=%2Fme"
    at = site.client.get(at, headers=HTML).headers["location"]
    assert at == f"{SETUP}?next=%2Fme"
    page = site.client.get(at, headers=HTML)
    assert "To use this site you need a second factor" in page.text
    answer = post(site, "", code_of(site, read_secret(page.text)))
    assert '<a href="/me">I have them</a>' in answer.text
    assert site.client.get("/me").text == EMAIL
    page = site.client.get(SETUP, headers=HTML)
    assert "is on" in page.text
    assert "To use this site" not in page.text


@pytest.mark.parametrize("path", ["/me", "/accounts", "/accounts/password", "/accounts/sessions", "/access"])
def test_nothing_else_is_there_before(site: Site, path: str) -> None:
    site.log_in()
    page = site.client.get(path, headers=HTML)
    assert page.headers["location"] == f"{LEAD}?next={path.replace('/', '%2F')}"
    answer = site.client.get(path)
    assert (answer.status, answer.json()["code"]) == (403, "B965")
    assert EMAIL not in answer.text


def test_what_changes_something_is_refused_before(site: Site) -> None:
    site.log_in()
    for path in ("/me", "/payout", "/accounts/password", "/accounts/delete", f"{SETUP}/codes"):
        answer = site.client.post(path, data={"sure": "on"})
        assert (answer.status, answer.json()["code"]) == (403, "B965"), path
    assert site.count_users(EMAIL) == 1


def test_user_is_a_visitor_for_open_pages_and_templates_before(site: Site) -> None:
    site.log_in()
    assert site.client.get("/maybe").text == "nobody"
    assert site.client.get("/open").text == "open"
    set_up_app(site)
    assert site.client.get("/maybe").text == EMAIL


def test_user_may_log_out_instead(site: Site) -> None:
    site.log_in()
    assert site.client.post("/accounts/log-out").status == 303
    assert site.client.get("/me").status == 401
    assert site.client.get(SETUP).status == 401


def test_next_log_in_asks_for_the_code_alone(site: Site) -> None:
    site.log_in()
    secret, _ = set_up_app(site)
    begin_log_in(site)
    assert post(site, "/check", code_of(site, secret)).headers["location"] == "/me"
    assert site.client.get("/me").text == EMAIL


def test_wrong_code_sets_nothing_up(site: Site) -> None:
    site.log_in()
    site.client.get(SETUP)
    assert post(site, "", "000000").status == 422
    assert site.client.get("/me").status == 403


def test_who_was_logged_in_when_it_was_set_up_elsewhere_is_asked_for_it(site: Site) -> None:
    """An attack: with the password, log in first, wait for the owner, then add a factor of one's own."""
    site.log_in()
    site.client.get(SETUP)
    theirs = site.token
    with site.other_browser():
        site.log_in()
        secret, _ = set_up_app(site)
    assert site.token == theirs
    for path in (SETUP, f"{SETUP}/codes", f"{SETUP}/remove"):
        assert site.client.post(path, data={"code": "000000"}).status == 403, path
    assert site.client.get(SETUP).status == 403
    assert site.client.get("/me").status == 403
    assert site.client.get(f"{LEAD}?next=/me").headers["location"] == f"{SETUP}/check"
    assert site.client.get("/me").status == 403
    assert post(site, "/check", code_of(site, secret)).headers["location"] == "/me"
    assert site.client.get("/me").text == EMAIL


def test_such_a_session_adds_no_passkey_either(both: Site) -> None:
    both.log_in()
    options = ask(both, "")
    with both.other_browser():
        both.log_in()
        set_up_app(both)
    sent = {"credential": Device().create(options), "name": "mine"}
    answer = both.client.post("/accounts/passkeys", json=sent)
    assert (answer.status, answer.json()["code"]) == (403, "B965")


def test_session_that_is_left_open_sets_nothing_up_without_the_password(site: Site) -> None:
    site.log_in()
    site.clock.advance(901)
    at = site.client.get(SETUP, headers=HTML).headers["location"]
    assert at.startswith("/accounts/confirm?")
    assert site.client.get(at).status == 200
    data = {"password": PASSWORD, "next": SETUP}
    assert site.client.post("/accounts/confirm", data=data, headers=HTML).headers["location"] == SETUP
    assert site.client.get(SETUP).status == 200
    assert site.client.get("/me").status == 403


def test_token_of_the_session_changes_when_it_counts(site: Site) -> None:
    site.log_in()
    before = site.token
    set_up_app(site)
    assert site.token != before
    with site.other_browser(before) as other:
        assert other.get("/me").status == 401


def test_who_takes_it_away_needs_another_at_once(site: Site) -> None:
    site.log_in()
    secret, _ = set_up_app(site)
    assert post(site, "/remove", code_of(site, secret)).status == 303
    assert site.client.get("/me").status == 403
    set_up_app(site)
    assert site.client.get("/me").text == EMAIL


def test_page_lets_users_choose_where_there_are_several(both: Site) -> None:
    at = both.log_in(next="/me").headers["location"]
    page = both.client.get(at, headers=HTML).text
    assert f'<a href="{SETUP}?next=%2Fme">Use an app for codes</a>' in page
    assert '<a href="/accounts/passkeys?next=%2Fme">Add a passkey</a>' in page


def test_passkey_that_is_added_will_do_and_leads_on_by_recovery_codes(both: Site) -> None:
    both.log_in()
    page = both.client.get("/accounts/passkeys?next=/me", headers=HTML).text
    assert "To use this site you need a second factor" in page
    assert 'name="next" value="/me"' in page
    sent = {"credential": Device().create(ask(both, "")), "name": "x", "next": "/me"}
    at = both.client.post("/accounts/passkeys", json=sent).json()["url"]
    assert at == "/accounts/passkeys/recovery-codes?next=%2Fme"
    assert '<a href="/me">Go on without</a>' in both.client.get(at).text
    assert both.client.get("/me").text == EMAIL


def test_log_in_by_a_passkey_is_two_factors(both: Site) -> None:
    both.log_in()
    device = Device()
    add(both, device)
    both.client.cookies.clear()
    assert use(both, device).json() == {"url": "/me"}
    assert both.client.get("/me").text == EMAIL


def test_passkey_that_verifies_nobody_does_not_log_in(both: Site) -> None:
    both.log_in()
    device = Device()
    add(both, device)
    both.client.cookies.clear()
    assert use(both, device, flags=PRESENT).status == 422
    assert both.client.get("/me").status == 401


def test_password_of_who_has_a_passkey_that_is_not_asked_for_is_not_enough() -> None:
    methods = [Passkeys(second_factor=False), TwoFactor(required=True)]
    with site_with(add=routes, methods=methods) as site:
        site.add_user()
        site.log_in()
        device = Device()
        add(site, device)
        assert site.client.get("/me").status == 403
        site.client.cookies.clear()
        use(site, device)
        assert site.client.get("/me").text == EMAIL


def test_passkeys_alone_can_be_demanded() -> None:
    with site_with(add=routes, methods=[Passkeys(required=True)]) as site:
        site.add_user()
        at = site.log_in(next="/me").headers["location"]
        assert site.client.get(at, headers=HTML).headers["location"] == "/accounts/passkeys?next=%2Fme"
        assert add(site, Device()).status == 200
        assert site.client.get("/me").text == EMAIL


def test_closed_site_lets_its_users_set_it_up() -> None:
    methods = [Passkeys(), TwoFactor(required=True)]
    with site_with(add=routes, methods=methods, closed=True) as site:
        site.add_user()
        assert [site.client.get(path).status for path in (SETUP, "/accounts/passkeys")] == [401, 401]
        assert site.client.get(LEAD).headers["location"] == "/"
        site.log_in()
        assert site.client.get("/maybe").status == 403
        set_up_app(site)
        assert site.client.get("/maybe").text == EMAIL


ROLES = {"editor": ["note.publish"], "writer": ["note.write"]}


@pytest.mark.parametrize(
    ("fields", "status"),
    [({}, 200), ({"roles": ["writer"]}, 200), ({"roles": ["editor"]}, 403), ({"is_superuser": True}, 403)],
)
def test_it_is_demanded_of_who_may_do_something_only(fields: dict[str, Any], status: int) -> None:
    with site_with(add=routes, methods=[TwoFactor(required=["note.publish"])], roles=ROLES) as site:
        site.add_user(**fields)
        site.log_in()
        assert site.client.get("/me").status == status


def test_who_gets_the_permission_while_logged_in_needs_it_from_then_on() -> None:
    def grow(app: App) -> None:
        routes(app)

        @app.post("/grow/{email}", public=True)
        async def grow(email: str, request: Request) -> None:
            await User.objects.filter(User.email == email).update(roles=["editor"])

    with site_with(add=grow, methods=[TwoFactor(required=["note.publish"])], roles=ROLES) as site:
        site.add_user()
        site.log_in()
        assert site.client.get("/me").status == 200
        site.client.post(f"/grow/{EMAIL}")
        assert site.client.get("/me").status == 403
        set_up_app(site)
        assert site.client.get("/access").text == "may"


def test_no_token_of_the_api_is_made_without_it() -> None:
    methods = [ApiTokens({"note.read": "Read notes"}), TwoFactor(required=True)]
    with site_with(add=routes, methods=methods) as site:
        site.add_user()
        site.log_in()
        answer = site.client.post("/accounts/tokens", data={"name": "x", "scopes": "note.read"})
        assert (answer.status, answer.json()["code"]) == (403, "B965")


def test_who_impersonates_is_asked_for_their_own_and_again_afterwards() -> None:
    with site_with(add=routes, methods=[TwoFactor(required=True)]) as site:
        site.add_user(is_superuser=True)
        site.add_user(OTHER)
        site.log_in()
        target = {"id": str(site.find_user(OTHER)["id"])}
        assert site.client.post("/accounts/impersonate", data=target).status == 403
        secret, _ = set_up_app(site)
        assert site.client.post("/accounts/impersonate", data=target).status == 303
        assert site.client.get("/me").text == OTHER
        assert site.client.get(SETUP).status == 403  # nobody sets one up for somebody else
        site.client.post("/accounts/impersonate/end")
        assert site.client.get("/me").status == 403
        assert site.client.get(LEAD).headers["location"] == f"{SETUP}/check"
        post(site, "/check", code_of(site, secret))
        assert site.client.get("/me").text == EMAIL


def test_second_factors_of_whom_a_proxy_names_are_its_own_business() -> None:
    """`RemoteUser` says so; its log-in counts as all that is asked for."""
    app = App(
        Database("sqlite://", repeats_max=None),
        Accounts(methods=[RemoteUser(), TwoFactor(required=True)]),
        trusted_proxies=["127.0.0.1"],
    )
    routes(app)
    with Client(app) as client:
        assert client.get("/me", headers={"remote-user": EMAIL}).text == EMAIL


@pytest.mark.parametrize("next", ["https://evil.example", "//evil.example", "/\\evil.example", "x" * 3_000])
def test_it_leads_to_no_other_site(site: Site, next: str) -> None:
    site.log_in()
    page = site.client.get(f"{SETUP}", headers=HTML).text
    site.client.get(SETUP, params={"next": next})
    answer = post(site, "", code_of(site, read_secret(page)))
    assert re.findall(r'<a href="([^"]+)">I have them', answer.text) == [SETUP]
    assert site.client.get(LEAD, params={"next": next}).headers["location"] == "/"


def test_text_in_place_of_a_list_stops_the_start(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ENV", "testing")
    with pytest.raises(AccountsError, match=r"list of permissions: required=\['note.publish'\]"):
        App(Database("sqlite://"), Accounts(methods=[TwoFactor(required="note.publish")])).freeze()
    with pytest.raises(AccountsError, match="required and be no second factor"):
        methods = [Passkeys(required=True, second_factor=False)]
        App(Database("sqlite://"), Accounts(methods=methods)).freeze()


def test_permission_that_no_role_gives_is_found_with_the_nearest(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ENV", "testing")
    methods = [TwoFactor(required=["note.publsh", "note.write"])]
    app = App(Database("sqlite://"), Accounts(methods=methods, roles=ROLES))
    found = [each for check, _ in app.freeze().registered.checks for each in check(app)]
    told = [(each.id, each.what, each.fix) for each in found if each.level == "error"]
    what = "a second factor is demanded for note.publsh, which no role gives"
    assert told == [("accounts.E002", what, "Did you mean note.publish?")]
