"""What hostile clients do to WebSockets, each done to a real server on both event loops.

The numbers are rows of the list of holes that others had (`design/security.md`): 45, 53, 54, 55.
"""

from __future__ import annotations

import os
import socket
import statistics
import threading
import time
import zlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from bistro import App, WebSocket
from tests.attacks.raw import OTHERS_SECONDS_MAX, get, talk
from tests.serving.websocket_wire import (
    BINARY,
    CLOSE,
    CONT,
    LOOPS,
    PING,
    TEXT,
    RawSocket,
    RunningServer,
    frame,
    handshake,
    running,
)
from tests.timing import is_within

MEBIBYTE = 1024 * 1024
DEFLATE = b"Sec-WebSocket-Extensions: permessage-deflate\r\n"


def make_app() -> App:
    app = App(defaults=False)

    @app.websocket("/")
    async def echo(socket: WebSocket) -> None:
        async for message in socket:
            await socket.send(str(len(message)))

    @app.websocket("/chosen")
    async def chosen(socket: WebSocket) -> None:
        await socket.accept(socket.subprotocols[0])

    @app.get("/page")
    async def page() -> str:
        return "page"

    @app.get("/secret")
    async def secret() -> str:
        return "secret"

    return app


@pytest.fixture(scope="module", params=sorted(LOOPS))
def server(request: pytest.FixtureRequest) -> Iterator[RunningServer]:
    with running(make_app(), request.param) as server:
        yield server


def assert_lives(server: RunningServer) -> None:
    assert talk(server.port, get("/page")).bodies == [b"page"]


def memory_bytes() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def send_all(client: RawSocket, *pieces: bytes) -> None:
    """Send what the server still takes."""
    try:
        for piece in pieces:
            client.send(piece)
    except OSError:
        pass


WRONG_FRAMES = {
    "no mask": (frame(TEXT, b"hello", mask=None), 1002),
    "a reserved bit": (frame(TEXT, b"x", rsv=4), 1002),
    "another reserved bit": (frame(BINARY, b"x", rsv=1), 1002),
    "an unknown opcode": (frame(3, b"x"), 1002),
    "an unknown control opcode": (frame(11), 1002),
    "a continuation of nothing": (frame(CONT, b"x"), 1002),
    "a message inside a message": (frame(TEXT, b"x", fin=False) + frame(TEXT, b"y"), 1002),
    "a ping in fragments": (frame(PING, b"x", fin=False), 1002),
    "a ping of 126 bytes": (frame(PING, b"x" * 126), 1002),
    "a close of one byte": (frame(CLOSE, b"\x03"), 1002),
    "a close with a code that must not be sent": (frame(CLOSE, b"\x03\xed"), 1002),
    "a close with a code of nobody": (frame(CLOSE, b"\x00\x01"), 1002),
    "a close inside a message": (frame(TEXT, b"x", fin=False) + frame(CLOSE, b"\x03\xe8"), 1002),
    "a reason that is not UTF-8": (frame(CLOSE, b"\x03\xe8\xff"), 1007),
    "a text that is not UTF-8": (frame(TEXT, b"\xff\xfe"), 1007),
    "an overlong letter": (frame(TEXT, b"\xc0\xaf"), 1007),
    "half of a surrogate pair": (frame(TEXT, b"\xed\xa0\x80"), 1007),
    "a text that ends in a letter": (frame(TEXT, b"\xc3", fin=False) + frame(CONT, b""), 1007),
    "a length of 2**63": (b"\x82\xff\x80\0\0\0\0\0\0\0\1\2\3\4", 1009),
    "a length over the limit": (b"\x82\xff\0\0\0\0\0\x10\0\1\1\2\3\4", 1009),
}


@pytest.mark.parametrize("name", WRONG_FRAMES)
def test_frames_that_break_the_protocol_end_it_with_the_code_for_it(server: RunningServer, name: str) -> None:
    data, code = WRONG_FRAMES[name]
    with RawSocket(server.port) as client:
        client.send(data)
        assert client.read_close()[0] == code
        client.connection.shutdown(socket.SHUT_WR)
        assert client.is_at_end()
    assert_lives(server)


def test_nothing_is_heard_behind_a_mistake(server: RunningServer) -> None:
    with RawSocket(server.port) as client:
        client.text("one")
        assert client.read_text() == "3"
        client.send(frame(TEXT, b"\xff") + frame(TEXT, b"two"))
        assert client.read_close()[0] == 1007


