"""The chat does what its page says, for programs: events that go on, messages that are checked."""

from __future__ import annotations

import pytest

from bistro.testing import Client
from examples.chat.app import make_app


@pytest.fixture
def site():
    with Client(make_app()) as client:
        yield client


def test_the_page_brings_its_script(site: Client) -> None:
    assert '<script src="/static/chat.js" defer>' in site.get("/").text
    assert site.get("/static/chat.js").status == 200


def test_who_comes_later_hears_what_was_said_from_where_he_left(site: Client) -> None:
    for text in ("one", "two", "three"):
        assert site.post("/messages", json={"author": "Ann", "text": text}).status == 200
    with site.stream("GET", "/events", headers={"last-event-id": "1"}) as response:
        pieces = response.iter_bytes()
        received = b""
        while received.count(b"\n\n") < 2:
            received += next(pieces)
    assert received == (
        b'id: 2\ndata: {"author":"Ann","text":"two","id":2}\n\n'
        b'id: 3\ndata: {"author":"Ann","text":"three","id":3}\n\n'
    )


@pytest.mark.parametrize(
    "message",
    [{"author": "", "text": "x"}, {"author": "Ann", "text": ""}, {"author": "Ann", "text": "x" * 1001}],
)
def test_a_message_that_does_not_fit_is_refused(site: Client, message: dict[str, str]) -> None:
    assert site.post("/messages", json=message).status == 422


def test_a_socket_hears_and_speaks(site: Client) -> None:
    site.post("/messages", json={"author": "Ann", "text": "first"})
    with site.websocket("/socket?after=0") as socket:
        assert socket.receive_json() == {"id": 1, "author": "Ann", "text": "first"}
        socket.send_json({"author": "Bob", "text": "second"})
        assert socket.receive_json() == {"id": 2, "author": "Bob", "text": "second"}
