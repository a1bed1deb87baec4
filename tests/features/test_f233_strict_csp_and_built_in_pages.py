"""F233: the policy is strict from the first run, and every built-in page passes it in a real browser."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import pytest
from msgspec import Meta, Struct

from bistro import App, Page
from bistro.forms import Form, FormView
from bistro.ground import make_secret_key
from bistro.plugins import (
    Accounts,
    Database,
    FlashMessages,
    LiveForms,
    MemorySessions,
    Rendering,
    SecurityHeaders,
    Sessions,
)
from bistro.testing import Client, LiveServer

PAGE = """<!doctype html><html lang="en"><head><title>Form</title>{{ live_forms() }}</head>
<body><form method="post" data-live>{{ form.html }}<button>Send</button></form></body></html>"""
WATCH = "window.kept = []; document.addEventListener('securitypolicyviolation', e => kept.push(e.violatedDirective))"


class Line(Struct):
    name: Annotated[str, Meta(min_length=1)]


class Order(Struct):
    title: Annotated[str, Meta(min_length=1)]
    lines: list[Line] = []


class OrderPage(Page, template="form.html"):
    form: FormView[Order]


def make_site(folder: Path) -> App:
    app = App(
        Database(f"sqlite:///{folder / 'site.db'}"),
        Sessions(MemorySessions()),
        FlashMessages(),
        Accounts(),
        LiveForms(),
        Rendering(sources={"form.html": PAGE}),
        SecurityHeaders(violations_at="/csp-report"),
    )

    @app.get("/form")
    async def show(form: FormView[Order]) -> OrderPage:
        return OrderPage(form)

    @app.post("/form")
    async def take(form: Form[Order]) -> str:
        return "taken"

    @app.get("/broken")
    async def broken() -> None:
        raise RuntimeError("broken")

    return app


def directives(policy: str) -> dict[str, str]:
    return dict(part.strip().partition(" ")[::2] for part in policy.split(";"))


def test_f233_policy_is_strict_without_any_setting() -> None:
    policy = directives(Client(App()).get("/").headers["content-security-policy"])
    assert policy == {
        "default-src": "'self'", "base-uri": "'self'", "form-action": "'self'",
        "frame-ancestors": "'none'", "object-src": "'none'",
    }  # fmt: skip
    assert not any("unsafe" in value or "*" in value for value in policy.values())


@pytest.fixture(params=["development", "testing"])
def server(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[LiveServer]:
    monkeypatch.setenv("ENV", request.param)
    monkeypatch.setenv("SECRET_KEY", make_secret_key())
    with LiveServer(make_site(tmp_path)) as server:
        yield server


@pytest.mark.browser
def test_f233_built_in_pages_pass_it(server: LiveServer, browser: Any) -> None:
    page: Any = browser.new_page()
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    page.add_init_script(WATCH)
    kept: dict[str, list[str]] = {}
    for path in ("/form", "/nowhere", "/broken", "/log-in", "/log-out"):
        page.goto(server.url + path)
        kept[path] = page.evaluate("kept")
    page.goto(server.url + "/form")
    page.get_by_role("button", name="Add to Lines").click()
    page.get_by_role("button", name="Send").click()
    kept["sent"] = page.evaluate("kept")
    page.evaluate("document.head.append(Object.assign(document.createElement('script'), {textContent: '1'}))")
    control = page.evaluate("kept")
    assert not any(kept.values()), kept
    assert control == ["script-src-elem"], "the browser watches"
    assert len([text for text in said if "Content Security Policy" in text]) == 1
