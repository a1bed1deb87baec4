from __future__ import annotations

import asyncio
from typing import Any

import pytest

from bistro.http.errors import ClientDisconnected
from bistro.serving import overseer
from bistro.serving.asgi import AsgiAdapter
from tests.serving.asgi_wire import GONE, FunctionApp, Wire, call, http_scope, piece


@pytest.fixture
def watched_at_once(monkeypatch):
    monkeypatch.setattr(overseer, "TURN_SECONDS", 0)


def until(condition) -> Any:
    async def wait():
        async with asyncio.timeout(5):
            while not condition():
                await asyncio.sleep(0)

    return wait()


@pytest.mark.usefixtures("watched_at_once")
def test_handler_is_told_that_its_client_has_gone():
    async def run():
        wire = Wire(piece())
        calls = []

        async def handler(exchange):
            exchange.on_disconnect(lambda: calls.append(1))
            exchange.on_disconnect(lambda: calls.append(2))
            await asyncio.sleep(0)
            wire.arrive(GONE)
            await until(lambda: calls)
            exchange.on_disconnect(lambda: calls.append(3))
            exchange.send(200, b"", b"")

        await AsgiAdapter(FunctionApp(handler))(http_scope(), wire.receive, wire.send)
        return calls

    assert asyncio.run(run()) == [1, 2, 3]


@pytest.mark.usefixtures("watched_at_once")
def test_handler_is_cancelled_and_the_servers_task_is_not():
    async def run():
        wire = Wire(piece())
        log = []

        async def handler(exchange):
            try:
                await asyncio.Event().wait()
            finally:
                log.append("cancelled")

        asyncio.get_running_loop().call_soon(wire.arrive, GONE)
        await AsgiAdapter(FunctionApp(handler))(http_scope(), wire.receive, wire.send)
        await asyncio.sleep(0)
        return log, wire.sent, asyncio.current_task().cancelling()

    assert asyncio.run(run()) == (["cancelled"], [], 0)


@pytest.mark.usefixtures("watched_at_once")
def test_handler_that_ends_in_spite_of_its_cancellation_leaves_none_to_the_server():
    async def run():
        wire = Wire(piece())

        async def handler(exchange):
            with pytest.raises(asyncio.CancelledError):
                await asyncio.Event().wait()
            exchange.send(200, b"", b"")

        asyncio.get_running_loop().call_soon(wire.arrive, GONE)
        await AsgiAdapter(FunctionApp(handler))(http_scope(), wire.receive, wire.send)
        await asyncio.sleep(0)
        return asyncio.current_task().cancelling()

    assert asyncio.run(run()) == 0


def test_reader_whose_client_has_gone_and_who_goes_on_is_cancelled():
    log = []

    async def handler(exchange):
        with pytest.raises(ClientDisconnected):
            await exchange.read_body(10)
        try:
            await asyncio.Event().wait()
        finally:
            log.append("cancelled")

    async def run():
        wire = Wire()
        asyncio.get_running_loop().call_soon(wire.arrive, GONE)
        await AsgiAdapter(FunctionApp(handler))(http_scope("POST"), wire.receive, wire.send)

    asyncio.run(run())
    assert log == ["cancelled"]


def test_reader_whose_client_has_gone_and_who_ends_leaves_no_cancellation_to_the_server():
    async def handler(exchange):
        await asyncio.sleep(0)
        with pytest.raises(ClientDisconnected):
            await exchange.read_body(10)

    async def run():
        wire = Wire(GONE)
        await AsgiAdapter(FunctionApp(handler))(http_scope("POST"), wire.receive, wire.send)
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        return asyncio.current_task().cancelling()

    assert asyncio.run(run()) == 0


def test_cancellation_by_the_server_is_passed_on():
    async def run():
        wire = Wire(piece())
        log = []

        async def handler(exchange):
            try:
                await asyncio.Event().wait()
            finally:
                log.append("cancelled")

        adapter = AsgiAdapter(FunctionApp(handler))
        task = asyncio.create_task(adapter(http_scope(), wire.receive, wire.send))
        for _ in range(5):
            await asyncio.sleep(0)
        task.cancel()
        await asyncio.wait({task})
        return task.cancelled(), log

    assert asyncio.run(run()) == (True, ["cancelled"])


@pytest.mark.parametrize("way", ["timeout", "group"])
def test_time_outs_and_task_groups_work_in_a_handler(way):
    async def handler(exchange):
        if way == "timeout":
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.001):
                    await asyncio.Event().wait()
        else:
            async with asyncio.TaskGroup() as group:
                group.create_task(asyncio.sleep(0))
        exchange.send(200, b"", b"done")

    assert call(handler).body == b"done"


@pytest.mark.usefixtures("watched_at_once")
def test_watching_takes_no_body_from_its_reader():
    async def handler(exchange):
        exchange.on_disconnect(lambda: None)
        for _ in range(5):
            await asyncio.sleep(0)
        exchange.send(200, b"", await exchange.read_body(100))

    messages = [piece(b"a", more=True), piece(b"b", more=True), piece(b"c")]
    assert call(handler, http_scope("POST"), *messages).body == b"abc"


@pytest.mark.usefixtures("watched_at_once")
def test_reader_gets_the_piece_for_which_the_watcher_waits():
    async def run():
        wire = Wire()
        calls = []

        async def handler(exchange):
            exchange.on_disconnect(lambda: calls.append("told"))
            await until(lambda: wire.receivers)
            asyncio.get_running_loop().call_soon(wire.arrive, piece(b"a", more=True), piece(b"b"))
            whole = await exchange.read_body(100)
            wire.arrive(GONE)
            await until(lambda: calls)
            exchange.send(200, b"", whole)

        await AsgiAdapter(FunctionApp(handler))(http_scope("POST"), wire.receive, wire.send)
        return wire.body, calls

    assert asyncio.run(run()) == (b"ab", ["told"])


@pytest.mark.usefixtures("watched_at_once")
def test_reader_that_waits_on_the_watcher_sees_the_client_go():
    async def run():
        wire = Wire()

        async def handler(exchange):
            exchange.on_disconnect(lambda: None)
            await until(lambda: wire.receivers)
            asyncio.get_running_loop().call_soon(wire.arrive, GONE)
            with pytest.raises(ClientDisconnected):
                await exchange.read_body(100)

        await AsgiAdapter(FunctionApp(handler))(http_scope("POST"), wire.receive, wire.send)

    asyncio.run(run())


@pytest.mark.usefixtures("watched_at_once")
def test_nobody_is_told_after_the_answer_and_no_task_is_left():
    async def run():
        wire = Wire(piece())
        calls = []

        async def handler(exchange):
            exchange.on_disconnect(lambda: calls.append("told"))
            await until(lambda: wire.receivers)
            exchange.send(200, b"", b"")

        await AsgiAdapter(FunctionApp(handler))(http_scope(), wire.receive, wire.send)
        wire.arrive(GONE)
        await until(lambda: len(asyncio.all_tasks()) == 1)
        return calls

    assert asyncio.run(run()) == []


def test_short_request_makes_no_task_to_watch():
    async def run():
        wire = Wire(piece())

        async def handler(exchange):
            exchange.on_disconnect(lambda: None)
            await asyncio.sleep(0)
            assert len(asyncio.all_tasks()) == 1
            exchange.send(200, b"", b"")

        await AsgiAdapter(FunctionApp(handler))(http_scope(), wire.receive, wire.send)

    asyncio.run(run())
