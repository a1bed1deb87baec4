from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from typing import Any, Literal

import msgspec
import pytest

from bistro import (
    App,
    Header,
    Query,
    Request,
    Response,
    Routes,
    WebSocket,
    WebSocketDisconnected,
    WebSocketOptions,
)
from bistro.app.errors import WebSocketRouteError
from bistro.http import Forbidden, Text, TooManyRequests, Unauthorized
from bistro.testing import Client, WebSocketRefused
from bistro.validation import EncodingError


@pytest.fixture(params=["written", "interpreted"])
def plans(request: pytest.FixtureRequest) -> Literal["written", "interpreted"]:
    return request.param


@pytest.fixture
def app(plans: Literal["written", "interpreted"]) -> App:
    return App(defaults=False, plans=plans)


class Database: ...


class Transaction: ...


class Move(msgspec.Struct):
    x: int
    y: int


def test_messages_go_both_ways_until_the_client_leaves(app: App) -> None:
    seen: list[object] = []

    @app.websocket("/chat/{room}")
    async def chat(socket: WebSocket, room: str) -> None:
        async for message in socket:
            await socket.send(f"{room}: {message!r}")
        seen.append(socket.close_code)

    with Client(app) as client, client.websocket("/chat/lobby") as socket:
        socket.send("hello")
        assert socket.receive() == "lobby: 'hello'"
        socket.send(b"\x00\xff")
        assert socket.receive() == "lobby: b'\\x00\\xff'"
        socket.close(4000, "bye")
    assert seen == [4000]


def test_values_come_by_type_as_in_other_handlers_and_are_cleaned_up(app: App) -> None:
    log: list[str] = []

    async def open_database() -> AsyncIterator[Database]:
        log.append("open")
        yield Database()
        log.append("close")

    app.provide(Database, open_database)

    @app.websocket("/{id:int}")
    async def handler(
        id: int,
        page: Query[int],
        x_token: Header[str],
        socket: WebSocket,
        database: Database,
        request: Request,
    ) -> None:
        assert socket.request is request
        assert type(database) is Database
        await socket.send_json([id, page, x_token, request.cookies["who"], socket.client is not None])
        assert log == ["open"]

    with (
        Client(app) as client,
        client.websocket(
            "/7", params={"page": 3}, headers={"x-token": "t"}, cookies={"who": "ada"}
        ) as socket,
    ):
        assert socket.receive_json() == [7, 3, "t", "ada", True]
        with pytest.raises(WebSocketDisconnected) as caught:
            socket.receive()
        assert caught.value.close_code == 1000
    assert log == ["open", "close"]


def test_json_messages_are_checked_and_what_does_not_fit_closes_with_1007(app: App) -> None:
    @app.websocket("/")
    async def handler(socket: WebSocket) -> None:
        while True:
            move = await socket.receive_json(Move)
            await socket.send_json(move.x + move.y)

    with Client(app) as client, client.websocket("/") as socket:
        socket.send_json({"x": 1, "y": 2})
        assert socket.receive_json(int) == 3
        socket.send('{"x": "one"}')
        with pytest.raises(WebSocketDisconnected) as caught:
            socket.receive()
    assert (caught.value.close_code, caught.value.reason) == (1007, "Unprocessable Content")


def test_what_has_no_json_form_is_named(app: App) -> None:
    @app.websocket("/")
    async def handler(socket: WebSocket) -> None:
        with pytest.raises(EncodingError, match=r"items\[0\]"):
            await socket.send_json({"items": [object()]})
        await socket.send_json({"items": [1]})

    with Client(app) as client, client.websocket("/") as socket:
        assert socket.receive_json() == {"items": [1]}


@pytest.mark.parametrize(
    ("error", "code"),
    [(Forbidden(), 1008), (TooManyRequests(), 1013), (Unauthorized(), 1008)],
)
def test_an_error_behind_the_handshake_closes_with_what_its_status_stands_for(
    app: App, error: Exception, code: int
) -> None:
    @app.websocket("/")
    async def handler(socket: WebSocket) -> None:
        await socket.accept()
        raise error

    with (
        Client(app) as client,
        client.websocket("/") as socket,
        pytest.raises(WebSocketDisconnected) as caught,
    ):
        socket.receive()
    assert caught.value.close_code == code


