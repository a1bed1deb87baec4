"""F138: passkeys, for log-in and as a second factor, with the virtual device of a real browser."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, CDPSession, Page

from bistro import App
from bistro.plugins import Accounts, Database, Passkeys, TwoFactor
from bistro.plugins.accounts import AccountSite, User
from bistro.testing import LiveServer
from tests.browsers import find_faults
from tests.plugins.accounts.support import EMAIL, PASSWORD, QUICK

pytestmark = pytest.mark.browser
DEVICE = {
    "protocol": "ctap2",
    "transport": "internal",
    "hasResidentKey": True,
    "hasUserVerification": True,
    "isUserVerified": True,
}


@pytest.fixture
def page(browser: Browser) -> Page:
    return browser.new_page()


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


def log_in(page: Page, address: str) -> None:
    page.goto(f"{address}/")
    page.get_by_label("E-mail address").fill(EMAIL)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Log in").click()


def offer(device: tuple[CDPSession, str], enabled: bool) -> None:
    """Have the device answer, as if its owner chose the passkey wherever it is offered, or not."""
    connection, name = device
    connection.send("WebAuthn.setAutomaticPresenceSimulation", {"authenticatorId": name, "enabled": enabled})


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
    page.get_by_text("0 recovery codes are left").wait_for()
    assert find_faults(page) == []
    page.get_by_role("button", name="Make recovery codes").click()
    codes = page.locator("li.code").all_inner_texts()
    assert len(codes) == 10
    assert find_faults(page) == []
    page.get_by_role("link", name="I have them").click()
    page.get_by_role("cell", name="My laptop", exact=True).wait_for()
    assert find_faults(page) == []

    page.context.clear_cookies()
    offer(device, False)
    page.goto(f"{address}/accounts/log-in")
    assert find_faults(page) == []
    page.get_by_role("link", name="Log in with a passkey").click()
    assert find_faults(page) == []
    offer(device, True)
    page.get_by_role("button", name="Use a passkey").click()
    page.get_by_text(f"hello {EMAIL}").wait_for()

    page.context.clear_cookies()
    offer(device, False)
    log_in(page, address)
    assert page.url == f"{address}/accounts/passkeys/check"
    assert find_faults(page) == []
    offer(device, True)
    page.get_by_role("button", name="Use a passkey").click()
    page.get_by_text(f"hello {EMAIL}").wait_for()

    page.context.clear_cookies()
    offer(device, False)
    log_in(page, address)
    page.get_by_role("link", name="Use a recovery code").click()
    assert find_faults(page) == []
    page.get_by_label("Recovery code").fill(codes[0])
    page.get_by_role("button", name="Log in").click()
    page.get_by_text(f"hello {EMAIL}").wait_for()
    offer(device, True)

    connection, name = device
    connection.send("WebAuthn.setUserVerified", {"authenticatorId": name, "isUserVerified": False})
    page.context.clear_cookies()
    page.goto(f"{address}/accounts/passkeys/log-in")
    page.get_by_role("button", name="Use a passkey").click()
    page.get_by_text("No passkey was used.").wait_for()
    assert refused == []


def test_log_in_page_offers_it_and_nobody_has_to_click(
    page: Page, device: tuple[CDPSession, str], address: str
) -> None:
    said: list[str] = []
    page.on("console", lambda line: said.append(line.text) if "Content Security" in line.text else None)
    page.on("pageerror", lambda error: said.append(str(error)))
    page.request.post(f"{address}/test/user")
    log_in(page, address)
    page.goto(f"{address}/accounts/passkeys")
    page.get_by_role("button", name="Add a passkey").click()
    page.get_by_text("0 recovery codes are left").wait_for()
    page.context.clear_cookies()

    page.goto(f"{address}/accounts/log-in?next=/")
    page.get_by_text(f"hello {EMAIL}").wait_for()

    assert said == []


def test_passkey_that_the_site_has_forgotten_is_refused_in_words(
    page: Page, device: tuple[CDPSession, str], address: str
) -> None:
    page.request.post(f"{address}/test/user")
    log_in(page, address)
    page.goto(f"{address}/accounts/passkeys")
    page.get_by_role("button", name="Add a passkey").click()
    page.get_by_text("0 recovery codes are left").wait_for()
    page.goto(f"{address}/accounts/passkeys")
    page.get_by_role("button", name="Remove Passkey").click()
    page.get_by_role("cell", name="Passkey", exact=True).wait_for(state="detached")
    page.context.clear_cookies()
    page.goto(f"{address}/accounts/log-in")
    page.get_by_text("This passkey was not accepted.").wait_for()
    assert page.get_by_label("Password").is_editable()


@pytest.mark.parametrize(
    "missing", ["PublicKeyCredential", "PublicKeyCredential.isConditionalMediationAvailable"]
)
def test_browser_that_offers_none_shows_the_log_in_page_as_ever(
    page: Page, address: str, missing: str
) -> None:
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.on("pageerror", lambda error: asked.append(str(error)))
    page.add_init_script(f"window.{missing} = undefined")
    page.request.post(f"{address}/test/user")
    log_in(page, address)
    page.get_by_text(f"hello {EMAIL}").wait_for()
    assert not [each for each in asked if "autofill" in each or "://" not in each]


def test_log_in_page_works_without_a_script(page: Page, address: str) -> None:
    page.request.post(f"{address}/test/user")
    browser = page.context.browser
    assert browser
    plain = browser.new_context(java_script_enabled=False).new_page()
    log_in(plain, address)
    plain.get_by_text(f"hello {EMAIL}").wait_for()
