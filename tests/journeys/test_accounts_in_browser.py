"""Accounts in a real browser: the flows without JavaScript, every page with axe and a strict policy."""

from __future__ import annotations

import queue
import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page

from bistro import App
from bistro.mail import Message
from bistro.plugins import Accounts, Database, Mail
from bistro.plugins.accounts import AccountSite, ApiTokens, User
from bistro.testing import FakeClock, LiveServer
from tests.browsers import find_faults, open_browser
from tests.plugins.accounts.support import QUICK

pytestmark = pytest.mark.browser
EMAIL, PASSWORD, NEW = "ada@example.com", "a quiet harbour", "another harbour"


class Box:
    """A way for mails that ends in the test."""

    def __init__(self) -> None:
        self._mails: queue.Queue[Message] = queue.Queue()

    async def open(self) -> None:
        """Nothing to open."""

    async def close(self) -> None:
        """Nothing to close."""

    async def send(self, message: Message) -> None:
        self._mails.put(message)

    def next(self) -> str:
        """The text of the next mail."""
        return self._mails.get(timeout=10).text


@pytest.fixture(scope="module")
def browser(chromium: str) -> Iterator[Browser]:
    with open_browser(chromium) as made:
        yield made


class Journey:
    """A site, and a browser without JavaScript in it."""

    def __init__(self, browser: Browser, server: LiveServer, box: Box, clock: FakeClock) -> None:
        self.browser = browser
        self.address = server.url.replace("127.0.0.1", "localhost")
        self.box = box
        self.clock = clock
        self.page = self.new_page()

    def new_page(self, *, scripts: bool = False) -> Page:
        """A page of another browser."""
        context = self.browser.new_context(java_script_enabled=scripts, user_agent="Test Browser")
        page = context.new_page()
        page.set_default_timeout(10_000)
        return page

    def go(self, path: str, page: Page | None = None) -> None:
        (page or self.page).goto(f"{self.address}{path}")

    def add_user(self) -> None:
        assert self.page.request.post(f"{self.address}/test/user").ok

    def fill(self, button: str, page: Page | None = None, **fields: str) -> None:
        page = page or self.page
        for label, text in fields.items():
            page.get_by_label(label.replace("_", " "), exact=True).fill(text)
        page.get_by_role("button", name=button, exact=True).click()

    def log_in(self, password: str = PASSWORD, page: Page | None = None) -> None:
        self.go("/accounts/log-in", page)
        self.fill("Log in", page, **{"E-mail address": EMAIL, "Password": password})

    def follow_mail(self) -> None:
        """Open the link of the next mail."""
        found = re.search(r"http://localhost:\d+(/\S+token=[\w-]+)", self.box.next())
        assert found
        self.go(found[1])

    def text(self, path: str = "") -> str:
        """What the page says."""
        if path:
            self.go(path)
        return self.page.locator("body").inner_text()


@pytest.fixture
def journey(browser: Browser, monkeypatch: pytest.MonkeyPatch) -> Iterator[Journey]:
    monkeypatch.setenv("ENV", "testing")
    box, clock = Box(), FakeClock()
    accounts = Accounts(
        log_in_by_mail=True, methods=[ApiTokens({"note.read": "Read notes"})], passwords=QUICK, clock=clock
    )
    app = App(Database("sqlite://", repeats_max=None), Mail(transport=box), accounts)

    @app.get("/")
    async def home(user: User | None) -> str:
        return "hello visitor" if user is None else f"hello {user.email}"

    @app.get("/secret")
    async def secret(user: User) -> str:
        return f"secret of {user.email}"

    @app.post("/test/user", csrf=False)
    async def add(site: AccountSite) -> None:
        await site.create_user(EMAIL, PASSWORD)

    with LiveServer(app) as server:
        made = Journey(browser, server, box, clock)
        yield made
        for context in browser.contexts:
            context.close()


def test_sign_up_and_confirm(journey: Journey) -> None:
    journey.go("/accounts/sign-up")
    journey.fill("Make an account", **{"E-mail address": EMAIL, "Password": PASSWORD})
    assert "Look into your mail" in journey.text()
    journey.follow_mail()
    journey.fill("Confirm")
    assert journey.text() == f"hello {EMAIL}"


def test_sign_up_with_a_bad_password_is_told_at_the_field(journey: Journey) -> None:
    journey.go("/accounts/sign-up")
    journey.fill("Make an account", **{"E-mail address": EMAIL, "Password": "password1"})
    assert "is one of the most common passwords" in journey.text()
    assert journey.page.get_by_label("E-mail address").input_value() == EMAIL


def test_asked_for_page_then_log_in_then_that_page(journey: Journey) -> None:
    journey.add_user()
    journey.go("/secret")
    journey.fill("Log in", **{"E-mail address": EMAIL, "Password": PASSWORD})
    assert journey.text() == f"secret of {EMAIL}"


def test_wrong_password_then_the_right_one(journey: Journey) -> None:
    journey.add_user()
    journey.log_in("not this one")
    assert "The e-mail address or the password is wrong." in journey.text()
    journey.fill("Log in", Password=PASSWORD)
    assert journey.text() == f"hello {EMAIL}"


def test_sixth_wrong_password_is_too_many(journey: Journey) -> None:
    journey.add_user()
    for _ in range(6):
        journey.log_in("not this one")
    assert "too often" in journey.text()