def test_an_unexpected_error_closes_with_1011_and_is_logged(
    app: App, caplog: pytest.LogCaptureFixture
) -> None:
    @app.websocket("/")
    async def handler(socket: WebSocket) -> None:
        await socket.receive()
        raise ZeroDivisionError("x" * 500)

    with Client(app, raise_server_errors=False) as client, client.websocket("/") as socket:
        socket.send("")
        with pytest.raises(WebSocketDisconnected) as caught:
            socket.receive()
    assert (caught.value.close_code, caught.value.reason) == (1011, "Internal Server Error")
    assert [record.exc_info[0] for record in caplog.records if record.exc_info] == [ZeroDivisionError]


def test_an_unexpected_error_is_raised_to_the_test(app: App) -> None:
    @app.websocket("/")
    async def handler(socket: WebSocket) -> None:
        await socket.accept()
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError), Client(app) as client, client.websocket("/") as socket:
        socket.receive()
    with pytest.raises(ZeroDivisionError), Client(app) as client, client.websocket("/"):
        pass


def test_refusals_before_the_handshake_are_ordinary_answers(app: App) -> None:
    def log_in(request: Request) -> Response | None:
        return Text("log in first", status=401) if "who" not in request.cookies else None

    @app.websocket("/by-hook", before=[log_in])
    async def by_hook(socket: WebSocket) -> None: ...

    @app.websocket("/by-error")
    async def by_error(socket: WebSocket) -> None:
        raise Forbidden("not you")

    @app.websocket("/by-answer")
    async def by_answer(socket: WebSocket) -> Text:
        return Text("come back later", status=503)

    @app.websocket("/by-close")
    async def by_close(socket: WebSocket) -> None:
        await socket.close(4003)
        with pytest.raises(RuntimeError):
            await socket.accept()

    @app.websocket("/by-value/{number:int}")
    async def by_value(socket: WebSocket, number: int, page: int) -> None: ...

    found = {}
    with Client(app) as client:
        for path in ("/by-hook", "/by-error", "/by-answer", "/by-close", "/by-value/1", "/nowhere"):
            with pytest.raises(WebSocketRefused) as caught, client.websocket(path):
                raise AssertionError
            found[path] = caught.value.response.status
        with client.websocket("/by-hook", cookies={"who": "ada"}):
            pass
    assert found == {
        "/by-hook": 401,
        "/by-error": 403,
        "/by-answer": 503,
        "/by-close": 403,
        "/by-value/1": 422,
        "/nowhere": 404,
    }


def test_only_an_offered_subprotocol_can_be_chosen(app: App) -> None:
    @app.websocket("/")
    async def handler(socket: WebSocket) -> None:
        with pytest.raises(ValueError, match="does not offer"):
            await socket.accept("other")
        assert socket.subprotocols == ("v2.chat", "v1.chat")
        await socket.accept("v1.chat", headers={"x-room": "lobby"})

    with Client(app) as client, client.websocket("/", subprotocols=["v2.chat", "v1.chat"]) as socket:
        assert socket.subprotocol == "v1.chat"
        assert socket.headers["x-room"] == "lobby"


@pytest.mark.parametrize("sent", ["chat, ", "ch at", "chät", ",".join(map(str, range(100)))])
def test_subprotocols_that_are_no_tokens_are_refused(app: App, sent: str) -> None:
    @app.websocket("/")
    async def handler(socket: WebSocket) -> None:
        await socket.accept()

    sent_headers = {"sec-websocket-protocol": sent}
    with (
        Client(app) as client,
        pytest.raises(WebSocketRefused) as caught,
        client.websocket("/", headers=sent_headers),
    ):
        pass
    assert caught.value.response.status == 400


