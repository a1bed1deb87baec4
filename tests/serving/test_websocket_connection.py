from __future__ import annotations

import asyncio
import contextlib
import gc
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import websockets.asyncio.client as async_client
import websockets.sync.client as sync_client
from websockets.exceptions import ConnectionClosed

from bistro import App, WebSocket, WebSocketDisconnected
from bistro.cli.local_certificate import get_local_certificate
from tests.serving.websocket_wire import (
    BINARY,
    CLOSE,
    CONT,
    LOOPS,
    PING,
    PONG,
    TEXT,
    TIMEOUT_SECONDS,
    RawSocket,
    RunningServer,
    frame,
    running,
)

log: list[object] = []
go_on = threading.Event()
PATIENCE_SECONDS = 30.0  # for what comes soon, unless the machine is very busy


def make_app() -> App:
    app = App(defaults=False)

    @app.websocket("/echo")
    async def echo(socket: WebSocket) -> None:
        async for message in socket:
            await socket.send(message)
        log.append(("echo ended", socket.close_code, socket.close_reason))

    @app.websocket("/deaf")
    async def deaf(socket: WebSocket) -> None:
        await socket.accept()
        try:
            await asyncio.Event().wait()
        finally:
            log.append("deaf ended")

    @app.websocket("/slow")
    async def slow(socket: WebSocket) -> None:
        await socket.accept()
        await asyncio.to_thread(go_on.wait, TIMEOUT_SECONDS)
        count = 0
        async for _ in socket:
            count += 1
        log.append(("slow got", count))

    @app.websocket("/flood")
    async def flood(socket: WebSocket) -> None:
        count = 0
        try:
            while True:
                await socket.send(b"x" * 10_000)
                count += 1
        except WebSocketDisconnected:
            log.append(("flood sent", count))

    @app.websocket("/feed", send_queue_max=3, when_behind="drop_oldest")
    async def feed(socket: WebSocket) -> None:
        await socket.accept()
        for number in range(1000):
            socket.send_nowait(b"%04d" % number * 5000)
        await socket.receive()

    @app.websocket("/cut", send_queue_max=3)
    async def cut(socket: WebSocket) -> None:
        await socket.accept()
        for number in range(1000):
            socket.send_nowait(b"%04d" % number * 5000)
        log.append(("cut", socket.close_code))

    @app.websocket("/bye")
    async def bye(socket: WebSocket) -> None:
        await socket.receive()
        await socket.close(4001, "that will do")
        with pytest.raises(WebSocketDisconnected):
            await socket.receive()

    @app.websocket("/farewell")
    async def farewell(socket: WebSocket) -> None:
        await socket.send(b"x" * 20_000_000)

    @app.websocket("/plain", compress=False)
    async def plain(socket: WebSocket) -> None:
        await echo(socket)

    @app.get("/")
    async def page() -> str:
        return "page"

    return app


@pytest.fixture(scope="module", params=sorted(LOOPS))
def server(request: pytest.FixtureRequest) -> Iterator[RunningServer]:
    with running(make_app(), request.param) as server:
        yield server


@pytest.fixture
def loop(request: pytest.FixtureRequest, server: RunningServer) -> str:
    """The name of the event loop that `server` has, for servers of a test's own."""
    return request.node.callspec.params["server"]  # type: ignore[no-any-return]


@pytest.fixture(autouse=True)
def fresh(server: RunningServer) -> Iterator[None]:
    log.clear()
    go_on.clear()
    yield
    go_on.set()
    wait_for(lambda: not server.connections())


def wait_for(condition: Callable[[], object]) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not condition():
        assert time.monotonic() < deadline, log
        time.sleep(0.005)


def stop(server: RunningServer) -> None:
    server.run(server.server.stop(5))


def test_messages_of_every_size_come_back(server: RunningServer) -> None:
    with RawSocket(server.port, "/echo") as client:
        assert client.status == 101
        assert b"sec-websocket-accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=" in client.head
        for size in (0, 1, 125, 126, 65_535, 65_536, 300_000):
            client.send(frame(BINARY, b"x" * size))
            assert client.read() == (0x80 | BINARY, b"x" * size)
        client.text("héllo")
        assert client.read_text() == "héllo"


