from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Callable, Coroutine
from typing import Any

import pytest

from bistro.serving import signals
from bistro.serving.signals import StopSignals


async def stop_by(number: int) -> int:
    heard = StopSignals()
    os.kill(os.getpid(), number)
    return await heard.wait()


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 0), (signal.SIGINT, 130), (signal.SIGHUP, 0)])
def test_first_signal_stops(number: int, code: int) -> None:
    assert asyncio.run(stop_by(number)) == code


async def hang_up() -> tuple[int, bool]:
    loop = asyncio.get_running_loop()
    heard = StopSignals(on_hang_up=lambda: calls.append(1))
    calls: list[int] = []
    os.kill(os.getpid(), signal.SIGHUP)
    loop.call_later(0.05, heard.stop)
    await heard.wait()
    return len(calls), heard.came


def test_hang_up_asks_to_serve_anew() -> None:
    assert asyncio.run(hang_up()) == (1, True)


def test_hang_up_of_the_terminal_stops(monkeypatch: pytest.MonkeyPatch) -> None:
    there = iter([True, False])
    monkeypatch.setattr(signals, "has_terminal", lambda: next(there))
    assert asyncio.run(hang_up())[0] == 0


def test_hang_up_that_is_ignored_stays_ignored() -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        assert asyncio.run(hang_up())[0] == 0
        assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGHUP, before)


def test_second_signal_ends_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    ended: list[object] = []
    monkeypatch.setattr(signals, "end_at_once", ended.append)

    async def go() -> None:
        heard = StopSignals(before_end=lambda: ended.append("workers"))
        loop = asyncio.get_running_loop()
        for _ in range(2):
            os.kill(os.getpid(), signal.SIGINT)
            await heard.wait()
            await asyncio.sleep(0)
        loop.call_soon(loop.stop)

    run: Callable[[Coroutine[Any, Any, None]], object] = asyncio.run
    run(go())
    assert ended == ["workers", 130]
