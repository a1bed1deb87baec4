"""The chat in a real browser: over a WebSocket, over events and POST, and both with each other."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from bistro.testing import LiveServer
from examples.chat.app import make_app

pytestmark = pytest.mark.browser
NO_WEBSOCKET = "delete window.WebSocket"
REFUSED_WEBSOCKET = """window.WebSocket = class extends EventTarget {
    constructor() { super(); setTimeout(() => this.onclose(), 0) }
}"""


@pytest.fixture
def open_page(browser) -> Iterator[Callable[..., object]]:
    """Opens the chat in a page of its own; with a script that runs before those of the page."""
    with LiveServer(make_app()) as server:

        def open_one(way: str, script: str = ""):
            page = browser.new_context().new_page()
            page.faults = []
            page.on(
                "console",
                lambda message: page.faults.append(message.text) if message.type == "error" else None,
            )
            page.on("pageerror", lambda error: page.faults.append(str(error)))
            if script:
                page.add_init_script(script)
            page.goto(server.url + "/")
            page.get_by_text(f"Connected by {way}").wait_for()
            return page

        yield open_one
        for context in browser.contexts:
            context.close()


def say(page, author: str, text: str) -> None:
    page.get_by_label("Name").fill(author)
    page.get_by_label("Message").fill(text)
    page.get_by_role("button", name="Say").click()


def heard(page, count: int) -> list[str]:
    page.get_by_role("listitem").nth(count - 1).wait_for()
    return page.get_by_role("listitem").all_inner_texts()


@pytest.mark.parametrize(
    ("way", "script"), [("WebSocket", ""), ("events", NO_WEBSOCKET), ("events", REFUSED_WEBSOCKET)]
)
def test_what_one_says_all_hear_at_once(open_page, way: str, script: str) -> None:
    ann, bob = open_page(way, script), open_page(way, script)
    say(ann, "Ann", "Is the soup ready?")
    assert heard(bob, 1) == ["Ann: Is the soup ready?"]
    say(bob, "Bob", "<b>Yes</b> & hot")
    both = ["Ann: Is the soup ready?", "Bob: <b>Yes</b> & hot"]
    assert (heard(ann, 2), heard(bob, 2)) == (both, both)
    assert ann.faults == bob.faults == []


def test_both_ways_lead_into_the_same_room(open_page) -> None:
    ann = open_page("WebSocket")
    say(ann, "Ann", "first")
    assert heard(ann, 1) == ["Ann: first"]
    bob = open_page("events", NO_WEBSOCKET)
    assert heard(bob, 1) == ["Ann: first"]  # what was said before he came
    say(bob, "Bob", "second")
    assert heard(ann, 2) == heard(bob, 2) == ["Ann: first", "Bob: second"]
    assert ann.faults == bob.faults == []
