"""F161: typed items go out and come in as JSON Lines, each as soon as it is there."""

from __future__ import annotations

import json
import queue
import threading
from collections.abc import AsyncIterator

import msgspec

from bistro import App, JsonLines, Request
from bistro.ground import run_in_thread
from bistro.testing import LiveServer
from tests.features.support import TIMEOUT_SECONDS, connect, fetch, receive_until


class Dish(msgspec.Struct):
    """What clients may see and send."""

    name: str
    price: float


class Recipe(Dish):
    """What the kitchen has."""

    secret: str = "nutmeg"


def make_app(go_on: threading.Event, taken: queue.Queue[Dish]) -> App:
    app = App()

    async def recipes() -> AsyncIterator[Recipe]:
        yield Recipe("soup", 4.5)
        if await run_in_thread(go_on.wait, TIMEOUT_SECONDS):
            yield Recipe("cake", 3)

    @app.get("/dishes")
    async def dishes() -> JsonLines[Dish]:
        return JsonLines(recipes())

    @app.get("/broken")
    async def broken() -> JsonLines[Dish]:
        async def made() -> AsyncIterator[Dish]:
            yield Dish("soup", 4.5)
            raise RuntimeError("the kitchen burns")

        return JsonLines(made())

    @app.post("/dishes")
    async def add_dishes(request: Request) -> int:
        count = 0
        async for dish in request.json_lines(Dish):
            taken.put(dish)
            count += 1
        return count

    return app


def chunk(data: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(data), data)


def test_each_item_arrives_before_the_next_is_made_with_the_declared_fields_only() -> None:
    go_on = threading.Event()
    with LiveServer(make_app(go_on, queue.Queue())) as server, connect(server) as connection:
        connection.sendall(b"GET /dishes HTTP/1.1\r\nHost: localhost\r\n\r\n")
        received = receive_until(connection, b'{"name":"soup","price":4.5}\n')
        assert b"cake" not in received
        go_on.set()
        received += receive_until(connection, b"0\r\n\r\n")

    assert b"content-type: application/jsonl\r\n" in received
    assert b'{"name":"cake","price":3.0}\n' in received
    assert b"nutmeg" not in received


def test_an_error_in_between_is_visible_to_the_client() -> None:
    with LiveServer(make_app(threading.Event(), queue.Queue())) as server, connect(server) as connection:
        connection.sendall(b"GET /broken HTTP/1.1\r\nHost: localhost\r\n\r\n")
        received = b""
        while piece := connection.recv(65536):
            received += piece

    assert b"soup" in received
    assert not received.endswith(b"0\r\n\r\n")  # the last chunk, without which the answer is not whole


def test_items_of_a_body_are_checked_one_by_one_as_they_arrive() -> None:
    taken: queue.Queue[Dish] = queue.Queue()
    with LiveServer(make_app(threading.Event(), taken)) as server, connect(server) as connection:
        head = b"POST /dishes HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n"
        connection.sendall(head + chunk(b'{"name":"soup","price":4.5}\n{"n'))
        assert taken.get(timeout=TIMEOUT_SECONDS) == Dish("soup", 4.5)
        connection.sendall(chunk(b'ame":"cake","price":3}\n') + chunk(b""))
        answer = receive_until(connection, b"\r\n\r\n2")
    assert answer.startswith(b"HTTP/1.1 200 ")
    assert taken.get(timeout=TIMEOUT_SECONDS) == Dish("cake", 3)


def test_an_item_that_does_not_fit_is_refused() -> None:
    with LiveServer(make_app(threading.Event(), queue.Queue())) as server:
        answer = fetch(server, "/dishes", "POST", body=b'{"name":"soup","price":"dear"}\n')
    assert answer.status == 422
    assert "price" in json.loads(answer.body)["errors"][0]["path"]
