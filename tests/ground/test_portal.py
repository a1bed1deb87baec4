from __future__ import annotations

import asyncio
import threading

import pytest

from bistro.ground.portal import Portal


async def nothing() -> None:
    pass


@pytest.fixture
def portal():
    portal = Portal()
    yield portal
    portal.close(nothing())


def test_result_and_error_come_back(portal):
    async def answer():
        return 42

    async def fail():
        raise LookupError("lost")

    assert portal.run(answer()) == 42
    with pytest.raises(LookupError, match="lost"):
        portal.run(fail())


def test_all_calls_share_one_loop(portal):
    async def loop():
        return asyncio.get_running_loop()

    assert portal.run(loop()) is portal.run(loop())


def test_several_threads_may_use_it(portal):
    async def name():
        return threading.current_thread().name

    results = []
    threads = [threading.Thread(target=lambda: results.append(portal.run(name()))) for _ in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == ["bistro portal"] * 5


def test_closing_runs_the_last_coroutine_and_cancels_what_is_left():
    log = []

    async def leave_behind():
        async def wait():
            try:
                await asyncio.Event().wait()
            finally:
                log.append("cancelled")

        task = asyncio.create_task(wait())
        await asyncio.sleep(0)
        return task

    async def last():
        log.append("last")

    portal = Portal()
    portal.run(leave_behind())
    portal.close(last())
    portal.close(last())
    assert log == ["last", "cancelled"]


def test_error_of_the_last_coroutine_comes_out_and_the_thread_ends():
    async def fail():
        raise LookupError("lost")

    before = threading.active_count()
    portal = Portal()
    portal.run(nothing())
    with pytest.raises(LookupError):
        portal.close(fail())
    assert threading.active_count() == before


def test_closing_from_inside_does_not_wait_for_itself():
    portal = Portal()
    ended = threading.Event()

    async def last():
        ended.set()

    async def close():
        portal.close(last())
        return threading.current_thread()

    thread = portal.run(close())
    assert ended.wait(10)
    thread.join(10)
    assert not thread.is_alive()
