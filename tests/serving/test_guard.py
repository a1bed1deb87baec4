from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import pytest

from bistro.serving import overseer
from bistro.serving.guard import guard, wait_within
from bistro.serving.overseer import Overseer


class Exchange:
    def __init__(self) -> None:
        self.is_shielded = False
        self.callbacks: list[Callable[[], None]] = []
        self.watched = asyncio.Event()

    def on_disconnect(self, callback: Callable[[], None]) -> None:
        self.callbacks.append(callback)

    def watch(self) -> None:
        self.watched.set()

    def lose(self) -> None:
        for callback in self.callbacks:
            callback()


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(overseer, "TURN_SECONDS", 0)


async def start(handler: Coroutine[Any, Any, None], exchange: Exchange, log: list[str]) -> asyncio.Task[int]:
    """A server's task that has come to wait; it gives how often it is asked to be cancelled at its end."""

    async def serve() -> int:
        steps = handler.__await__()
        await guard(steps, next(steps), exchange, Overseer())
        await asyncio.sleep(0)
        task = asyncio.current_task()
        assert task is not None
        log.append("served")
        return task.cancelling()

    task = asyncio.ensure_future(serve())
    await asyncio.wait_for(exchange.watched.wait(), 10)
    return task


async def wait(log: list[str], until: asyncio.Event | None = None) -> None:
    try:
        await (until or asyncio.Event()).wait()
    finally:
        log.append("ended")


def test_a_handler_ends_with_its_client_and_the_servers_task_goes_on() -> None:
    async def go() -> tuple[int, list[str]]:
        exchange, log = Exchange(), list[str]()
        task = await start(wait(log), exchange, log)
        exchange.lose()
        return await asyncio.wait_for(task, 10), log

    assert asyncio.run(go()) == (0, ["ended", "served"])


def test_a_shielded_handler_goes_on_also_if_it_is_shielded_late() -> None:
    async def go() -> tuple[int, list[str]]:
        exchange, log, until = Exchange(), list[str](), asyncio.Event()
        task = await start(wait(log, until), exchange, log)
        exchange.is_shielded = True
        exchange.lose()
        for _ in range(5):
            await asyncio.sleep(0)
        assert log == []
        until.set()
        return await asyncio.wait_for(task, 10), log

    assert asyncio.run(go()) == (0, ["ended", "served"])


def test_a_client_that_goes_at_the_very_end_cancels_nobody() -> None:
    async def go() -> int:
        exchange, log, until = Exchange(), list[str](), asyncio.Event()
        task = await start(wait(log, until), exchange, log)
        until.set()
        await asyncio.sleep(0)
        exchange.lose()
        return await asyncio.wait_for(task, 10)

    assert asyncio.run(go()) == 0


@pytest.mark.parametrize("is_first", [False, True])
def test_a_cancellation_by_the_server_is_passed_on(is_first: bool) -> None:
    async def go() -> tuple[bool, list[str]]:
        exchange, log = Exchange(), list[str]()
        task = await start(wait(log), exchange, log)
        if is_first:
            task.cancel()
        exchange.lose()
        for each in exchange.callbacks:
            each.__self__._cancel()  # type: ignore[attr-defined]  # without waiting for the loop
        task.cancel()
        await asyncio.wait({task}, timeout=10)
        return task.cancelled(), log

    assert asyncio.run(go()) == (True, ["ended"])


def test_what_comes_in_time_is_given() -> None:
    async def go() -> str:
        return await wait_within(60, Overseer(), asyncio.sleep(0, "here"))

    assert asyncio.run(go()) == "here"


def test_what_does_not_come_is_a_time_out_and_no_cancellation() -> None:
    async def go() -> int:
        with pytest.raises(TimeoutError):
            await wait_within(0.001, Overseer(), asyncio.Event().wait())
        task = asyncio.current_task()
        assert task is not None
        return task.cancelling()

    assert asyncio.run(go()) == 0


def test_who_is_cancelled_while_waiting_is_cancelled() -> None:
    async def go() -> bool:
        task = asyncio.ensure_future(wait_within(60, Overseer(), asyncio.Event().wait()))
        await asyncio.sleep(0)
        task.cancel()
        await asyncio.wait({task}, timeout=10)
        return task.cancelled()

    assert asyncio.run(go())
