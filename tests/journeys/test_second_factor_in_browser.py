"""A second factor in a real browser without JavaScript: set up, asked, recovered; and axe-core."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

import pyotp
import pytest
from playwright.sync_api import Browser, Page

from bistro import App
from bistro.plugins import Accounts, Database, Passkeys, SignInWith, TwoFactor
from bistro.plugins.accounts import AccountSite, LogInMethod, User
from bistro.plugins.accounts.providers import OpenIdProvider
from bistro.testing import FakeClock, LiveServer
from tests.browsers import find_faults
from tests.plugins.accounts.support import EMAIL, PASSWORD, QUICK

pytestmark = pytest.mark.browser


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@contextmanager
def serve(clock: FakeClock, *methods: LogInMethod) -> Iterator[str]:
    accounts = Accounts(methods=methods, passwords=QUICK, clock=clock)
    app = App(Database("sqlite://", repeats_max=None), accounts)

    @app.get("/")
    async def home(user: User) -> str:
        return f"hello {user.email}"

    @app.post("/test/user", public=True, csrf=False)
    async def add(site: AccountSite) -> None:
        await site.create_user(EMAIL, PASSWORD)

    with LiveServer(app) as server:
        yield server.url.replace("127.0.0.1", "localhost")


@pytest.fixture
def address(clock: FakeClock, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    monkeypatch.setenv("ENV", "testing")
    down = OpenIdProvider("work", "http://127.0.0.1:9", client_id="x")
    with serve(clock, TwoFactor(issuer="Shop"), SignInWith([down])) as url:
        yield url


def log_in(page: Page, address: str) -> None:
    page.context.clear_cookies()
    page.goto(f"{address}/")
    page.get_by_label("E-mail address").fill(EMAIL)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Log in").click()


def type_code(page: Page, code: str, button: str) -> None:
    page.get_by_label("Code").fill(code)
    page.get_by_role("button", name=button).click()


def find_faults_with_scripts(browser: Browser, page: Page) -> list[str]:
    """What axe-core says of the same page in a window that has JavaScript."""
    scripted = browser.new_context(storage_state=page.context.storage_state()).new_page()
    scripted.goto(page.url)
    found = find_faults(scripted)
    scripted.context.close()
    return found


def test_set_up_asked_for_and_recovered(browser: Browser, address: str, clock: FakeClock) -> None:
    page = browser.new_context(java_script_enabled=False).new_page()
    refused: list[str] = []
    page.on("console", lambda line: refused.append(line.text))
    page.request.post(f"{address}/test/user")

    log_in(page, address)
    page.goto(f"{address}/accounts/two-factor")
    assert page.locator("svg").bounding_box()["width"] > 150  # type: ignore[index]
    assert find_faults_with_scripts(browser, page) == []
    app = pyotp.TOTP(page.locator("span.code").inner_text().replace(" ", ""))

    def code() -> str:
        return app.at(int(clock.time()))

    type_code(page, "000000", "Switch it on")
    page.get_by_text("This code is not right").first.wait_for()
    type_code(page, code(), "Switch it on")
    codes = page.locator("li.code").all_inner_texts()
    assert len(codes) == 10
    page.get_by_role("link", name="I have them").click()
    assert find_faults_with_scripts(browser, page) == []

    clock.advance(30)
    log_in(page, address)
    assert find_faults_with_scripts(browser, page) == []
    type_code(page, code(), "Log in")
    page.get_by_text(f"hello {EMAIL}").wait_for()

    log_in(page, address)
    type_code(page, codes[4].upper(), "Log in")
    page.get_by_text(f"hello {EMAIL}").wait_for()

    page.goto(f"{address}/accounts/two-factor")
    page.get_by_text(re.compile("9 recovery codes are left")).wait_for()
    clock.advance(30)
    type_code(page, code(), "Switch the second factor off")
    page.get_by_role("button", name="Switch it on").wait_for()

    page.goto(f"{address}/accounts/with/work")
    page.get_by_text("Work can't be reached at the moment.").wait_for()
    assert find_faults_with_scripts(browser, page) == []
    assert [line for line in refused if "Content Security" in line] == []


def test_site_that_requires_one_leads_through_its_set_up(
    browser: Browser, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ENV", "testing")
    page = browser.new_context(java_script_enabled=False).new_page()
    with serve(clock, Passkeys(), TwoFactor(required=True)) as address:
        page.request.post(f"{address}/test/user")
        log_in(page, address)
        for path in ("/", "/accounts", "/accounts/passkeys/recovery-codes"):
            page.goto(f"{address}{path}")
            page.get_by_role("heading", name="Set up a second factor").wait_for()
        page.goto(f"{address}/")
        assert find_faults_with_scripts(browser, page) == []
        page.get_by_role("link", name="Add a passkey").click()
        page.get_by_text("To use this site you need a second factor").wait_for()
        assert find_faults_with_scripts(browser, page) == []
        page.go_back()
        page.get_by_role("link", name="Use an app for codes").click()
        assert find_faults_with_scripts(browser, page) == []
        app = pyotp.TOTP(page.locator("span.code").inner_text().replace(" ", ""))
        type_code(page, app.at(int(clock.time())), "Switch it on")
        page.get_by_role("link", name="I have them").click()
        page.get_by_text(f"hello {EMAIL}").wait_for()
