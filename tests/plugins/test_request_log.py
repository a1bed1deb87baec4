from __future__ import annotations

import asyncio
import io
import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bistro.app import BaseApp
from bistro.ground import BatchedLineWriter, bind_log_fields, get_logger, make_formatter
from bistro.http import ClientDisconnected, NotFound, Request, Stream, WebSocket
from bistro.plugins import Health, RequestLog
from bistro.plugins.request_log import KNOWN_MAX, LineFormat, find_trace_id
from bistro.serving.memory import MemoryExchange
from bistro.testing import Client

TRACE = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"


class Lines(io.BytesIO):
    """A stream that can be read after the log was closed."""

    def close(self) -> None:
        """Stay readable."""

    def all(self) -> list[dict[str, object]]:
        return [json.loads(line) for line in self.getvalue().splitlines()]


@pytest.fixture
def lines(monkeypatch: pytest.MonkeyPatch) -> Iterator[Lines]:
    monkeypatch.setenv("LOG_FORMAT", "json")
    logger = logging.getLogger("bistro.request")
    before = logger.level
    logger.setLevel(logging.INFO)
    yield Lines()
    logger.setLevel(before)


def make_app(lines: Lines) -> BaseApp:
    app = BaseApp(RequestLog(stream=lines), Health())

    @app.get("/items/{id:int}")
    async def show(id: int) -> dict[str, int]:
        return {"id": id}

    @app.get("/missing", blocking=False)
    def missing() -> str:
        raise NotFound

    @app.get("/broken", blocking=False)
    def broken() -> str:
        raise RuntimeError("no")

    return app


def test_a_request_is_one_line_with_all_fields(lines: Lines) -> None:
    with Client(make_app(lines)) as client:
        response = client.get("/items/7?token=secret")
    (line,) = lines.all()
    assert list(line) == [
        "ts", "level", "event", "logger", "request_id", "method", "path", "status", "ms", "client",
    ]  # fmt: skip
    assert line["event"] == "request"
    assert (line["method"], line["path"], line["status"], line["level"]) == ("GET", "/items/7", 200, "info")
    assert line["request_id"] == response.headers["x-request-id"]
    assert line["client"] == "127.0.0.1"


@pytest.mark.parametrize(
    ("method", "path", "status", "level"),
    [
        ("GET", "/missing", 404, "info"),
        ("GET", "/nowhere", 404, "info"),
        ("DELETE", "/missing", 405, "info"),
        ("GET", "/items/seven", 404, "info"),
        ("GET", "/broken", 500, "error"),
        ("OPTIONS", "/missing", 204, "info"),
        ("BREW", "/missing", 405, "info"),
    ],
)
def test_every_answer_is_one_line(lines: Lines, method: str, path: str, status: int, level: str) -> None:
    with Client(make_app(lines), raise_server_errors=False) as client:
        response = client.request(method, path)
    assert [(line["status"], line["level"]) for line in lines.all()] == [(status, level)]
    assert response.headers["x-request-id"] == lines.all()[0]["request_id"]


def slow_app(lines: Lines, **options: Any) -> BaseApp:
    app = BaseApp(RequestLog(stream=lines, slow_seconds=0.0, **options))

    @app.get("/reports/{number:int}")
    async def report(number: int) -> str:
        return "done"

    @app.get("/broken")
    async def broken() -> str:
        raise RuntimeError

    return app


def test_a_request_that_takes_long_is_a_warning(lines: Lines) -> None:
    with Client(slow_app(lines), raise_server_errors=False) as client:
        client.get("/reports/7")
        client.get("/reports/7")
        client.get("/broken")
    assert [(line["event"], line["level"]) for line in lines.all()] == [
        ("slow request", "warning"),
        ("slow request", "warning"),
        ("slow request", "error"),
    ]
    assert lines.all()[0]["path"] == "/reports/7"


def test_what_may_take_long_is_no_warning(lines: Lines) -> None:
    with Client(slow_app(lines, may_take_long=("/reports/",))) as client:
        client.get("/reports/7")
    assert [(line["event"], line["level"]) for line in lines.all()] == [("request", "info")]


@pytest.mark.parametrize("status", [101, 499])
def test_conversations_and_clients_that_left_are_not_slow(status: int) -> None:
    form = LineFormat(slow_seconds=1.0)
    line = form.make_json_line((0.0, status, 60.0, "GET", "/chat", None, "id", None, ""))
    assert '"event":"request"' in line
    assert '"event":"slow request"' in form.make_json_line((0.0, 200, 60.0, "GET", "/", None, "id", None, ""))


def test_nothing_is_slow_without_a_limit() -> None:
    line = LineFormat(None).make_json_line((0.0, 200, 1e9, "GET", "/", None, "id", None, ""))
    assert '"event":"request"' in line


