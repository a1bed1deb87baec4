from __future__ import annotations

import pytest
from fastapi import FastAPI
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.responses import PlainTextResponse
from starlette.routing import WebSocketRoute
from starlette.websockets import WebSocket as StarletteSocket
from starlette.websockets import WebSocketDisconnect

from bistro import App, Request, Text, WebSocket
from bistro.app import MountError
from bistro.testing import Client, WebSocketRefused

seen: list[object] = []


async def echo(socket: StarletteSocket) -> None:
    await socket.accept(
        subprotocol="chat" if "chat" in socket.scope["subprotocols"] else None, headers=[(b"x-a", b"1")]
    )
    seen.append(
        (socket.url.path, socket.scope["root_path"], socket.path_params, socket.query_params.get("q"))
    )
    try:
        while True:
            message = await socket.receive()
            if message["type"] == "websocket.disconnect":
                raise WebSocketDisconnect(message["code"], message["reason"])
            await (
                socket.send_text(message["text"])
                if "text" in message
                else socket.send_bytes(message["bytes"])
            )
    except WebSocketDisconnect as end:
        seen.append((end.code, end.reason))


async def bye(socket: StarletteSocket) -> None:
    await socket.accept()
    await socket.close(4001, "enough")


async def refuse(socket: StarletteSocket) -> None:
    await socket.close()


async def deny(socket: StarletteSocket) -> None:
    await socket.send_denial_response(PlainTextResponse("pay first", 402, headers={"x-b": "2"}))


async def forbid(socket: StarletteSocket) -> None:
    raise HTTPException(403, "no")


async def vanish(socket: StarletteSocket) -> None: ...


@pytest.fixture
def app() -> App:
    handlers = (echo, bye, refuse, deny, forbid, vanish)
    inner = Starlette(routes=[WebSocketRoute(f"/{each.__name__}", each) for each in handlers])
    app = App(defaults=False)
    app.mount("/in", inner)

    @app.websocket("/in/own")
    async def own(socket: WebSocket) -> None:
        await socket.send("own")

    seen.clear()
    return app


def test_a_mounted_application_talks_and_hears_the_end(app: App) -> None:
    with Client(app) as client, client.websocket("/in/echo?q=1", subprotocols=["chat"]) as socket:
        assert socket.subprotocol == "chat"
        assert socket.headers["x-a"] == "1"
        socket.send("text")
        assert socket.receive() == "text"
        socket.send(b"bytes")
        assert socket.receive() == b"bytes"
        socket.close(4000, "bye")
    assert seen == [("/in/echo", "/in", {}, "1"), (4000, "bye")]


def test_it_closes_with_its_own_code(app: App) -> None:
    with Client(app) as client, client.websocket("/in/bye") as socket:
        assert list(socket) == []
        assert (socket.close_code, socket.close_reason) == (4001, "enough")


@pytest.mark.parametrize(("path", "status"), [("refuse", 403), ("deny", 402), ("forbid", 403), ("none", 403)])
def test_its_refusals_are_answers(app: App, path: str, status: int) -> None:
    with Client(app) as client, pytest.raises(WebSocketRefused) as refused, client.websocket(f"/in/{path}"):
        pass
    assert refused.value.response.status == status
    if path == "deny":
        assert (refused.value.response.text, refused.value.response.headers["x-b"]) == ("pay first", "2")


def test_an_application_that_says_nothing_is_an_error(app: App) -> None:
    with Client(app) as client, pytest.raises(MountError), client.websocket("/in/vanish"):
        pass


def test_routes_of_the_site_hooks_and_the_origin_check_come_first(app: App) -> None:
    @app.before
    def guard(request: Request) -> Text | None:
        return Text("closed", status=503) if request.query.get("q") == "night" else None

    with Client(app) as client:
        with client.websocket("/in/own") as socket:
            assert socket.receive() == "own"
        for path, headers, status in (
            ("/in/echo?q=night", {}, 503),
            ("/in/echo", {"origin": "http://evil"}, 403),
        ):
            with pytest.raises(WebSocketRefused) as refused, client.websocket(path, headers=headers):
                pass
            assert refused.value.response.status == status


def test_fastapi_is_served_as_well() -> None:
    inner = FastAPI()

    @inner.websocket("/double/{number}")
    async def double(socket: StarletteSocket, number: int) -> None:
        await socket.accept()
        await socket.send_json({"double": number * 2})

    app = App(defaults=False)
    app.mount("/api", inner)
    with Client(app) as client, client.websocket("/api/double/21") as socket:
        assert socket.receive_json() == {"double": 42}
