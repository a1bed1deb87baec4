from __future__ import annotations

import asyncio

import pytest

from bistro.http.errors import ClientDisconnected, HttpError
from bistro.serving import overseer, rsgi_exchange
from bistro.serving.rsgi import RsgiAdapter, find_raw_path
from tests.serving.asgi_wire import TEXT, FunctionApp
from tests.serving.rsgi_wire import Headers, Scope


class Protocol:
    """What a handler does with the protocol, as a list; `pieces` is the request's body."""

    def __init__(self, *pieces: bytes) -> None:
        self._pieces = pieces
        self.sent: list = []
        self.gone = asyncio.Event()

    async def __call__(self):
        if len(b"".join(self._pieces)) != self.length:
            raise RuntimeError("closed")
        return b"".join(self._pieces)

    async def __aiter__(self):
        for piece in self._pieces:
            yield piece

    async def client_disconnect(self):
        await self.gone.wait()

    def response_empty(self, status, headers):
        self.sent.append((status, headers))

    def response_bytes(self, status, headers, body):
        self.sent.append((status, headers, body))

    def response_stream(self, status, headers):
        self.sent.append((status, headers))
        return self

    async def send_bytes(self, data):
        if self.gone.is_set():
            raise RuntimeError("closed")
        self.sent.append(data)

    def close(self, status):
        self.sent.append(status)


def call(handler, scope=None, *pieces) -> list:
    async def run():
        protocol = Protocol(*pieces)
        protocol.length = int((scope or Scope()).headers.get("content-length") or len(b"".join(pieces)))
        await RsgiAdapter(FunctionApp(handler)).serve(scope or Scope(), protocol)
        return protocol.sent

    return asyncio.run(run())


def test_answer_in_one_go():
    sent = call(lambda exchange: exchange.send(200, TEXT, b"hello"))
    assert sent == [(200, [("content-type", "text/plain")], b"hello")]


def test_exchange_tells_what_the_scope_says():
    seen = []

    def look(exchange):
        seen.extend((exchange.method, exchange.raw_path, exchange.query_string, exchange.client))
        seen.extend((exchange.scheme, exchange.http_version, exchange.root_path))
        seen.extend((exchange.find_header(b"x"), exchange.find_header(b"y"), exchange.header_items()))
        exchange.send(204, b"", b"")

    call(look, Scope(("x", "1 "), ("x", "2"), method="PUT", path="/é", query_string="a=b", client="[::1]:7"))
    assert seen == [
        "PUT", "/%C3%A9", "a=b", ("::1", 7), "http", "1.1", "", b"1", None,
        [(b"host", b"localhost"), (b"x", b"1"), (b"x", b"2")],
    ]  # fmt: skip


def test_host_of_an_http_2_request_is_its_authority():
    seen = []
    scope = Scope(http_version="2", authority="example.com")
    scope.headers = Headers([])

    def look(exchange):
        seen.extend((exchange.find_header(b"host"), exchange.header_items()))
        exchange.send(204, b"", b"")

    call(look, scope)
    assert seen == [b"example.com", [(b"host", b"example.com")]]


@pytest.mark.parametrize(
    ("path", "raw"),
    [("/a b", "/a%20b"), ("/a%2F", "/a%252F"), ("/\ufffd", "/%FF"), ("*", ""), ("/a.b/~c", "/a.b/~c")],
)
def test_decoded_path_is_encoded_again(path, raw):
    assert find_raw_path(path) == raw


def test_body_in_pieces_is_joined_and_counted():
    async def echo(exchange):
        try:
            exchange.send(200, TEXT, await exchange.read_body(10))
        except HttpError as error:
            exchange.send(error.status, TEXT, b"")

    chunked = Scope(("transfer-encoding", "chunked"), method="POST")
    assert call(echo, chunked, b"hello", b"you", b"")[0][2] == b"helloyou"
    assert call(echo, chunked, b"hello", b"hello!", b"")[0][0] == 413
    assert call(echo, Scope(("content-length", "11"), method="POST"), b"")[0][0] == 413


@pytest.mark.parametrize(
    ("scope", "pieces"),
    [
        (Scope(("content-length", "5")), (b"abc", b"")),
        (Scope(("content-length", "5"), http_version="2"), (b"abc", b"")),
        (Scope(("transfer-encoding", "chunked")), (b"abc", b"", b"")),
    ],
    ids=["shorter than declared", "shorter, HTTP/2", "chunks broken off"],
)
def test_broken_body_is_a_bad_request(scope, pieces):
    async def read(exchange):
        with pytest.raises(HttpError) as refused:
            await exchange.read_body(100)
        exchange.send(refused.value.status, b"", b"")

    assert call(read, scope, *pieces)[0][0] == 400


