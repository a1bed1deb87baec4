from __future__ import annotations

import asyncio

import pytest

from bistro.serving import overseer
from bistro.serving.overseer import Overseer


class Request:
    def __init__(self) -> None:
        self.looks: list[float] = []
        self.looked = asyncio.Event()

    def look(self, now: float) -> None:
        self.looks.append(now)
        self.looked.set()


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(overseer, "TURN_SECONDS", 0)


async def turn(count: int = 1) -> None:
    for _ in range(count):
        await asyncio.sleep(0)


def test_what_lasts_is_looked_at_again_and_again_and_what_is_over_is_not() -> None:
    async def go() -> tuple[int, int]:
        all_requests, short, long = Overseer(), Request(), Request()
        all_requests.add(short)
        all_requests.add(long)
        all_requests.remove(short)
        for _ in range(3):
            await asyncio.wait_for(long.looked.wait(), 10)
            long.looked.clear()
        all_requests.remove(long)
        count = len(long.looks)
        await turn(20)
        return len(short.looks), len(long.looks) - count

    assert asyncio.run(go()) == (0, 0)


def test_the_first_turn_passes_over_what_has_just_begun() -> None:
    async def go() -> list[float]:
        all_requests, request = Overseer(), Request()
        all_requests.add(request)
        all_requests._turn()
        return list(request.looks)

    assert asyncio.run(go()) == []


def test_the_timer_stops_where_nothing_is_under_way_and_starts_again() -> None:
    async def go() -> tuple[object, list[float]]:
        all_requests, request = Overseer(), Request()
        all_requests.add(request)
        all_requests.remove(request)
        await turn(5)
        idle = all_requests._loop
        all_requests.add(request)
        await asyncio.wait_for(request.looked.wait(), 10)
        return idle, request.looks

    idle, looks = asyncio.run(go())
    assert idle is None
    assert looks


def test_it_goes_on_in_another_loop_where_the_first_was_closed_with_its_timer() -> None:
    all_requests = Overseer()

    async def add() -> Request:
        request = Request()
        assert all_requests.add(request) is asyncio.get_running_loop()
        return request

    async def add_and_wait() -> None:
        request = await add()
        await asyncio.wait_for(request.looked.wait(), 10)

    asyncio.run(add())
    asyncio.run(add_and_wait())
