from __future__ import annotations

import asyncio

import pytest

from bistro.testing import AsyncClient


def test_async_client_runs_in_the_tests_own_loop(app):
    async def run():
        loop = asyncio.get_running_loop()

        async def handler(exchange):
            assert asyncio.get_running_loop() is loop
            exchange.send(200, b"", b"here")

        app.handlers["/"] = handler
        async with AsyncClient(app) as client:
            return (await client.get("/")).text, app.log

    assert asyncio.run(run()) == ("here", ["start", "stop"])


@pytest.mark.parametrize("method", ["get", "head", "options", "post", "put", "patch", "delete"])
def test_async_client_has_every_method(app, seen, method):
    async def run():
        async with AsyncClient(app) as client:
            await getattr(client, method)("/seen")

    asyncio.run(run())
    assert seen[0].method == method.upper()


def test_requests_at_once_start_the_application_once(app):
    async def run():
        client = AsyncClient(app)
        await asyncio.gather(*[client.get("/") for _ in range(5)])
        await client.close()

    asyncio.run(run())
    assert app.log == ["start", "stop"]


def test_async_stream_is_read_while_the_handler_runs(app):
    async def run():
        gate = asyncio.Event()

        async def handler(exchange):
            exchange.start(200, b"", None)
            await exchange.write(b"first")
            await gate.wait()
            await exchange.write(b"second")
            await exchange.finish()

        app.handlers["/"] = handler
        async with AsyncClient(app) as client, client.stream("GET", "/") as response:
            pieces = []
            async for piece in response.iter_bytes():
                pieces.append(piece)
                gate.set()
            return pieces

    assert asyncio.run(run()) == [b"first", b"second"]


def test_test_that_gives_up_waiting_cancels_the_handler(app):
    ended = []

    async def handler(exchange):
        try:
            await asyncio.Event().wait()
        finally:
            ended.append("cancelled")

    async def run():
        app.handlers["/"] = handler
        async with AsyncClient(app) as client:
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.001):
                    await client.get("/")

    asyncio.run(run())
    assert ended == ["cancelled"]
