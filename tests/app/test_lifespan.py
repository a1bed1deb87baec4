"""What is opened at start is closed at stop, in reverse, also when starting fails."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator

import pytest

from bistro import App

log: list[str] = []


@pytest.fixture(autouse=True)
def empty_log() -> None:
    log.clear()


def make_app() -> App:
    app = App(defaults=False)

    @app.on_start
    def start_first() -> None:
        log.append("start 1")

    @app.on_stop
    async def stop_first() -> None:
        log.append("stop 1")

    @app.lifespan
    async def around() -> AsyncIterator[None]:
        log.append("open 2")
        yield
        log.append("close 2")

    @app.lifespan
    def around_sync() -> Iterator[None]:
        log.append("open 3")
        yield
        log.append("close 3")

    return app


def test_steps_run_in_order_and_back() -> None:
    app = make_app()

    async def run() -> None:
        await app.start()
        log.append("serving")
        await app.stop()
        await app.stop()

    asyncio.run(run())
    assert log == ["start 1", "open 2", "open 3", "serving", "close 3", "close 2", "stop 1"]


def test_a_failing_step_stops_what_had_started_and_tells_its_error() -> None:
    app = make_app()

    @app.on_start
    async def fails() -> None:
        raise LookupError("no database")

    @app.on_stop
    def never() -> None:
        log.append("never")

    with pytest.raises(LookupError, match="no database"):
        asyncio.run(app.start())
    assert log == ["start 1", "open 2", "open 3", "close 3", "close 2", "stop 1"]


def test_a_stop_that_fails_does_not_keep_the_others_from_stopping() -> None:
    app = make_app()

    @app.on_stop
    def fails() -> None:
        raise LookupError("at stop")

    async def run() -> None:
        await app.start()
        await app.stop()

    with pytest.raises(LookupError, match="at stop"):
        asyncio.run(run())
    assert log[-3:] == ["close 3", "close 2", "stop 1"]


def test_an_app_can_be_started_again() -> None:
    app = make_app()

    async def run() -> None:
        for _ in range(2):
            await app.start()
            await app.stop()

    asyncio.run(run())
    assert log.count("open 2") == log.count("close 2") == 2


def test_an_app_is_started_and_stopped_by_a_block() -> None:
    log: list[str] = []
    app = App(defaults=False)
    app.on_start(lambda: log.append("start"))
    app.on_stop(lambda: log.append("stop"))

    async def use() -> None:
        async with app as same:
            assert same is app
            log.append("used")

    asyncio.run(use())
    assert log == ["start", "used", "stop"]
