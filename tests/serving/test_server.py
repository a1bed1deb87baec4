"""The server on real sockets: starting, stopping, addresses, TLS."""

from __future__ import annotations

import asyncio
import datetime as dt
import ipaddress
import logging
import socket
import ssl
import struct
from collections.abc import Coroutine
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from bistro.ground.types import Exchange
from bistro.http import ClientDisconnected
from bistro.serving import Limits, Server
from tests.serving.support import GET, OneFunctionApp, both_loops, run, settle, statuses

__all__ = ["both_loops"]


class Site(OneFunctionApp):
    """Tells who asks; `/wait` answers when the gate is open."""

    def __init__(self) -> None:
        super().__init__(self.answer)
        self.gate = asyncio.Event()
        self.cancelled = asyncio.Event()

    def answer(self, exchange: Exchange) -> Coroutine[Any, Any, None] | None:
        if exchange.raw_path == "/wait":
            return self.wait(exchange)
        exchange.send(200, b"", repr((exchange.scheme, exchange.client)).encode())
        return None

    async def wait(self, exchange: Exchange) -> None:
        try:
            await self.gate.wait()
        except asyncio.CancelledError:
            self.cancelled.set()
            raise
        exchange.send(200, b"", b"waited")


async def ask(
    target: str | tuple[str, int],
    request: bytes = GET,
    tls: ssl.SSLContext | None = None,
) -> bytes:
    """What the server sends in answer to a last request."""
    request = request.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n")
    if isinstance(target, str):
        reader, writer = await asyncio.open_unix_connection(target)
    else:
        reader, writer = await asyncio.open_connection(*target, ssl=tls)
    writer.write(request)
    answer = await reader.read()
    writer.close()
    return answer


def test_a_free_port_is_taken_and_told_and_the_client_is_known() -> None:
    async def go() -> bytes:
        server = Server(Site(), port=0)
        await server.start()
        answer = await ask(("127.0.0.1", server.port))
        await server.stop()
        return answer

    answer = run(go())
    assert statuses(answer) == [200]
    assert b"('http', ('127.0.0.1', " in answer


def test_ipv6_clients_have_an_address_and_a_port() -> None:
    async def go() -> bytes:
        server = Server(Site(), host="::1", port=0)
        try:
            await server.start()
        except OSError:
            pytest.skip("this machine has no IPv6")
        answer = await ask(("::1", server.port))
        await server.stop()
        return answer

    assert b"('http', ('::1', " in run(go())


def test_clients_on_a_unix_socket_have_no_address(tmp_path: Path) -> None:
    async def go() -> bytes:
        path = str(tmp_path / "s")
        sock = socket.socket(socket.AF_UNIX)
        sock.bind(path)
        server = Server(Site(), sock=sock)
        await server.start()
        answer = await ask(path)
        await server.stop()
        return answer

    assert run(go()).endswith(b"('http', None)")


def test_a_socket_that_is_bound_already_is_served() -> None:
    async def go() -> tuple[bytes, bool]:
        sock = socket.create_server(("127.0.0.1", 0))
        port = sock.getsockname()[1]
        server = Server(Site(), sock=sock)
        await server.start()
        answer = await ask(("127.0.0.1", port))
        await server.stop()
        return answer, server.port == port

    answer, told = run(go())
    assert statuses(answer) == [200]
    assert told


def test_a_port_that_is_taken_is_an_error_and_the_app_is_closed_again() -> None:
    async def go() -> tuple[int, int]:
        with socket.create_server(("127.0.0.1", 0)) as other:
            site = Site()
            with pytest.raises(OSError):
                await Server(site, port=other.getsockname()[1]).start()
        return site.started, len(asyncio.all_tasks() - {asyncio.current_task()})

    started, tasks = run(go())
    assert started == 0
    assert tasks <= 1  # the one that the test runs in


def test_an_app_that_does_not_start_leaves_nothing_open() -> None:
    async def go() -> int:
        site = Site()

        async def fail() -> None:
            raise ValueError("no database")

        site.start = fail  # type: ignore[method-assign]
        with pytest.raises(ValueError, match="no database"):
            await Server(site, port=0).start()
        return len(asyncio.all_tasks() - {asyncio.current_task()})

    assert run(go()) <= 1  # the one that the test runs in


