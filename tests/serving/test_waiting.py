from __future__ import annotations

import asyncio

import pytest

from bistro.serving.waiting import wait_for_first

ended: list[str] = []


async def take(name: str, turns: int) -> str:
    try:
        for _ in range(turns):
            await asyncio.sleep(0)
    finally:
        ended.append(name)
    return name


def test_the_first_result_is_given_and_the_others_are_cancelled_and_cleaned_up() -> None:
    ended.clear()
    assert asyncio.run(wait_for_first(take("slow", 1000), take("quick", 2))) == "quick"
    assert ended == ["quick", "slow"]


def test_error_of_the_first_is_raised() -> None:
    async def fail() -> str:
        raise LookupError

    with pytest.raises(LookupError):
        asyncio.run(wait_for_first(take("slow", 1000), fail()))


def test_a_task_that_ends_first_gives_none_and_one_that_does_not_goes_on() -> None:
    async def go() -> tuple[str | None, str | None, bool]:
        done = asyncio.create_task(asyncio.sleep(0, 3))
        await done
        going_on = asyncio.create_task(asyncio.sleep(60, 3))
        first = await wait_for_first(take("slow", 1000), or_end_of=done)
        second = await wait_for_first(take("quick", 1), or_end_of=going_on)
        is_going_on = not going_on.done()
        going_on.cancel()
        return first, second, is_going_on

    assert asyncio.run(go()) == (None, "quick", True)