def test_a_message_of_40_megabytes_in_fragments_is_cut_at_the_limit_53(server: RunningServer) -> None:
    before = memory_bytes()
    with RawSocket(server.port) as client:
        part = frame(CONT, b"x" * 65_536, fin=False)
        sender = threading.Thread(
            target=send_all, args=(client, frame(BINARY, b"", fin=False), *[part] * 640)
        )
        sender.start()
        assert client.read_close()[0] == 1009
        client.close()
        sender.join(10)
    assert memory_bytes() - before < 24 * MEBIBYTE
    assert_lives(server)


@pytest.mark.timed
@pytest.mark.parametrize("content", [b"", b"x"])
def test_a_hundred_thousand_tiny_fragments_cost_little_and_hold_up_nobody_53(
    server: RunningServer, content: bytes
) -> None:
    before = memory_bytes()
    # A busy machine only adds time, so the best of a few rounds counts.
    assert any(seconds_beside_fragments(server, content) < OTHERS_SECONDS_MAX * 2 for _ in range(5))
    assert memory_bytes() - before < 16 * MEBIBYTE


def seconds_beside_fragments(server: RunningServer, content: bytes) -> float:
    """The longest that an echo took while another client sent its fragments."""
    flood = frame(TEXT, b"", fin=False) + frame(CONT, content, fin=False) * 100_000 + frame(CONT, b"!")
    slowest = 0.0
    with RawSocket(server.port) as client, RawSocket(server.port) as other:
        sender = threading.Thread(target=send_all, args=(client, flood))
        sender.start()
        while sender.is_alive():
            since = time.monotonic()
            other.text("x")
            other.read_text()
            slowest = max(slowest, time.monotonic() - since)
        assert client.read_text() == str(len(content) * 100_000 + 1)
    return slowest


def test_a_compressed_message_is_cut_while_it_is_unpacked_53(server: RunningServer) -> None:
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    bomb = packer.compress(bytes(200 * MEBIBYTE)) + packer.flush(zlib.Z_SYNC_FLUSH)
    assert len(bomb) < MEBIBYTE
    before = memory_bytes()
    with RawSocket(server.port, headers=DEFLATE) as client:
        client.send(frame(BINARY, bomb[:-4], rsv=4))
        assert client.read_close()[0] == 1009
    assert memory_bytes() - before < 24 * MEBIBYTE


def test_compressed_fragments_are_counted_unpacked_and_together_53(server: RunningServer) -> None:
    def pack(size: int) -> bytes:
        return packer.compress(bytes(size)) + packer.flush(zlib.Z_SYNC_FLUSH)

    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    first = pack(MEBIBYTE)
    for rest in (pack(1), pack(100 * MEBIBYTE)):
        with RawSocket(server.port, headers=DEFLATE) as client:
            client.send(frame(BINARY, first, fin=False, rsv=4) + frame(CONT, rest[:-4]))
            assert client.read_close()[0] == 1009


def test_a_compressed_message_that_is_none_is_refused(server: RunningServer) -> None:
    with RawSocket(server.port, headers=DEFLATE) as client:
        client.send(frame(BINARY, b"\xff\xff\xff", rsv=4))
        assert client.read_close()[0] == 1002


def test_who_pings_and_never_reads_the_answers_is_not_read_any_more(server: RunningServer) -> None:
    before = memory_bytes()
    with RawSocket(server.port) as client:
        client.connection.settimeout(0.5)
        pings = frame(PING, b"x" * 125) * 1000
        for _ in range(400):
            try:
                client.send(pings)
            except TimeoutError:
                break
        else:
            raise AssertionError("50 MB of pings were taken in")
        assert memory_bytes() - before < 24 * MEBIBYTE
        assert_lives(server)


@pytest.mark.timed
def test_others_are_served_while_frames_flood_in(server: RunningServer) -> None:
    enough = threading.Event()
    with RawSocket(server.port) as client:

        def flood() -> None:
            while not enough.is_set():
                send_all(client, frame(PING) * 20_000)

        threads = [threading.Thread(target=flood), threading.Thread(target=read_until_end, args=(client,))]
        for thread in threads:
            thread.start()
        seconds = []
        for _ in range(20):
            since = time.monotonic()
            assert_lives(server)
            seconds.append(time.monotonic() - since)
        enough.set()
        client.connection.shutdown(socket.SHUT_RDWR)
        for thread in threads:
            thread.join(10)
    # The one that began as the flood did waits longest; nobody may wait for the flood to end.
    assert statistics.median(seconds) < OTHERS_SECONDS_MAX * 2
    assert max(seconds) < 2


def read_until_end(client: RawSocket) -> None:
    try:
        while client.connection.recv(1 << 16):
            pass
    except OSError:
        pass