def test_log_out(journey: Journey) -> None:
    journey.add_user()
    journey.log_in()
    journey.go("/accounts")
    journey.fill("Log out")
    assert journey.text() == "hello visitor"


def test_stay_signed_in(journey: Journey) -> None:
    journey.add_user()
    journey.go("/accounts/log-in")
    journey.page.get_by_label("Stay signed in on this device").check()
    journey.fill("Log in", **{"E-mail address": EMAIL, "Password": PASSWORD})
    cookie = next(each for each in journey.page.context.cookies() if each["name"].endswith("session"))
    assert cookie["expires"] > 0
    assert (cookie["secure"], cookie["httpOnly"], cookie["sameSite"]) == (True, True, "Lax")
    journey.clock.advance(10 * 86_400)
    assert journey.text("/") == f"hello {EMAIL}"


def test_forgotten_password(journey: Journey) -> None:
    journey.add_user()
    journey.go("/accounts/log-in")
    journey.page.get_by_role("link", name="Forgotten password?").click()
    journey.fill("Send a link", **{"E-mail address": EMAIL})
    journey.follow_mail()
    journey.fill("Set the password", **{"New password": NEW})
    assert journey.text() == f"hello {EMAIL}"
    assert "was changed" in journey.box.next()


def test_log_in_with_a_link(journey: Journey) -> None:
    journey.add_user()
    journey.go("/accounts/link")
    journey.fill("Send a link", **{"E-mail address": EMAIL})
    journey.follow_mail()
    journey.fill("Log in")
    assert journey.text() == f"hello {EMAIL}"


def test_log_in_with_a_code(journey: Journey) -> None:
    journey.add_user()
    journey.go("/accounts/link")
    journey.fill("Send a link", **{"E-mail address": EMAIL})
    code = re.search(r"\d{3} \d{3}", journey.box.next())
    assert code
    journey.fill("Log in", Code=code[0])
    assert journey.text() == f"hello {EMAIL}"


def test_change_the_password(journey: Journey) -> None:
    journey.add_user()
    journey.log_in()
    journey.go("/accounts")
    journey.page.get_by_role("link", name="Change the password").click()
    journey.fill("Change the password", **{"Current password": PASSWORD, "New password": NEW})
    assert "The password is changed" in journey.text()
    assert journey.text("/") == f"hello {EMAIL}"


def test_change_the_address(journey: Journey) -> None:
    journey.add_user()
    journey.log_in()
    journey.go("/accounts/email")
    journey.fill("Send a link", **{"E-mail address": "new@example.com"})
    journey.follow_mail()
    journey.fill("Confirm")
    assert journey.text("/") == "hello new@example.com"


def test_see_and_end_another_session(journey: Journey) -> None:
    journey.add_user()
    other = journey.new_page()
    journey.log_in(page=other)
    journey.log_in()
    assert "This browser" in journey.text("/accounts/sessions")
    journey.page.get_by_role("button", name="Log out Test Browser").click()
    journey.go("/", other)
    assert other.locator("body").inner_text() == "hello visitor"


def test_confirm_then_delete_the_account(journey: Journey) -> None:
    journey.add_user()
    journey.log_in()
    journey.clock.advance(1_000)
    journey.go("/accounts/delete")
    journey.fill("Go on", Password=PASSWORD)
    journey.page.get_by_label("Delete my account and everything in it").check()
    journey.fill("Delete the account")
    assert journey.text() == "hello visitor"
    journey.log_in()
    assert "is wrong" in journey.text()


def test_make_and_end_a_token(journey: Journey) -> None:
    journey.add_user()
    journey.log_in()
    journey.go("/accounts/tokens")
    journey.page.get_by_label("Read notes").check()
    journey.fill("Make a token", **{"What it is for": "backup"})
    assert "bistro_" in journey.text()
    journey.page.get_by_role("button", name="End backup").click()
    assert "backup" not in journey.text()


def test_other_sessions_fit_a_phone(journey: Journey) -> None:
    journey.add_user()
    journey.log_in(page=journey.new_page())
    journey.log_in()
    journey.page.set_viewport_size({"width": 360, "height": 700})
    journey.go("/accounts/sessions")
    assert journey.page.locator("table").bounding_box()["width"] <= 360 - 2 * 16  # type: ignore[index]


PAGES = ["log-in", "sign-up", "forgot", "link", "code", "log-out", "unverified", "reset?token=x"]
OWN = ["", "/password", "/email", "/sessions", "/delete", "/confirm", "/tokens"]


def test_every_page_passes_axe_and_the_policy(journey: Journey) -> None:
    journey.add_user()
    page = journey.new_page(scripts=True)
    said: list[str] = []
    page.on("console", lambda message: said.append(f"{page.url}: {message.text}"))
    journey.go("/accounts/log-in", page)
    faults = [fault for each in PAGES for fault in faults_of(journey, page, f"/accounts/{each}")]
    journey.go("/accounts/log-in", page)
    journey.fill("Log in", page, **{"E-mail address": EMAIL, "Password": "not this one"})
    faults += find_faults(page)
    journey.log_in(page=page)
    faults += [fault for each in OWN for fault in faults_of(journey, page, f"/accounts{each}")]
    assert faults == []
    assert [each for each in said if "Content Security Policy" in each] == []


def faults_of(journey: Journey, page: Page, path: str) -> list[str]:
    journey.go(path, page)
    return find_faults(page)
