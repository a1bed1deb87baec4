"""Streams of values: encoded one by one, kept alive, ended by the server and by the client."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Iterator

import msgspec
import pytest

from bistro import App, Event, EventStream, Header, JsonLines, Stream
from bistro.app.streaming import close_pieces
from bistro.serving.memory import MemoryExchange
from bistro.testing import AnswerIncomplete, AsyncClient, Client

SECONDS_MAX = 10.0


class PublicUser(msgspec.Struct):
    name: str


class User(PublicUser):
    password: str


def users() -> Iterator[User]:
    yield User("ann", "secret")
    yield User("bob", "secret")


async def users_async() -> AsyncIterator[User]:
    for user in users():
        yield user


@pytest.mark.parametrize("items", [users, users_async, lambda: list(users()), lambda: tuple(users())])
def test_json_lines_come_from_any_iterable(items) -> None:
    app = App(defaults=False)
    app.get("/")(lambda: JsonLines(items()))

    answer = Client(app).get("/")

    assert answer.headers["content-type"] == "application/jsonl"
    assert answer.content == b'{"name":"ann","password":"secret"}\n{"name":"bob","password":"secret"}\n'


def test_declared_values_have_the_declared_fields_only() -> None:
    app = App(defaults=False)

    @app.get("/lines")
    async def lines() -> JsonLines[PublicUser]:
        return JsonLines(users_async())

    @app.get("/events")
    async def events() -> EventStream[PublicUser]:
        async def made() -> AsyncIterator[Event | PublicUser]:
            yield User("ann", "secret")
            yield Event(User("bob", "secret"), id="2")

        return EventStream(made())

    client = Client(app)
    assert client.get("/lines").content == b'{"name":"ann"}\n{"name":"bob"}\n'
    assert client.get("/events").content == b'data: {"name":"ann"}\n\nid: 2\ndata: {"name":"bob"}\n\n'


def test_events_are_sent_as_they_are_given_with_what_such_answers_need() -> None:
    app = App(defaults=False)

    @app.get("/")
    async def events(last_event_id: Header[str] = "") -> EventStream:
        async def made() -> AsyncIterator[Event | str | dict[str, int]]:
            yield f"after {last_event_id}"
            yield {"number": 1}
            yield Event("two\nlines", event="note", id="8")

        return EventStream(made(), headers={"X-Note": "hi", "Cache-Control": "private"})

    answer = Client(app).get("/", headers={"last-event-id": "7"})

    assert answer.content == (
        b'data: after 7\n\ndata: {"number":1}\n\nevent: note\nid: 8\ndata: two\ndata: lines\n\n'
    )
    assert answer.headers["content-type"] == "text/event-stream"
    assert answer.headers["x-accel-buffering"] == "no"
    assert (answer.headers["x-note"], answer.headers["cache-control"]) == ("hi", "private")
    assert Client(app).request("HEAD", "/").content == b""


def test_a_stream_of_values_of_no_kind_says_what_to_return(caplog: pytest.LogCaptureFixture) -> None:
    app = App(defaults=False)
    app.get("/")(lambda: Stream([{"a": 1}]))  # type: ignore[list-item, unused-ignore]  # the mistake under test

    with pytest.raises(AnswerIncomplete):
        Client(app).get("/")
    assert "return JsonLines(...) or EventStream(...)" in caplog.text


@pytest.mark.parametrize("kind", [JsonLines, EventStream])
def test_a_value_that_can_not_be_encoded_breaks_the_answer_off(
    kind, caplog: pytest.LogCaptureFixture
) -> None:
    app = App(defaults=False)
    app.get("/")(lambda: kind([1, object(), 3]))

    with pytest.raises(AnswerIncomplete), Client(app).stream("GET", "/") as response:
        received = next(pieces := response.iter_bytes())
        list(pieces)
    assert b"1" in received
    assert b"3" not in received
    assert "broke off" in caplog.text


def test_a_quiet_stream_sends_comments() -> None:
    app = App(defaults=False)

    @app.get("/")
    async def quiet() -> EventStream:
        async def made() -> AsyncIterator[str]:
            yield "first"
            await asyncio.Event().wait()

        return EventStream(made(), heartbeat_seconds=0.01)

    with Client(app).stream("GET", "/") as response:
        pieces = response.iter_bytes()
        received = b""
        while received.count(b":\n\n") < 2:
            received += next(pieces)
    assert received.startswith(b"data: first\n\n:\n\n:\n\n")


def test_a_client_that_reads_nothing_gets_no_pile_of_comments() -> None:
    app = App(defaults=False)
    writes = 0

    class Counting(MemoryExchange):
        async def write(self, chunk: bytes) -> None:
            nonlocal writes
            writes += 1
            await super().write(chunk)

    @app.get("/")
    async def quiet() -> EventStream:
        async def made() -> AsyncIterator[str]:
            await asyncio.Event().wait()
            yield "never"

        return EventStream(made(), heartbeat_seconds=0.001)

    async def run() -> None:
        exchange = Counting()
        exchange.pause_reading()
        task = asyncio.ensure_future(app.handle(exchange))
        while not writes:
            await asyncio.sleep(0)
        await asyncio.sleep(0.02)  # twenty heartbeats' time, in which nothing must happen
        task.cancel()
        await asyncio.wait([task])

    asyncio.run(run())
    assert writes == 1


@pytest.mark.parametrize("is_sync", [False, True])
def test_events_end_as_a_whole_answer_when_the_server_stops(is_sync: bool) -> None:
    app = App(defaults=False)
    closed: list[str] = []

    async def made() -> AsyncIterator[str]:
        try:
            yield "first"
            await asyncio.Event().wait()
        finally:
            closed.append("closed")

    def made_sync() -> Iterator[str]:
        try:
            while True:
                yield "again"
        finally:
            closed.append("closed")

    @app.get("/")
    async def events() -> EventStream:
        return EventStream(made_sync() if is_sync else made())

    async def run() -> MemoryExchange:
        exchange = MemoryExchange()
        task = asyncio.ensure_future(app.handle(exchange))
        await exchange.wait_for_pieces()
        exchange.stop()
        await asyncio.wait_for(task, SECONDS_MAX)
        return exchange

    exchange = asyncio.run(run())
    assert (exchange.is_finished, exchange.is_aborted, closed) == (True, False, ["closed"])


def test_a_time_out_of_the_generators_own_is_no_end_of_the_stream(caplog: pytest.LogCaptureFixture) -> None:
    app = App(defaults=False)

    @app.get("/")
    async def events() -> EventStream:
        async def made() -> AsyncIterator[str]:
            yield "first"
            raise TimeoutError

        return EventStream(made())

    with pytest.raises(AnswerIncomplete):
        Client(app).get("/")
    assert "TimeoutError" in caplog.text


def test_the_generator_is_stepped_by_one_task_with_the_requests_own_context() -> None:
    app = App(defaults=False)

    @app.get("/")
    async def events() -> EventStream:
        async def made() -> AsyncIterator[str]:
            async with asyncio.timeout(SECONDS_MAX):  # belongs to one task, or raises
                for _ in range(3):
                    task = asyncio.current_task()
                    await asyncio.sleep(0)
                    yield str(task is asyncio.current_task())

        return EventStream(made(), heartbeat_seconds=0.001)

    text = Client(app).get("/").text
    assert [line for line in text.split("\n") if line.startswith("data")] == ["data: True"] * 3


def test_the_generator_is_closed_when_the_client_goes_away() -> None:
    app = App(defaults=False)
    closed: list[str] = []

    @app.get("/")
    async def events() -> EventStream:
        async def made() -> AsyncIterator[str]:
            try:
                yield "first"
                await asyncio.Event().wait()
            finally:
                closed.append("closed")

        return EventStream(made())

    async def run() -> None:
        async with AsyncClient(app) as client, client.stream("GET", "/") as response:
            await anext(response.iter_bytes())

    asyncio.run(run())
    assert closed == ["closed"]


def test_a_step_that_runs_on_in_its_thread_is_given_up_without_another_error() -> None:
    app = App(defaults=False)
    go_on, blocked = threading.Event(), threading.Event()

    @app.get("/")
    def events() -> EventStream:
        def made() -> Iterator[str]:
            yield "first"
            blocked.set()
            go_on.wait(SECONDS_MAX)
            yield "second"

        return EventStream(made())

    async def run() -> bool:
        task = asyncio.ensure_future(app.handle(MemoryExchange()))
        assert await asyncio.to_thread(blocked.wait, SECONDS_MAX)
        # The first asks it to end, the second, at the end of the grace, gives it up.
        for _ in range(2):
            task.cancel()
            await asyncio.sleep(0.01)
        await asyncio.wait([task], timeout=SECONDS_MAX)
        go_on.set()
        return task.cancelled()

    assert asyncio.run(run())


def test_a_generator_is_closed_although_its_closing_is_cancelled() -> None:
    closed = threading.Event()

    def pieces() -> Iterator[bytes]:
        try:
            yield b"x"
        finally:
            closed.set()

    async def go() -> None:
        begun = pieces()
        next(begun)
        closing = asyncio.ensure_future(close_pieces(begun))
        await asyncio.sleep(0)
        closing.cancel()
        with pytest.raises(asyncio.CancelledError):
            await closing
        assert await asyncio.to_thread(closed.wait, SECONDS_MAX)

    asyncio.run(go())