def test_fragments_become_one_message_with_control_frames_between_them(server: RunningServer) -> None:
    with RawSocket(server.port, "/echo") as client:
        client.send(frame(TEXT, "hé".encode()[:2], fin=False) + frame(PING, b"there?"))
        client.send(
            frame(CONT, "hé".encode()[2:], fin=False) + frame(CONT, b"", fin=False) + frame(CONT, b"!")
        )
        assert client.read() == (0x80 | PONG, b"there?")
        assert client.read_text() == "hé!"


def test_bytes_may_be_cut_anywhere(server: RunningServer) -> None:
    with RawSocket(server.port, "/echo") as client:
        client.connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for byte in frame(TEXT, b"one") + frame(TEXT, b"two"):
            client.send(bytes([byte]))
        assert [client.read_text(), client.read_text()] == ["one", "two"]


def test_what_the_client_sends_with_its_handshake_is_not_lost(server: RunningServer) -> None:
    early = frame(TEXT, b"early") + frame(TEXT, b"bird")
    with RawSocket(server.port, "/echo", early=early) as client:
        assert [client.read_text(), client.read_text()] == ["early", "bird"]


def test_an_answer_before_the_handshake_comes_first(server: RunningServer) -> None:
    with RawSocket(server.port, "/echo", before=b"GET / HTTP/1.1\r\nHost: a\r\n\r\n") as client:
        assert client.status == 200
        assert client._take(4) == b"page"
        assert client._read_until(b"\r\n\r\n").startswith(b"HTTP/1.1 101 ")
        client.text("x")
        assert client.read_text() == "x"


def test_closing_is_answered_with_the_same_code_and_the_handler_hears_it(server: RunningServer) -> None:
    with RawSocket(server.port, "/echo") as client:
        client.send(frame(CLOSE, b"\x0f\xa1done"))
        assert client.read_close() == (4001, "done")
        assert client.is_at_end()
    wait_for(lambda: log)
    assert log == [("echo ended", 4001, "done")]
    wait_for(lambda: not server.connections())


def test_a_handler_can_close_with_code_and_reason(server: RunningServer) -> None:
    with RawSocket(server.port, "/bye") as client:
        client.text("x")
        assert client.read_close() == (4001, "that will do")
        client.send(frame(CLOSE, b"\x0f\xa1"))
        assert client.is_at_end()


def test_a_client_that_never_answers_the_close_is_cut(server: RunningServer) -> None:
    with RawSocket(server.port, "/bye") as client:
        client.text("x")
        assert client.read_close()[0] == 4001
        (connection,) = server.connections()
        server.call(connection.check_time, time.monotonic() + 6)
        assert client.is_at_end()


def test_a_client_that_reads_slowly_still_gets_what_was_sent_before_the_close(server: RunningServer) -> None:
    with RawSocket(server.port, "/farewell") as client:
        wait_for(lambda: any(each.is_accepted and each._deadline for each in server.connections()))
        (connection,) = server.connections()
        # The test alone keeps its time: a look in between would find that nothing has moved since.
        server.call(server.server._connections.discard, connection)
        now = time.monotonic()
        for later in (4, 8, 12):
            unsent = connection._transport.get_write_buffer_size()
            while connection._transport.get_write_buffer_size() >= unsent:
                client.rest += client.connection.recv(1 << 20)
            server.call(connection.check_time, now + later)
        assert client.read() == (0x80 | BINARY, b"x" * 20_000_000)
        assert client.read_close() == (1000, "")


def test_a_client_that_vanishes_ends_the_handler(server: RunningServer) -> None:
    with RawSocket(server.port, "/echo"):
        pass
    wait_for(lambda: log)
    assert log == [("echo ended", 1006, "")]


@pytest.mark.timed
def test_handlers_that_do_not_listen_are_ended_within_a_second(server: RunningServer) -> None:
    clients = [RawSocket(server.port, "/deaf") for _ in range(20)]
    since = time.monotonic()
    for client in clients:
        client.close()
    wait_for(lambda: len(log) == 20)
    assert time.monotonic() - since < 1.0
    wait_for(lambda: not server.connections())


