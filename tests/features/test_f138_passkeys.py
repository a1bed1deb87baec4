"""F138: passkeys, for log-in and as a second factor, with the virtual device of a real browser."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import CDPSession, Page, sync_playwright

from bistro import App
from bistro.plugins import Accounts, Database, Passkeys, TwoFactor
from bistro.plugins.accounts import AccountSite, User
from bistro.testing import LiveServer
from tests.plugins.accounts.support import EMAIL, PASSWORD, QUICK

pytestmark = pytest.mark.browser
FLAGS = ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"]
AXE = Path(__file__).parent.parent / "vendor" / "axe-core" / "axe.min.js"
DEVICE = {
    "protocol": "ctap2",
    "transport": "internal",
    "hasResidentKey": True,
    "hasUserVerification": True,
    "isUserVerified": True,
}


@pytest.fixture
def page(chromium: str) -> Iterator[Page]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=FLAGS)
        yield browser.new_page()
        browser.close()


@pytest.fixture
def device(page: Page) -> tuple[CDPSession, str]:
    connection = page.context.new_cdp_session(page)
    connection.send("WebAuthn.enable")
    made = connection.send("WebAuthn.addVirtualAuthenticator", {"options": DEVICE})
    return connection, made["authenticatorId"]


@pytest.fixture
def address(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    monkeypatch.setenv("ENV", "testing")
    methods = [Passkeys(name="Shop"), TwoFactor()]
    app = App(Database("sqlite://", repeats_max=None), Accounts(methods=methods, passwords=QUICK))

    @app.get("/")
    async def home(user: User) -> str:
        return f"hello {user.email}"

    @app.post("/test/user", public=True, csrf=False)
    async def add(site: AccountSite) -> None:
        await site.create_user(EMAIL, PASSWORD)

    with LiveServer(app) as server:
        yield server.url.replace("127.0.0.1", "localhost")


def find_faults(page: Page) -> list[str]:
    page.evaluate(AXE.read_text(encoding="utf-8"))
    found = page.evaluate(
        "axe.run({runOnly: ['wcag2a', 'wcag2aa', 'wcag21aa', 'wcag22aa', 'best-practice']})"
    )
    return [f"{each['id']}: {each['nodes'][0]['html']}" for each in found["violations"]]


def log_in(page: Page, address: str) -> None:
    page.goto(f"{address}/")
    page.get_by_label("E-mail address").fill(EMAIL)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Log in").click()


def test_added_used_for_log_in_and_behind_a_password(
    page: Page, device: tuple[CDPSession, str], address: str
) -> None:
    refused: list[str] = []
    page.on("console", lambda line: refused.append(line.text) if "Content Security" in line.text else None)
    page.request.post(f"{address}/test/user")

    log_in(page, address)
    page.goto(f"{address}/accounts/passkeys")
    assert find_faults(page) == []
    page.get_by_label("What you call the device").fill("My laptop")
    page.get_by_role("button", name="Add a passkey").click()
    page.get_by_role("cell", name="My laptop", exact=True).wait_for()
    assert find_faults(page) == []

    page.context.clear_cookies()
    page.goto(f"{address}/accounts/log-in")
    page.get_by_role("link", name="Log in with a passkey").click()
    assert find_faults(page) == []
    page.get_by_role("button", name="Use a passkey").click()
    page.get_by_text(f"hello {EMAIL}").wait_for()

    page.context.clear_cookies()
    log_in(page, address)
    assert page.url == f"{address}/accounts/passkeys/check"
    assert find_faults(page) == []
    page.get_by_role("button", name="Use a passkey").click()
    page.get_by_text(f"hello {EMAIL}").wait_for()

    connection, name = device
    connection.send("WebAuthn.setUserVerified", {"authenticatorId": name, "isUserVerified": False})
    page.context.clear_cookies()
    page.goto(f"{address}/accounts/passkeys/log-in")
    page.get_by_role("button", name="Use a passkey").click()
    page.get_by_text("No passkey was used.").wait_for()
    assert refused == []