def test_only_slow_ones_are_written_where_less_is_not_wanted(
    lines: Lines, monkeypatch: pytest.MonkeyPatch
) -> None:
    logger = logging.getLogger("bistro.request")
    monkeypatch.setattr(logger, "level", logging.WARNING)
    logger.manager._clear_cache()  # type: ignore[attr-defined]  # of the levels that were asked before
    try:
        with Client(slow_app(lines)) as client:
            client.get("/reports/7")
        with Client(BaseApp(RequestLog(stream=lines, slow_seconds=60.0))) as client:
            client.get("/")
    finally:
        monkeypatch.undo()
        logger.manager._clear_cache()  # type: ignore[attr-defined]
    assert [line["event"] for line in lines.all()] == ["slow request"]


def test_refusal_of_the_server_is_one_line(lines: Lines) -> None:
    app = make_app(lines)
    app.freeze()
    app.refuse(400, "the request is malformed", ("192.0.2.1", 4000))
    asyncio.run(app.start())
    app.refuse(431, "too\nlong", None)
    asyncio.run(app.stop())
    assert [(line["status"], line["reason"]) for line in lines.all()] == [
        (400, "the request is malformed"),
        (431, "too\\nlong"),
    ]


def test_client_that_goes_away_is_a_499(lines: Lines) -> None:
    app = BaseApp(RequestLog(stream=lines))
    started = asyncio.Event()

    @app.get("/slow")
    async def slow() -> str:
        started.set()
        await asyncio.Event().wait()
        return ""

    async def ask() -> None:
        await app.start()
        coroutine = app.handle(MemoryExchange("GET", "/slow"))
        assert coroutine is not None
        task = asyncio.create_task(coroutine)  # type: ignore[arg-type]
        await started.wait()
        task.cancel()
        await asyncio.wait({task})
        await app.stop()

    asyncio.run(ask())
    assert [line["status"] for line in lines.all()] == [499]


def test_stream_is_logged_once_when_it_has_been_sent(lines: Lines) -> None:
    app = BaseApp(RequestLog(stream=lines))

    @app.get("/stream", blocking=False)
    def stream() -> Stream:
        return Stream(iter([b"a", b"b"]))

    with Client(app) as client:
        assert client.get("/stream").content == b"ab"
    assert [line["status"] for line in lines.all()] == [200]


def test_a_conversation_is_one_line_when_it_is_over(lines: Lines) -> None:
    app = make_app(lines)

    @app.websocket("/talk")
    async def talk(socket: WebSocket) -> None:
        async for message in socket:
            await socket.send(message)

    with Client(app) as client, client.websocket("/talk", headers={"x-request-id": "abc"}) as socket:
        assert socket.headers["x-request-id"] == "abc"
        socket.send("x")
        socket.receive()
        assert lines.all() == []
    (line,) = lines.all()
    assert (line["method"], line["path"], line["status"], line["request_id"]) == ("GET", "/talk", 101, "abc")


def test_probes_are_not_logged(lines: Lines) -> None:
    with Client(make_app(lines)) as client:
        assert client.get("/livez").status == 200
        assert client.get("/readyz").status == 200
    assert lines.all() == []


# --- ids -------------------------------------------------------------------------------------------


def test_id_of_a_proxy_is_taken_over(lines: Lines) -> None:
    with Client(make_app(lines)) as client:
        response = client.get("/items/7", headers={"x-request-id": "abc-123"})
    assert response.headers["x-request-id"] == "abc-123"
    assert lines.all()[0]["request_id"] == "abc-123"


@pytest.mark.parametrize("sent", ["a b", "x" * 65, 'a"b', "é", ""])
def test_id_that_could_do_harm_is_replaced(lines: Lines, sent: str) -> None:
    with Client(make_app(lines)) as client:
        response = client.get("/items/7", headers={"x-request-id": sent})
    assert response.headers["x-request-id"] != sent
    assert len(response.headers["x-request-id"]) == 24


def test_ids_differ(lines: Lines) -> None:
    with Client(make_app(lines)) as client:
        ids = {client.get("/items/7").headers["x-request-id"] for _ in range(50)}
    assert len(ids) == 50


def test_trace_id_of_traceparent_is_logged(lines: Lines) -> None:
    with Client(make_app(lines)) as client:
        client.get("/items/7", headers={"traceparent": TRACE})
    assert lines.all()[0]["trace_id"] == "4bf92f3577b34da6a3ce929d0e0e4736"


@pytest.mark.parametrize(
    "header",
    [
        b"", b"00", TRACE.encode().upper(), b"ff" + TRACE.encode()[2:], TRACE.encode() + b"\n",
        b"00-" + b"0" * 32 + b"-00f067aa0ba902b7-01", TRACE.encode() + b"-" + b"x" * 300,
    ],
)  # fmt: skip
def test_traceparent_that_is_not_well_formed_has_no_trace_id(header: bytes) -> None:
    assert find_trace_id(header) is None


def test_traceparent_of_a_later_version_is_read() -> None:
    assert find_trace_id(b"cc" + TRACE.encode()[2:] + b"-what-the-future-brings") is not None