def test_a_silent_client_is_pinged_and_taken_for_gone_without_an_answer(server: RunningServer) -> None:
    with RawSocket(server.port, "/echo") as client:
        client.text("x")
        client.read_text()
        (connection,) = server.connections()
        now = time.monotonic()
        server.call(connection.check_time, now + 14)
        server.call(connection.check_time, now + 21)
        server.call(connection.check_time, now + 22)
        assert client.read() == (0x80 | PING, b"")
        server.call(setattr, server.server, "now", now + 22)
        client.send(frame(PONG))
        client.text("x")
        assert client.read_text() == "x"
        server.call(connection.check_time, now + 36)
        server.call(connection.check_time, now + 60)
        assert client.read() == (0x80 | PING, b"")
        server.call(connection.check_time, now + 85)
        assert client.read_close() == (1011, "no answer to a ping")


def test_a_handler_that_is_behind_makes_the_client_wait_and_loses_nothing(server: RunningServer) -> None:
    total = 3000
    with RawSocket(server.port, "/slow") as client:
        sent = 0

        def send() -> None:
            nonlocal sent
            for _ in range(total):
                client.send(frame(BINARY, b"x" * 10_000))
                sent += 1
            client.send(frame(CLOSE))

        thread = threading.Thread(target=send)
        thread.start()
        wait_for(lambda: any(each._inlet.is_paused for each in server.connections()))
        thread.join(0.3)
        assert thread.is_alive(), "30 MB were taken in although nobody reads them"
        assert sent < total
        go_on.set()
        thread.join(TIMEOUT_SECONDS)
        client.read_close()
    wait_for(lambda: log)
    assert log == [("slow got", total)]


def test_a_slow_reader_makes_the_handler_wait_and_is_cut_at_last(server: RunningServer) -> None:
    with RawSocket(server.port, "/flood"):
        wait_for(
            lambda: any(each.is_accepted and each._outlet.drain is not None for each in server.connections())
        )
        (connection,) = server.connections()
        assert connection._transport.get_write_buffer_size() < 200_000
        # Again and again: a client's buffers that are not full yet may end the wait that was seen.
        wait_for(lambda: server.call(connection.check_time, time.monotonic() + 31) or log)
    assert log[0][0] == "flood sent"


def test_messages_that_may_not_wait_are_kept_for_a_slow_client_within_bounds(server: RunningServer) -> None:
    with RawSocket(server.port, "/feed") as client:
        wait_for(
            lambda: any(each.is_accepted and each._outlet.drain is not None for each in server.connections())
        )
        (connection,) = server.connections()
        assert server.call(lambda: len(connection._outlet._queue)) == 3
        got = []
        while not got or got[-1] != b"0999":
            got.append(client.read()[1][:4])
    assert got[0] == b"0000"
    assert got[-3:] == [b"0997", b"0998", b"0999"]
    assert len(got) < 900


def test_a_client_too_far_behind_is_closed_with_1013(server: RunningServer) -> None:
    with RawSocket(server.port, "/cut") as client:
        wait_for(lambda: log)
        assert log == [("cut", 1013)]
        assert client.read_close() == (1013, "reading too slowly")


def test_long_texts_are_compressed_and_nothing_else(server: RunningServer) -> None:
    offer = b"Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r\n"
    with RawSocket(server.port, "/echo", offer) as client:
        assert b"permessage-deflate; server_no_context_takeover; client_no_context_takeover" in client.head
        client.text("x" * 1023)
        assert client.read() == (0x80 | TEXT, b"x" * 1023)
        client.text("x" * 1024)
        first, data = client.read()
        assert first == 0xC0 | TEXT
        assert len(data) < 30
        client.send(frame(BINARY, b"x" * 5000))
        assert client.read() == (0x80 | BINARY, b"x" * 5000)
    with RawSocket(server.port, "/plain", offer) as client:
        assert b"sec-websocket-extensions" not in client.head
        client.text("x" * 5000)
        assert client.read() == (0x80 | TEXT, b"x" * 5000)


@pytest.mark.parametrize("path", ["/echo", "/plain"])
def test_a_well_kept_client_understands_it(server: RunningServer, path: str) -> None:
    with sync_client.connect(f"ws://127.0.0.1:{server.port}{path}") as client:
        for message in ("héllo", b"\x00\xff", "long " * 100_000, b"y" * 300_000, ""):
            client.send(message)
            assert client.recv(TIMEOUT_SECONDS) == message
        client.send(["in ", "three ", "parts"])
        assert client.recv(TIMEOUT_SECONDS) == "in three parts"
        client.ping().wait(TIMEOUT_SECONDS)
    assert client.close_code == 1000


