"""F139: log in with another site, by OpenID Connect, in a real browser, and without JavaScript."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser

from bistro import App
from bistro.plugins import Accounts, Database, SignInWith
from bistro.plugins.accounts import User
from bistro.plugins.accounts.providers import OpenIdProvider
from bistro.testing import LiveServer
from tests.browsers import find_faults
from tests.plugins.accounts.identity_provider import CLIENT_ID, CLIENT_SECRET, FakeProvider, serve_provider
from tests.plugins.accounts.support import QUICK

pytestmark = pytest.mark.browser


@pytest.fixture
def address(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    monkeypatch.setenv("ENV", "testing")
    with serve_provider(FakeProvider()) as provider:
        work = OpenIdProvider("work", provider.issuer, client_id=CLIENT_ID, client_secret=CLIENT_SECRET)
        accounts = Accounts(methods=[SignInWith([work])], passwords=QUICK)
        app = App(Database("sqlite://", repeats_max=None), accounts)

        @app.get("/me")
        async def me(user: User) -> str:
            return f"hello {user.email}, also called {user}"

        with LiveServer(app) as server:
            yield server.url.replace("127.0.0.1", "localhost")


def test_visitor_comes_back_logged_in_where_they_wanted_to_go(browser: Browser, address: str) -> None:
    page = browser.new_context(java_script_enabled=False).new_page()
    page.goto(f"{address}/me")
    page.get_by_role("link", name="Log in with Work").click()
    page.get_by_text("hello ann@example.com, also called Ann").wait_for()
    assert page.url == f"{address}/me"

    scripted = browser.new_context(storage_state=page.context.storage_state()).new_page()
    for path in ("/accounts/with", "/accounts/with/work/callback"):
        scripted.goto(f"{address}{path}")
        assert find_faults(scripted) == []

    page.goto(f"{address}/accounts/with")
    assert page.get_by_role("cell", name="ann@example.com").is_visible()
    page.get_by_role("button", name="Disconnect Work").click()
    assert "Choose a password first" in page.get_by_role("alert").inner_text()