def test_pages_of_other_origins_are_refused_unless_they_are_allowed(app: App) -> None:
    @app.websocket("/own")
    async def own(socket: WebSocket) -> None: ...

    @app.websocket("/partner", origins=["https://partner.example", "http://localhost:3000"])
    async def partner(socket: WebSocket) -> None: ...

    @app.websocket("/public", origins=["*"])
    async def public(socket: WebSocket) -> None: ...

    def is_open(path: str, origin: str | None, host: str = "example.com", scheme: str = "ws") -> bool:
        headers = {"host": host, **({} if origin is None else {"origin": origin})}
        try:
            with client.websocket(f"{scheme}://localhost{path}", headers=headers):
                return True
        except WebSocketRefused as refused:
            assert refused.response.status == 403
            return False

    with Client(app) as client:
        assert is_open("/own", None)
        assert is_open("/own", "http://example.com")
        assert is_open("/own", "https://EXAMPLE.com:443")
        assert is_open("/own", "https://example.com:8443", host="example.com:8443")
        assert is_open("/own", "https://[::1]:8000", host="[::1]:8000")
        assert is_open("/own", "https://example.com", scheme="wss")
        assert not is_open("/own", "http://example.com", scheme="wss")
        for foreign in (
            "http://evil.example",
            "http://example.com.evil.example",
            "http://example.com:8080",
            "http://sub.example.com",
            "null",
            "",
            "http://example.com/",
            "http://evil@example.com",
            "http://example.com, http://evil.example",
            "ftp://example.com",
        ):
            assert not is_open("/own", foreign), foreign
        assert is_open("/partner", "https://partner.example")
        assert is_open("/partner", "http://localhost:3000")
        assert is_open("/partner", "http://example.com")
        assert not is_open("/partner", "http://partner.example")
        assert is_open("/public", "http://evil.example")
        assert is_open("/public", "null")


def test_two_origin_headers_are_refused(app: App) -> None:
    @app.websocket("/")
    async def handler(socket: WebSocket) -> None: ...

    both = [("host", "a"), ("origin", "http://a"), ("origin", "http://evil.example")]
    with Client(app) as client, pytest.raises(WebSocketRefused), client.websocket("/", headers=both):
        pass


def test_message_size_is_limited_for_the_app_and_for_a_route(
    plans: Literal["written", "interpreted"],
) -> None:
    app = App(defaults=False, plans=plans, websockets=WebSocketOptions(message_size_max=10))

    @app.websocket("/app")
    async def as_app(socket: WebSocket) -> None:
        async for message in socket:
            await socket.send(message)

    app.websocket("/route", message_size_max=20)(as_app)

    with Client(app) as client:
        with client.websocket("/app") as socket:
            socket.send("x" * 10)
            assert socket.receive() == "x" * 10
            socket.send("ä" * 6)
            with pytest.raises(WebSocketDisconnected) as caught:
                socket.receive()
        assert caught.value.close_code == 1009
        with client.websocket("/route") as socket:
            socket.send("x" * 11)
            assert socket.receive() == "x" * 11


def test_what_came_before_the_end_is_received_behind_it(app: App) -> None:
    got: list[object] = []
    go_on = asyncio.Event()

    @app.websocket("/")
    async def handler(socket: WebSocket) -> None:
        await socket.accept()
        await go_on.wait()
        got.extend([message async for message in socket])

    @app.get("/go")
    async def go() -> None:
        go_on.set()

    with Client(app) as client, client.websocket("/") as socket:
        socket.send("one")
        socket.send("two")
        socket.close()
        client.get("/go")
    assert got == ["one", "two"]


def test_a_handler_that_does_not_hear_of_the_end_is_cancelled(app: App) -> None:
    log: list[str] = []

    @app.websocket("/")
    async def handler(socket: WebSocket) -> None:
        await socket.accept()
        try:
            await asyncio.Event().wait()
        finally:
            log.append("ended")

    with Client(app) as client, client.websocket("/"):
        pass
    assert log == ["ended"]


def test_a_handler_that_has_heard_of_the_end_may_take_its_time(app: App) -> None:
    log: list[str] = []

    @app.websocket("/")
    async def handler(socket: WebSocket) -> None:
        async for _ in socket:
            pass
        await asyncio.sleep(0.8)
        log.append("cleaned up")

    with Client(app) as client, client.websocket("/"):
        pass
    assert log == ["cleaned up"]


