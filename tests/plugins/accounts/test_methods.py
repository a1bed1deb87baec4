"""What all ways to log in have in common: a recent log-in to change them, and nothing left of the deleted."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from bistro import App
from bistro.plugins import Passkeys, SignInWith, TwoFactor
from bistro.plugins.accounts.identities import Identity
from bistro.plugins.accounts.passkeys import Passkey
from bistro.plugins.accounts.two_factor import RecoveryCode, TotpDevice
from tests.plugins.accounts.authenticator import Device
from tests.plugins.accounts.identity_provider import FakeProvider, serve_provider
from tests.plugins.accounts.support import EMAIL, HTML, PASSWORD, Site, site_with, who_routes
from tests.plugins.accounts.test_passkeys import add, use
from tests.plugins.accounts.test_providers import connect, provider_of, sign_in
from tests.plugins.accounts.test_two_factor import set_up


@pytest.fixture(scope="module")
def work() -> Iterator[FakeProvider]:
    with serve_provider(FakeProvider()) as made:
        yield made


@pytest.fixture
def site(work: FakeProvider) -> Iterator[Site]:
    methods = [Passkeys(), TwoFactor(), SignInWith([provider_of(work)])]
    with site_with(add=add_count, methods=methods) as made:
        yield made


def add_count(app: App) -> None:
    who_routes(app)

    @app.get("/test/rows")
    async def rows() -> list[int]:
        kinds = (TotpDevice, RecoveryCode, Passkey, Identity)
        return [len(await kind.objects.all()) for kind in kinds]  # type: ignore[attr-defined]


PAGES = ["/accounts/two-factor", "/accounts/passkeys", "/accounts/with"]
POSTS = [
    "/accounts/two-factor", "/accounts/two-factor/codes", "/accounts/two-factor/remove",
    "/accounts/passkeys/options", "/accounts/passkeys", "/accounts/passkeys/remove",
    "/accounts/with/work", "/accounts/with/remove",
]  # fmt: skip


def test_session_that_was_left_open_changes_none_of_them(site: Site) -> None:
    site.add_user()
    site.log_in()
    site.clock.advance(901)
    assert site.client.get("/me").status == 200
    for path in POSTS:
        assert site.client.post(path, json={"credential": {}}).status == 403, path
    for path in PAGES:
        answer = site.client.get(path, headers=HTML)
        assert answer.headers["location"] == f"/accounts/confirm?next={path.replace('/', '%2F')}"
    site.client.post("/accounts/confirm", data={"password": PASSWORD})
    assert [site.client.get(path).status for path in PAGES] == [200, 200, 200]


def test_user_without_a_password_confirms_by_logging_in_again(site: Site, work: FakeProvider) -> None:
    sign_in(site, work)
    site.clock.advance(901)
    page = site.client.get("/accounts/confirm?next=/accounts/with", headers=HTML).text
    assert 'type="password"' not in page
    assert '<a href="/accounts/with/work?next=%2Faccounts%2Fwith">Log in with Work</a>' in page
    url = site.client.get("/accounts/with/work?next=/accounts/with").headers["location"]
    assert site.client.get(work.visit(url)).headers["location"] == "/accounts/with"
    assert site.client.get("/accounts/with").status == 200


def test_confirming_with_somebody_elses_account_is_a_log_in_to_theirs(site: Site, work: FakeProvider) -> None:
    site.add_user("bob@example.com")
    sign_in(site, work)
    site.client.cookies.clear()
    site.log_in("bob@example.com")
    site.clock.advance(901)
    sign_in(site, work)
    assert site.client.get("/me").text == EMAIL


def test_nothing_is_left_of_who_is_deleted(site: Site, work: FakeProvider) -> None:
    site.add_user()
    set_up(site)
    device = Device()
    add(site, device)
    assert connect(site, work).status == 303
    assert site.client.get("/test/rows").json() == [1, 10, 1, 1]
    answer = site.client.post("/accounts/delete", data={"sure": "on"}, headers=HTML)
    assert answer.status in (200, 303), answer.text
    assert site.client.get("/test/rows").json() == [0, 0, 0, 0]
    assert use(site, device).status == 422


def test_closed_site_leaves_the_ways_in_open_and_nothing_else(work: FakeProvider) -> None:
    methods = [Passkeys(), TwoFactor(), SignInWith([provider_of(work)])]
    with site_with(add=who_routes, methods=methods, closed=True) as site:
        statuses = {path: site.client.get(path).status for path in (*OPEN, *PAGES, "/me")}
    assert statuses == {**OPEN, **dict.fromkeys((*PAGES, "/me"), 401)}


OPEN = {
    "/accounts/passkeys/log-in": 200,
    "/accounts/passkeys.js": 200,
    "/accounts/passkeys/check": 303,
    "/accounts/two-factor/check": 303,
    "/accounts/with/work": 303,
    "/accounts/with/work/callback": 422,
}
