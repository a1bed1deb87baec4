"""How often somebody may try: counted by time, by what and by whom."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bistro.db import Database as OpenDatabase
from bistro.db import create_tables
from bistro.http import TooManyRequests
from bistro.plugins.accounts.throttle import PER_MINUTE, PURGE_EACH, TRIES_MAX, Attempts, Throttle
from bistro.plugins.rate_limit import Limit
from bistro.testing import FakeClock

ANN = ("ann", PER_MINUTE)
Story = Callable[[Throttle, FakeClock], Awaitable[Any]]


def tell(story: Story) -> Any:
    """What a story gives that has an empty table to itself."""

    async def run() -> Any:
        async with OpenDatabase("sqlite://"):
            await create_tables(Attempts)
            clock = FakeClock()
            return await story(Throttle(clock), clock)

    return asyncio.run(run())


async def try_to(throttle: Throttle, *whos: tuple[str, Limit], what: str = "log in") -> str:
    """ "yes", or how long to wait."""
    try:
        await throttle.take(what, *whos)
    except TooManyRequests as refused:
        return f"{refused.headers['retry-after']} s"
    return "yes"


def test_five_in_a_minute_go_through_and_one_more_each_twelve_seconds() -> None:
    async def story(throttle: Throttle, clock: FakeClock) -> list[str]:
        said = [await try_to(throttle, ANN) for _ in range(6)]
        for seconds in (11, 1, 0, 48, 0, 12):
            clock.advance(seconds)
            said.append(await try_to(throttle, ANN))
        return said

    assert tell(story) == ["yes"] * 5 + ["12 s", "1 s", "yes", "12 s", "yes", "yes", "yes"]


def test_each_name_each_act_and_each_limit_is_counted_by_itself() -> None:
    async def story(throttle: Throttle, clock: FakeClock) -> list[str]:
        for _ in range(5):
            await throttle.take("log in", ANN)
        return [
            await try_to(throttle, ANN),
            await try_to(throttle, ("bob", PER_MINUTE)),
            await try_to(throttle, ANN, what="reset"),
            await try_to(throttle, ("ann", Limit(6, 60))),
            await try_to(throttle, ("ann", Limit(5, 61))),
            await try_to(throttle, ("in ann", PER_MINUTE), what="log"),
        ]

    assert tell(story) == ["12 s", "yes", "yes", "yes", "yes", "yes"]


def test_one_of_several_who_has_none_left_is_enough_to_refuse() -> None:
    async def story(throttle: Throttle, clock: FakeClock) -> list[object]:
        for _ in range(5):
            await throttle.take("log in", ANN)
        bob = ("bob", PER_MINUTE)
        return [
            await try_to(throttle, bob, ANN),
            await try_to(throttle, ANN, bob),
            await throttle.count("log in", bob, ANN),
            await throttle.count("log in", ANN, bob),
            await throttle.count("log in", bob),
        ]

    assert tell(story) == ["12 s", "12 s", False, False, True]


@settings(max_examples=10, deadline=None)
@given(st.lists(st.sampled_from(["take", "count", "give back", "forget", "wait"]), max_size=25))
def test_attempts_are_what_a_bucket_of_tokens_says(acts: list[str]) -> None:
    """The bucket in whole seconds: it holds 60, an attempt costs 12, and one comes back each second."""

    async def story(throttle: Throttle, clock: FakeClock) -> None:
        level = 60
        for act in acts:
            if act == "wait":
                clock.advance(7)
                level = min(60, level + 7)
            elif act == "forget":
                await throttle.forget("x", ANN)
                level = 60
            elif act == "give back":
                await throttle.give_back("x", ANN)
                level = min(60, level + 12)
            else:
                allowed = (
                    await try_to(throttle, ANN, what="x") == "yes"
                    if act == "take"
                    else await throttle.count("x", ANN)
                )
                assert allowed is (level >= 12)
                level -= 12 if allowed else 0

    tell(story)


def test_attempt_of_nobody_cannot_be_given_back() -> None:
    async def story(throttle: Throttle, clock: FakeClock) -> list[str]:
        await throttle.give_back("log in", ANN)
        return [await try_to(throttle, ANN) for _ in range(6)]

    assert tell(story) == ["yes"] * 5 + ["12 s"]


def test_claim_is_the_first_ones_until_its_time_is_over() -> None:
    async def story(throttle: Throttle, clock: FakeClock) -> list[bool]:
        claims = [await throttle.claim("link", which, 900) for which in ("a", "a", "b")]
        for seconds in (899, 1):
            clock.advance(seconds)
            claims.append(await throttle.claim("link", "a", 900))
        return claims

    assert tell(story) == [True, False, True, False, True]


def test_claim_of_many_requests_at_once_is_given_to_one() -> None:
    async def story(throttle: Throttle, clock: FakeClock) -> list[bool]:
        return sorted(await asyncio.gather(*(throttle.claim("link", "a", 900) for _ in range(10))))

    assert tell(story) == [False] * 9 + [True]


def test_what_counts_for_nothing_any_more_is_removed_now_and_then() -> None:
    async def story(throttle: Throttle, clock: FakeClock) -> list[int]:
        await throttle.take("log in", ANN)
        await throttle.take("log in", ("bob", Limit(1, 3_600)))
        clock.advance(12)
        counts = [await throttle.purge(), await Attempts.objects.count()]
        clock.advance(3_600)
        for number in range(2, PURGE_EACH - 1):
            await throttle.forget("log in", (str(number), PER_MINUTE))
            await throttle._take("key", PER_MINUTE)
        counts.append(await Attempts.objects.count())
        await throttle._take("key", PER_MINUTE)
        return [*counts, await Attempts.objects.count()]

    assert tell(story) == [1, 1, 2, 1]


@pytest.mark.parametrize("evenly", [True, False])
def test_who_never_gets_a_turn_among_others_is_refused(monkeypatch: pytest.MonkeyPatch, evenly: bool) -> None:
    tries = []

    async def keep(self: Throttle, *row: object) -> bool:
        tries.append(row)
        return False  # another attempt was counted meanwhile, each time

    monkeypatch.setattr(Throttle, "_keep", keep)

    async def story(throttle: Throttle, clock: FakeClock) -> object:
        return await (throttle.count("log in", ANN) if evenly else try_to(throttle, ANN))

    assert tell(story) == (False if evenly else "12 s")
    assert len(tries) == TRIES_MAX


def test_names_are_not_kept_as_they_were_typed() -> None:
    async def story(throttle: Throttle, clock: FakeClock) -> str:
        await throttle.take("log in", ("a password by mistake \ud800", PER_MINUTE))
        return repr(await Attempts.objects.all())

    assert "mistake" not in tell(story)
