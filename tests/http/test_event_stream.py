from __future__ import annotations

import json
from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bistro.http import Event, EventError, EventStream


def encode(value: object) -> bytes:
    return json.dumps(value).encode()


@dataclass
class Received:
    """What a browser makes of an event stream, by the rules of WHATWG HTML §9.2.6."""

    events: list[tuple[str, str]]
    last_id: str = ""
    retry: int | None = None


def receive(stream: bytes) -> Received:
    received = Received([])
    name, data = "", []
    # The lines of a stream end in LF, CR or CR LF, and in nothing else: no splitlines().
    text = stream.decode().replace("\r\n", "\n").replace("\r", "\n")
    for line in text.split("\n"):
        if not line:
            if data:
                received.events.append((name or "message", "\n".join(data)))
            name, data = "", []
            continue
        field, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if field == "event":
            name = value
        elif field == "data":
            data.append(value)
        elif field == "id" and "\0" not in value:
            received.last_id = value
        elif field == "retry" and value.isdigit():
            received.retry = int(value)
    return received


texts = st.text(st.characters(exclude_categories=["Cs"]))
names = texts.filter(lambda text: not set(text) & set("\r\n\0"))


@given(data=texts, name=names, id=st.text(st.characters(max_codepoint=126, exclude_characters="\r\n\0")))
def test_a_browser_receives_what_was_sent(data: str, name: str, id: str) -> None:
    received = receive(Event(data, event=name, id=id).to_bytes(encode))

    assert received.events == [(name or "message", data.replace("\r\n", "\n").replace("\r", "\n"))]
    assert received.last_id == id


@given(st.lists(texts))
def test_events_do_not_run_into_each_other(several: list[str]) -> None:
    stream = EventStream([])
    stream.encode_with(encode)

    received = receive(b"".join(stream.encode_piece(data) for data in several))

    assert [data for _, data in received.events] == [
        data.replace("\r\n", "\n").replace("\r", "\n") for data in several
    ]


@pytest.mark.parametrize(
    ("event", "lines"),
    [
        (Event("soup"), b"data: soup\n\n"),
        (Event({"dish": "soup"}), b'data: {"dish": "soup"}\n\n'),
        (Event(0), b"data: 0\n\n"),
        (Event("a\r\nb\rc\nd\n"), b"data: a\ndata: b\ndata: c\ndata: d\ndata: \n\n"),
        (Event("", event="ready", id="7"), b"event: ready\nid: 7\ndata: \n\n"),
        (Event(id="", retry_seconds=1.5), b"id: \nretry: 1500\n\n"),
        (Event(retry_seconds=0), b"retry: 0\n\n"),
    ],
)
def test_an_event_is_these_lines(event: Event, lines: bytes) -> None:
    assert event.to_bytes(encode) == lines


@pytest.mark.parametrize("bad", ["a\nb", "a\rb", "a\0b", "\r\n\r\ndata: forged"])
def test_a_name_or_id_that_would_end_its_line_is_refused(bad: str) -> None:
    with pytest.raises(EventError) as caught:
        Event("x", event=bad)
    assert caught.value.code == "B481"
    with pytest.raises(EventError):
        Event("x", id=bad)


def test_an_id_that_would_come_back_as_other_text_is_refused() -> None:
    with pytest.raises(EventError, match="not ASCII"):
        Event("x", id="crêpe")


@pytest.mark.parametrize("seconds", [-1, float("nan"), float("inf")])
def test_a_time_that_is_none_is_refused(seconds: float) -> None:
    with pytest.raises(EventError):
        Event("x", retry_seconds=seconds)
    with pytest.raises(ValueError, match="heartbeat"):
        EventStream([], heartbeat_seconds=0 if seconds != -1 else -1)