def test_every_log_line_of_a_request_has_its_id(lines: Lines, caplog: pytest.LogCaptureFixture) -> None:
    app = BaseApp(RequestLog(stream=lines))
    formatter = make_formatter()
    texts: list[str] = []

    class Handler(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            texts.append(formatter.format(record))

    handler = Handler()
    logging.getLogger("shop").addHandler(handler)

    @app.get("/buy")
    def buy(request: Request) -> str:
        bind_log_fields(order=17)
        get_logger("shop").warning("paid")
        return request.id

    try:
        with Client(app) as client:
            response = client.get("/buy", headers={"traceparent": TRACE})
    finally:
        logging.getLogger("shop").removeHandler(handler)
    line = json.loads(texts[0])
    assert line["request_id"] == response.text
    assert line["trace_id"] == "4bf92f3577b34da6a3ce929d0e0e4736"
    assert line["order"] == 17


# --- lines -----------------------------------------------------------------------------------------------


@given(
    created=st.floats(0, 4e9),
    status=st.integers(100, 599),
    seconds=st.floats(0, 1e4),
    method=st.sampled_from(["GET", "POST", 'A"B']),
    path=st.text(st.characters(min_codepoint=33, max_codepoint=126), max_size=30).map("/".__add__),
    client=st.sampled_from([None, ("::1", 1), ("192.0.2.1", 2), ("strange\nname", 3)]),
    traceparent=st.sampled_from([None, TRACE.encode(), b"00-0-0-00"]),
    reason=st.sampled_from(["", "malformed"]),
)
def test_quick_line_has_the_same_fields_as_the_general_one(
    created: float,
    status: int,
    seconds: float,
    method: str,
    path: str,
    client: tuple[str, int] | None,
    traceparent: bytes | None,
    reason: str,
) -> None:
    lines = LineFormat()
    item = (created, status, seconds, method, path, client, "a" * 24, traceparent, reason)
    first, again = lines.make_json_line(item), lines.make_json_line(item)
    assert first == again  # from parts that were kept
    quick, general = json.loads(again), json.loads(lines.make_line(item))
    assert abs(quick.pop("ms") - general.pop("ms")) <= 0.0011
    # A date of the general way is rounded by datetime, that of the quick one cut.
    assert quick.pop("ts")[:16] == general.pop("ts")[:16]
    assert quick == general


def test_client_that_tries_many_paths_fills_no_memory() -> None:
    lines = LineFormat()
    for number in range(3 * KNOWN_MAX):
        lines.make_json_line((0.0, 404, 0.1, "GET", f"/{number}", ("192.0.2.1", 1), "a" * 24, None, ""))
    assert 0 < len(lines.known) <= KNOWN_MAX


def test_secret_in_a_path_is_masked(lines: Lines) -> None:
    with Client(make_app(lines)) as client:
        client.get("/token=hunter2")
    assert "hunter2" not in lines.getvalue().decode()


def test_lines_are_text_for_people_in_a_terminal(lines: Lines, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOG_FORMAT", "console")
    with Client(make_app(lines)) as client:
        client.get("/items/7")
    assert "method=GET path=/items/7 status=200" in lines.getvalue().decode()


def test_level_turns_the_lines_off(lines: Lines) -> None:
    logging.getLogger("bistro.request").setLevel(logging.WARNING)
    with Client(make_app(lines)) as client:
        assert "x-request-id" in client.get("/items/7").headers
    assert lines.getvalue() == b""


def test_logging_that_nobody_configured_is_configured_at_start(
    lines: Lines, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = logging.getLogger()
    monkeypatch.setattr(root, "handlers", [])
    monkeypatch.setattr(root, "level", root.level)
    asyncio.run(make_app(lines).start())
    assert len(root.handlers) == 1


def test_stream_that_fails_fails_no_request(lines: Lines) -> None:
    class Full(Lines):
        def write(self, data: object, /) -> int:
            raise OSError(28, "No space left on device")

    with Client(make_app(Full())) as client:
        assert client.get("/items/7").status == 200


def test_what_waits_holds_no_request(lines: Lines, monkeypatch: pytest.MonkeyPatch) -> None:
    items: list[object] = []
    monkeypatch.setattr(BatchedLineWriter, "append", lambda _, item: items.append(item))
    with Client(make_app(lines)) as client:
        client.post("/items/7", content=b"x" * 1000)
    assert all(
        isinstance(value, (float, int, str, tuple, bytes, type(None))) for item in items for value in item
    )  # type: ignore[attr-defined]


def test_stream_broken_off_by_its_client_is_logged_once(lines: Lines) -> None:
    app = BaseApp(RequestLog(stream=lines))

    @app.get("/stream")
    async def stream() -> Stream:
        async def pieces():
            yield b"a"
            raise ClientDisconnected

        return Stream(pieces())

    async def ask() -> None:
        await app.start()
        coroutine = app.handle(MemoryExchange("GET", "/stream"))
        assert coroutine is not None
        await coroutine
        await app.stop()

    asyncio.run(ask())
    assert len(lines.all()) == 1