def test_a_subprotocol_of_odd_bytes_is_refused_and_the_worker_lives_54(server: RunningServer) -> None:
    for value in (
        b"\xff",
        b"a\x00b",
        b"chat, \xc3\xa9",
        b"a b",
        b",",
        b"x" * 200,
        b",".join([b"p%d" % n for n in range(500)]),
    ):
        heard = talk(server.port, handshake("/chosen", b"Sec-WebSocket-Protocol: " + value + b"\r\n"))
        assert heard.statuses == [400], value
    assert_lives(server)


def test_a_page_of_another_origin_is_refused_55(server: RunningServer) -> None:
    for origin in (b"http://evil", b"null", b"http://localhost.evil", b"file://", b"http://localhost:81"):
        heard = talk(server.port, handshake("/", b"Origin: " + origin + b"\r\n"))
        assert heard.statuses == [403], origin
    with RawSocket(server.port, "/", b"Origin: http://localhost\r\n") as client:
        assert client.status == 101


SMUGGLED = b"GET /secret HTTP/1.1\r\nHost: a\r\n\r\n"
WRONG_HANDSHAKES = {
    "no key": b"Sec-WebSocket-Version: 13\r\n",
    "a short key": b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: YQ==\r\n",
    "a key that is no base64": b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: !!!!!!!!!!!!!!!!!!!!!!==\r\n",
    "two keys": b"Sec-WebSocket-Version: 13\r\n" + b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n" * 2,
    "an old version": b"Sec-WebSocket-Version: 8\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n",
    "no version": b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n",
    "a malformed extension": b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Extensions: a;;=\r\n",
}  # fmt: skip


@pytest.mark.parametrize("name", WRONG_HANDSHAKES)
def test_a_malformed_handshake_is_told_what_is_spoken_and_nothing_behind_it_is_read(
    server: RunningServer, name: str
) -> None:
    head = b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
    heard = talk(server.port, head + WRONG_HANDSHAKES[name] + b"\r\n" + SMUGGLED, answers=9)
    assert heard.statuses == [426]
    assert b"\r\nsec-websocket-version: 13\r\n" in heard.heads[0] + b"\r\n"
    assert heard.is_closed


def test_no_request_is_smuggled_behind_a_refused_handshake(server: RunningServer) -> None:
    heard = talk(server.port, handshake("/", b"Origin: http://evil\r\n") + SMUGGLED, answers=9)
    assert heard.statuses == [403]
    assert heard.is_closed


@pytest.mark.parametrize("body", [b"Content-Length: 37\r\n", b"Transfer-Encoding: chunked\r\n"])
def test_a_handshake_with_a_body_is_refused_45(server: RunningServer, body: bytes) -> None:
    heard = talk(server.port, handshake("/", body) + SMUGGLED, answers=9)
    assert heard.statuses == [400]
    assert b"secret" not in heard.data


@pytest.mark.parametrize("line", [b"POST / HTTP/1.1", b"GET / HTTP/1.0", b"HEAD / HTTP/1.1"])
def test_only_get_of_http_1_1_is_a_handshake(server: RunningServer, line: bytes) -> None:
    request = handshake("/").replace(b"GET / HTTP/1.1", line)
    with socket.create_connection(("127.0.0.1", server.port), 10) as client:
        client.sendall(request)
        data = b"".join(iter(lambda: client.recv(65536), b""))
    assert data.split(b" ", 2)[1] in (b"405", b"426")
    assert b"101" not in data.split(b"\r\n")[0]


@pytest.mark.timed
def test_a_reset_at_any_moment_leaves_nothing_behind(server: RunningServer) -> None:
    whole = handshake("/") + frame(TEXT, b"x" * 1000)
    linger = b"\1\0\0\0\0\0\0\0"
    for cut in range(0, len(whole), 97):
        with socket.create_connection(("127.0.0.1", server.port), 10) as client:
            client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
            client.sendall(whole[:cut])
    deadline = time.monotonic() + 30
    while server.connections():
        assert time.monotonic() < deadline
        time.sleep(0.01)
    assert_lives(server)


@pytest.mark.timed
def test_a_client_can_not_make_the_server_read_a_longer_header_more_than_once(server: RunningServer) -> None:
    def seconds(count: int) -> float:
        value = b", ".join([b"permessage-deflate; client_max_window_bits"] * count)
        request = handshake("/", b"Sec-WebSocket-Extensions: " + value + b"\r\n")
        best = 9.0
        for _ in range(5):
            with socket.create_connection(("127.0.0.1", server.port), 10) as client:
                since = time.monotonic()
                client.sendall(request)
                assert client.recv(100).startswith(b"HTTP/1.1 101")
                best = min(best, time.monotonic() - since)
        return best

    assert is_within(seconds(340), 0.05)