def test_stopping_answers_what_is_in_hand_closes_what_is_idle_and_takes_nothing_new() -> None:
    async def go() -> tuple[bytes, bytes, bool]:
        site = Site()
        server = Server(site, port=0)
        await server.start()
        address = ("127.0.0.1", server.port)
        idle, idle_writer = await asyncio.open_connection(*address)
        idle_writer.write(GET)
        await idle.readuntil(b"\r\n\r\n")
        busy, busy_writer = await asyncio.open_connection(*address)
        busy_writer.write(GET.replace(b"/sync", b"/wait"))
        while not any(each._answering.exchange for each in server._connections):
            await asyncio.sleep(0)
        stopped = asyncio.ensure_future(server.stop(10))
        await settle()
        rest_of_idle = await idle.read()
        with pytest.raises(OSError):
            await asyncio.open_connection(*address)
        site.gate.set()
        answer = await busy.read()
        await stopped
        idle_writer.close()
        busy_writer.close()
        return rest_of_idle[-1:], answer, site.started == 0

    rest_of_idle, answer, app_is_closed = run(go())
    assert rest_of_idle == b")"
    assert answer.endswith(b"waited")
    assert b"connection: close\r\n" in answer
    assert app_is_closed


def test_what_takes_longer_than_the_grace_is_cancelled() -> None:
    async def go() -> tuple[bytes, bool]:
        site = Site()
        server = Server(site, port=0)
        await server.start()
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        writer.write(GET.replace(b"/sync", b"/wait"))
        while not any(each._answering.exchange for each in server._connections):
            await asyncio.sleep(0)
        await server.stop(0.01)
        answer = await reader.read()
        writer.close()
        return answer, site.cancelled.is_set()

    assert run(go()) == (b"", True)


@pytest.mark.parametrize("ending", ["close", "reset"])
def test_a_client_that_goes_away_cancels_its_handler_within_a_second(ending: str) -> None:
    async def go() -> bool:
        site = Site()
        server = Server(site, port=0)
        await server.start()
        _, writer = await asyncio.open_connection("127.0.0.1", server.port)
        writer.write(GET.replace(b"/sync", b"/wait"))
        while not any(each._answering.exchange for each in server._connections):
            await asyncio.sleep(0)
        if ending == "reset":
            connected = writer.get_extra_info("socket")
            connected.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            writer.transport.abort()
        else:
            writer.close()
        async with asyncio.timeout(1):
            await site.cancelled.wait()
        await server.stop()
        return True

    assert run(go())


def test_a_stream_to_a_client_that_reads_nothing_waits_and_a_lost_one_ends_it() -> None:
    async def go() -> tuple[bool, list[type]]:
        ended: list[type] = []
        waits = asyncio.Event()

        async def stream(exchange: Exchange) -> None:
            exchange.start(200, b"", None)
            try:
                while True:
                    await exchange.write(b"x" * 100_000)
            except BaseException as error:
                ended.append(type(error))
                raise

        server = Server(OneFunctionApp(stream), port=0)
        await server.start()
        client = socket.create_connection(("127.0.0.1", server.port))
        client.sendall(GET)
        async with asyncio.timeout(10):
            while not any(each._outlet.is_full for each in server._connections):
                await asyncio.sleep(0)
        waits.set()
        client.close()
        async with asyncio.timeout(5):
            while not ended:
                await asyncio.sleep(0)
        await server.stop()
        return waits.is_set(), ended

    waited, ended = run(go())
    assert waited
    assert ended[0] in (ClientDisconnected, asyncio.CancelledError)


def test_a_stream_to_http_1_0_that_breaks_off_is_reset_and_not_taken_for_whole() -> None:
    async def go() -> bool:
        async def stream(exchange: Exchange) -> None:
            exchange.start(200, b"", None)
            await exchange.write(b"half")
            exchange.abort()

        server = Server(OneFunctionApp(stream), port=0)
        await server.start()
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        writer.write(b"GET / HTTP/1.0\r\n\r\n")
        try:
            await reader.read()
        except ConnectionResetError:
            was_reset = True
        else:
            was_reset = False
        writer.close()
        await server.stop()
        return was_reset

    assert run(go())