def test_empty_piece_inside_of_an_http_2_body_breaks_nothing():
    async def echo(exchange):
        exchange.send(200, TEXT, await exchange.read_body(10))

    assert call(echo, Scope(method="POST", http_version="2"), b"a", b"", b"b", b"")[0][2] == b"ab"


def test_stream_is_sent_piece_by_piece():
    async def stream(exchange):
        exchange.start(200, TEXT, 3)
        await exchange.write(b"ab")
        await exchange.write(b"c")
        await exchange.finish()

    head = (200, [("content-type", "text/plain"), ("content-length", "3")])
    assert call(stream) == [head, b"ab", b"c"]
    assert call(stream, Scope(method="HEAD")) == [head]


def test_head_has_the_length_and_no_body():
    sent = call(lambda exchange: exchange.send(200, b"", b"hello"), Scope(method="HEAD"))
    assert sent == [(200, [("content-length", "5")])]


def test_stream_to_a_client_that_has_gone_ends():
    told = []

    async def run():
        protocol = Protocol()

        async def stream(exchange):
            exchange.start(200, TEXT, None)
            await exchange.write(b"x")
            protocol.gone.set()
            try:
                await exchange.write(b"y")
            except ClientDisconnected:
                told.append("gone")

        await RsgiAdapter(FunctionApp(stream)).serve(Scope(), protocol)

    asyncio.run(run())
    assert told == ["gone"]


def test_client_that_goes_away_cancels_the_handler_but_not_the_servers_task():
    told = []

    async def wait(exchange):
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            told.append("cancelled")
            raise

    async def run():
        protocol = Protocol()
        serving = asyncio.ensure_future(RsgiAdapter(FunctionApp(wait)).serve(Scope(), protocol))
        await asyncio.sleep(0)
        protocol.gone.set()
        await serving
        assert serving.cancelling() == 0

    asyncio.run(run())
    assert told == ["cancelled"]


def test_shielded_handler_comes_to_its_end_although_the_client_has_gone():
    told = []

    async def run():
        protocol = Protocol()

        async def work(exchange):
            exchange.shield()
            gone = asyncio.Event()
            exchange.on_disconnect(gone.set)
            protocol.gone.set()
            await gone.wait()
            await asyncio.sleep(0)
            await asyncio.sleep(0)
            told.append("done")

        await RsgiAdapter(FunctionApp(work)).serve(Scope(), protocol)

    asyncio.run(run())
    assert told == ["done"]


@pytest.mark.parametrize(("scope", "status"), [(Scope(path="*"), 400), (Scope(query_string="x" * 9000), 414)])
def test_what_granian_lets_through_is_refused(scope, status):
    assert call(lambda exchange: exchange.send(200, TEXT, b""), scope)[0][0] == status


def test_app_is_started_and_stopped_in_the_servers_loop():
    app = FunctionApp(lambda exchange: None)
    adapter = RsgiAdapter(app)
    loop = asyncio.new_event_loop()
    try:
        adapter.start(loop)
        adapter.stop(loop)
    finally:
        loop.close()
    assert app.log == ["start", "stop"]


def test_what_a_trusted_proxy_says_takes_the_place_of_what_the_server_says():
    seen = []

    def look(exchange):
        exchange.believe_proxy(("203.0.113.9", 0), "https", b"shop.example")
        seen.extend(
            (exchange.client, exchange.scheme, exchange.find_header(b"host"), exchange.header_items())
        )
        exchange.send(204, b"", b"")

    call(look, Scope(("x", "1")))
    assert seen == [("203.0.113.9", 0), "https", b"shop.example", [(b"host", b"shop.example"), (b"x", b"1")]]


def test_small_body_that_does_not_come_is_a_time_out_for_who_reads_it(monkeypatch):
    monkeypatch.setattr(overseer, "TURN_SECONDS", 0)
    monkeypatch.setattr(rsgi_exchange, "STALL_SECONDS", 0.001)

    async def handler(exchange):
        try:
            await exchange.read_body(10)
        except HttpError as error:
            exchange.send(error.status, b"", b"")

    class Silent(Protocol):
        async def __call__(self):
            await asyncio.Event().wait()

    async def run():
        protocol = Silent()
        scope = Scope(("content-length", "5"), method="POST")
        await RsgiAdapter(FunctionApp(handler)).serve(scope, protocol)
        return protocol.sent[0][0], asyncio.current_task().cancelling()

    assert asyncio.run(run()) == (408, 0)


def test_small_body_is_there_before_the_handler():
    seen = []

    def look(exchange):
        seen.append(exchange.body)
        exchange.send(200, b"", b"")

    call(look, Scope(("content-length", "2"), method="POST"), b"ab")
    call(look, Scope(("content-length", "100000"), method="POST"), b"ab")
    assert seen == [b"ab", None]