def test_a_client_that_leaves_is_no_error_also_in_a_task_group(
    app: App, caplog: pytest.LogCaptureFixture
) -> None:
    statuses: list[int] = []
    app.observe(lambda request, status, seconds: statuses.append(status))

    @app.websocket("/")
    async def handler(socket: WebSocket) -> None:
        async def listen() -> None:
            while True:
                await socket.receive_text()

        async with asyncio.TaskGroup() as group:
            group.create_task(listen())
            group.create_task(asyncio.Event().wait())

    @app.websocket("/plain")
    async def plain(socket: WebSocket) -> None:
        while True:
            await socket.receive_text()

    with Client(app) as client:
        for path in ("/", "/plain"):
            with client.websocket(path) as socket:
                socket.send("x")
    assert statuses == [101, 101]
    assert [record for record in caplog.records if record.levelno >= logging.ERROR] == []


def test_a_provider_hears_that_the_client_left_the_handler_unfinished(app: App) -> None:
    heard: list[BaseException | None] = []

    async def begin() -> AsyncIterator[Transaction]:
        try:
            yield Transaction()
            heard.append(None)
        except Exception as error:
            heard.append(error)
            raise

    app.provide(Transaction, begin)

    @app.websocket("/")
    async def handler(socket: WebSocket, transaction: Transaction) -> None:
        while True:
            await socket.receive_text()

    with Client(app) as client, client.websocket("/"):
        pass
    assert [type(error) for error in heard] == [WebSocketDisconnected]


def test_sending_to_a_client_that_left_raises(app: App) -> None:
    raised: list[int] = []

    @app.websocket("/")
    async def handler(socket: WebSocket) -> None:
        try:
            while True:
                await socket.send("tick")
                await asyncio.sleep(0)
        except WebSocketDisconnected as error:
            raised.append(error.close_code)
        socket.send_nowait("into the void")
        await socket.close()

    with Client(app) as client, client.websocket("/") as socket:
        socket.receive()
        socket.close(1001)
    assert raised == [1001]


def test_slow_clients_are_dropped_or_miss_the_oldest(app: App) -> None:
    @app.websocket("/drop", send_queue_max=4, when_behind="drop_oldest")
    async def drop(socket: WebSocket) -> None:
        await socket.accept()
        for number in range(100):
            socket.send_nowait(str(number))

    @app.websocket("/cut", send_queue_max=4)
    async def cut(socket: WebSocket) -> None:
        await socket.accept()
        for number in range(100):
            socket.send_nowait(str(number))
        assert socket.close_code == 1013

    with Client(app) as client:
        with client.websocket("/drop") as socket:
            got = list(socket)
        assert got[0] == "0"
        assert got[-4:] == ["96", "97", "98", "99"]
        assert len(got) < 30
        with client.websocket("/cut") as socket:
            list(socket)
            assert socket.close_code == 1013


def test_hooks_and_error_hooks_stand_around_a_socket(app: App) -> None:
    log: list[object] = []
    routes = Routes()

    @routes.before
    def before(request: Request) -> None:
        log.append(f"before {request.path}")

    @routes.after
    def after(response: Response) -> None:
        log.append(f"after {response.status}")

    @routes.on_error(KeyError)
    def answer(error: KeyError, request: Request) -> Text:
        log.append("on_error")
        return Text("gone", status=410)

    @routes.websocket("/{name}", name="feed")
    async def feed(socket: WebSocket, name: str) -> None:
        await socket.accept()
        if name == "none":
            raise KeyError(name)

    app.include(routes, at="/feeds", name="site")
    assert app.url("site.feed", name="a") == "/feeds/a"
    with Client(app) as client:
        with client.websocket("/feeds/a"):
            pass
        with client.websocket("/feeds/none") as socket:
            list(socket)
            assert socket.close_code == 1008
    assert log == ["before /feeds/a", "after 101", "before /feeds/none", "on_error", "after 410"]


def test_a_time_limit_ends_the_conversation(app: App) -> None:
    routes = Routes(timeout_seconds=0.05)

    @routes.websocket("/own", timeout_seconds=0.05)
    async def handler(socket: WebSocket) -> None:
        await socket.accept()
        await asyncio.sleep(0.2)
        await socket.send("still here")

    routes.websocket("/of-group")(handler)
    app.include(routes)
    with Client(app) as client:
        with client.websocket("/own") as socket:
            assert list(socket) == []
            assert (socket.close_code, socket.close_reason) == (1011, "Gateway Timeout")
        with client.websocket("/of-group") as socket:
            assert list(socket) == ["still here"]