def test_a_client_that_sends_on_still_gets_to_read_its_refusal() -> None:
    async def go() -> bytes:
        server = Server(Site(), port=0)
        await server.start()
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        writer.write(b"GET /" + b"a" * 3_000_000)
        answer = await reader.read()
        writer.close()
        await server.stop()
        return answer

    assert statuses(run(go())) == [414]


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A self-made certificate for 127.0.0.1 and its key, in one file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = dt.datetime.now(dt.UTC)
    address = x509.IPAddress(ipaddress.ip_address("127.0.0.1"))
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([address]), critical=False)
        .sign(key, hashes.SHA256())
    )
    path = tmp_path_factory.mktemp("tls") / "certificate.pem"
    path.write_bytes(
        made.public_bytes(serialization.Encoding.PEM)
        + key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return path


@pytest.fixture
def contexts(certificate: Path) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """TLS for the server, and for a client that trusts it."""
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(certificate)
    return server, ssl.create_default_context(cafile=str(certificate))


def test_tls_is_served_and_the_scheme_is_https(contexts: tuple[ssl.SSLContext, ssl.SSLContext]) -> None:
    async def go() -> tuple[bytes, bytes]:
        server = Server(Site(), port=0, ssl=contexts[0])
        await server.start()
        address = ("127.0.0.1", server.port)
        answer = await ask(address, tls=contexts[1])
        refusal = await ask(address, b"nonsense\r\n\r\n", tls=contexts[1])
        await server.stop()
        return answer, refusal

    answer, refusal = run(go())
    assert b"('https', ('127.0.0.1', " in answer
    assert statuses(refusal) == [400]


def test_a_client_that_does_not_shake_hands_is_cut_like_one_that_sends_no_request(
    contexts: tuple[ssl.SSLContext, ssl.SSLContext],
) -> None:
    async def go() -> bytes:
        server = Server(Site(), port=0, ssl=contexts[0], limits=Limits(head_timeout_seconds=0.2))
        await server.start()
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        async with asyncio.timeout(5):
            received = await reader.read()
        writer.close()
        await server.stop()
        return received

    assert run(go()) == b""


def test_a_tls_client_that_goes_away_cancels_its_handler(
    contexts: tuple[ssl.SSLContext, ssl.SSLContext],
) -> None:
    async def go() -> bool:
        site = Site()
        server = Server(site, port=0, ssl=contexts[0])
        await server.start()
        _, writer = await asyncio.open_connection("127.0.0.1", server.port, ssl=contexts[1])
        writer.write(GET.replace(b"/sync", b"/wait"))
        while not any(each._answering.exchange for each in server._connections):
            await asyncio.sleep(0)
        writer.close()
        async with asyncio.timeout(1):
            await site.cancelled.wait()
        await server.stop()
        return True

    assert run(go())


def test_the_clock_ticks_on_although_a_connection_fails_to_look_at_it() -> None:
    async def go() -> bool:
        asyncio.get_running_loop().set_exception_handler(lambda loop, context: None)
        server = Server(Site(), port=0)
        await server.start()

        class Broken:
            def check_time(self, now: float) -> None:
                raise ZeroDivisionError

        broken: Any = Broken()
        server.opened(broken)
        before = server._ticker
        with pytest.raises(ZeroDivisionError):
            server._tick()
        ticks_on = server._ticker is not before
        server.closed(broken)
        if before is not None:
            before.cancel()
        await server.stop()
        return ticks_on

    assert run(go())


def test_every_answer_has_the_date() -> None:
    async def go() -> bytes:
        server = Server(Site(), port=0)
        await server.start()
        answer = await ask(("127.0.0.1", server.port))
        await server.stop()
        return answer

    date = run(go()).partition(b"\r\ndate: ")[2].partition(b"\r\n")[0].decode()
    when = dt.datetime.strptime(date, "%a, %d %b %Y %H:%M:%S GMT").replace(tzinfo=dt.UTC)
    assert abs(dt.datetime.now(dt.UTC) - when) < dt.timedelta(seconds=10)


def test_limits_are_given_to_every_connection() -> None:
    async def go() -> bytes:
        server = Server(Site(), port=0, limits=Limits(headers_count_max=1))
        await server.start()
        answer = await ask(("127.0.0.1", server.port))
        await server.stop()
        return answer

    assert statuses(run(go())) == [431]


def test_connections_beyond_the_limit_are_turned_away_until_there_is_room(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def go() -> tuple[list[bytes], bytes, bytes]:
        server = Server(Site(), port=0, limits=Limits(connections_count_max=2))
        await server.start()
        address = ("127.0.0.1", server.port)
        clients = [await asyncio.open_connection(*address) for _ in range(2)]
        while len(server._connections) < 2:
            await asyncio.sleep(0)
        refused = []
        for _ in range(3):
            reader, writer = await asyncio.open_connection(*address)
            refused.append(await reader.read())
            writer.close()
        reader, writer = clients[0]
        writer.write(GET)
        served = await reader.readuntil(b"\r\n\r\n")
        for _, each in clients:
            each.close()
        while server._connections:
            await asyncio.sleep(0)
        late = await ask(address)
        await server.stop()
        return refused, served, late

    with caplog.at_level(logging.WARNING, "bistro.server"):
        refused, served, late = run(go())
    assert [statuses(each) for each in refused] == [[503]] * 3
    assert statuses(served) == statuses(late) == [200]
    assert [record.getMessage() for record in caplog.records] == ["server.full"]