@pytest.mark.timed
def test_a_server_that_stops_closes_with_1001_and_waits_for_the_handlers() -> None:
    for loop in LOOPS:
        log.clear()
        with (
            running(make_app(), loop) as server,
            RawSocket(server.port, "/echo") as client,
            RawSocket(server.port, "/deaf") as deaf,
        ):
            stopping = threading.Thread(target=stop, args=(server,))
            since = time.monotonic()
            stopping.start()
            assert client.read_close() == (1001, "the server is stopping")
            client.send(frame(CLOSE, b"\x03\xe9"))
            assert client.is_at_end()
            assert deaf.read_close()[0] == 1001
            deaf.send(frame(CLOSE, b"\x03\xe9"))
            stopping.join(TIMEOUT_SECONDS)
            assert time.monotonic() - since < 2.0
        assert sorted(map(str, log)) == ["('echo ended', 1001, 'the server is stopping')", "deaf ended"]


def test_it_works_over_tls_as_well(loop: str, tmp_path: Path) -> None:
    files = get_local_certificate(tmp_path)
    client_side = ssl.create_default_context()
    client_side.check_hostname, client_side.verify_mode = False, ssl.CERT_NONE

    async def talk(port: int) -> list[int | None]:
        # Not the client with threads: two of them in one TLS connection lose a handshake now and then.
        url, codes = f"wss://127.0.0.1:{port}", []
        async with async_client.connect(f"{url}/echo", ssl=client_side) as client:
            for message in ("héllo", b"x" * 300_000):
                await client.send(message)
                assert await client.recv() == message
        async with async_client.connect(f"{url}/bye", ssl=client_side) as client:
            await client.send("x")
            await client.wait_closed()
            codes.append(client.close_code)
        async with async_client.connect(f"{url}/echo", ssl=client_side) as client:
            with contextlib.suppress(ConnectionClosed):
                await client.send(["x" * 700_000, "x" * 700_000])
            await client.wait_closed()
            codes.append(client.close_code)
        return codes

    with running(make_app(), loop, tls=files.open()) as server:
        assert asyncio.run(asyncio.wait_for(talk(server.port), PATIENCE_SECONDS)) == [4001, 1009]
        wait_for(lambda: not server.connections())


def test_who_is_closed_over_tls_may_end_its_sentence_and_hears_why(loop: str, tmp_path: Path) -> None:
    files = get_local_certificate(tmp_path)
    client_side = ssl.create_default_context()
    client_side.check_hostname, client_side.verify_mode = False, ssl.CERT_NONE
    with (
        running(make_app(), loop, tls=files.open()) as server,
        RawSocket(server.port, "/echo", tls=client_side) as client,
    ):
        too_long = frame(BINARY, b"x" * 4_000_000)
        client.send(too_long[:1000])
        wait_for(lambda: log)
        for start in range(1000, len(too_long), 100_000):
            client.send(too_long[start : start + 100_000])
        assert client.read_close()[0] == 1009
        assert client.is_at_end()
        wait_for(lambda: not server.connections())
    assert log == [("echo ended", 1009, "frame with 4000000 bytes exceeds limit of 1048576 bytes")]


def test_nothing_is_left_for_the_collector_when_a_client_has_gone(server: RunningServer) -> None:
    def count() -> int:
        return sum(type(each).__name__ in ("NativeSocket", "ServerProtocol") for each in gc.get_objects())

    gc.collect()
    gc.disable()
    try:
        before = count()
        for data in (frame(CLOSE, b"\x03\xe8"), frame(TEXT, b"\xff"), b""):
            with RawSocket(server.port, "/echo") as client:
                client.text("x")
                client.read_text()
                client.send(data)
        wait_for(lambda: not server.connections() and len(log) == 3)
        wait_for(lambda: count() == before)
    finally:
        gc.enable()


def test_who_waits_for_the_end_of_the_client_is_called(server: RunningServer) -> None:
    app = App(defaults=False)

    @app.websocket("/")
    async def handler(socket: WebSocket) -> None:
        socket.request.exchange.on_disconnect(lambda: log.append("called"))
        async for _ in socket:
            pass

    with running(app) as own, RawSocket(own.port) as client:
        client.close()
        wait_for(lambda: log)
    assert log == ["called"]