def test_a_handler_may_go_on_when_its_client_has_gone(app: App) -> None:
    log: list[str] = []

    @app.websocket("/", cancel_on_disconnect=False)
    async def handler(socket: WebSocket) -> None:
        await socket.accept()
        await asyncio.sleep(0.7)
        log.append("finished")

    with Client(app) as client, client.websocket("/"):
        pass
    assert log == ["finished"]


def test_one_path_can_have_a_page_and_a_socket(app: App) -> None:
    @app.get("/chat")
    async def page() -> str:
        return "page"

    @app.websocket("/chat")
    async def chat(socket: WebSocket) -> None:
        await socket.send("socket")

    with Client(app) as client:
        assert client.get("/chat").text == "page"
        with client.websocket("/chat") as socket:
            assert socket.receive() == "socket"


def test_other_requests_for_a_path_of_sockets_hear_what_it_is_for(app: App) -> None:
    @app.websocket("/chat/{room}")
    async def chat(socket: WebSocket, room: str) -> None: ...

    with Client(app) as client:
        answer = client.get("/chat/a")
        assert (answer.status, answer.headers["upgrade"]) == (426, "websocket")
        assert answer.headers["connection"] == "upgrade"
        assert client.head("/chat/a").status == 426
        answer = client.post("/chat/a")
        assert (answer.status, answer.headers["allow"]) == (405, "GET, OPTIONS")
        assert client.options("/chat/a").headers["allow"] == "GET, OPTIONS"
        assert client.get("/chat").status == 404


def test_two_tasks_may_not_receive_at_once(app: App) -> None:
    @app.websocket("/")
    async def handler(socket: WebSocket) -> None:
        first = asyncio.ensure_future(socket.receive())
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        with pytest.raises(RuntimeError, match="two tasks"):
            await socket.receive()
        first.cancel()

    with Client(app) as client, client.websocket("/"):
        pass


@pytest.mark.parametrize("code", [0, 999, 1004, 1005, 1006, 1015, 2999, 5000])
def test_codes_that_may_not_be_sent_are_refused(app: App, code: int) -> None:
    @app.websocket("/")
    async def handler(socket: WebSocket) -> None:
        await socket.accept()
        with pytest.raises(ValueError, match="can't be closed"):
            await socket.close(code)
        with pytest.raises(ValueError, match="longer than 123"):
            await socket.close(4000, "ä" * 62)
        await socket.close(4000, "ä" * 61)

    with Client(app) as client, client.websocket("/") as socket:
        list(socket)
        assert socket.close_reason == "ä" * 61


def test_routes_that_can_not_be_for_sockets_stop_the_start() -> None:
    def sync(socket: WebSocket) -> None: ...

    async def deaf(room: str) -> None: ...

    async def with_body(socket: WebSocket, move: Move) -> None: ...

    async def fine(socket: WebSocket) -> None: ...

    def freeze(handler: Any, **options: Any) -> str:
        app = App(defaults=False)
        app.websocket("/{room}", **options)(handler)
        with pytest.raises(WebSocketRouteError) as caught:
            app.freeze()
        return str(caught.value)

    assert "is not async" in freeze(sync)
    assert "takes no WebSocket" in freeze(deaf)
    assert "asks for a body" in freeze(with_body)
    assert "'example.com' is no origin" in freeze(fine, origins=["example.com"])

    app = App(defaults=False)
    app.get("/")(fine)
    with pytest.raises(WebSocketRouteError, match="answers ordinary requests"):
        app.freeze()


def test_two_sockets_on_one_path_are_a_conflict(app: App) -> None:
    async def one(socket: WebSocket) -> None: ...

    async def two(socket: WebSocket) -> None: ...

    app.websocket("/chat")(one)
    app.websocket("/chat")(two)
    with pytest.raises(Exception, match="two handlers for WEBSOCKET /chat"):
        app.freeze()
