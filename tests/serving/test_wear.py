from __future__ import annotations

import mmap

import pytest

from bistro.serving.memory import MemoryExchange
from bistro.serving.wear import AGE, JITTER, MEMORY, REQUESTS, Wear, WearLimits, read_memory
from tests.serving.support import OneFunctionApp


def plain_app() -> OneFunctionApp:
    return OneFunctionApp(lambda exchange: exchange.send(200, b"", b""))


def test_without_limits_the_app_is_served_as_it_is() -> None:
    app = plain_app()
    wear = Wear(WearLimits(), app)
    assert wear.app is app
    assert wear.find_reason() is None
    assert not WearLimits().are_set


def test_requests_are_counted_up_to_the_limit_and_a_tenth() -> None:
    wear = Wear(WearLimits(requests=20), plain_app())
    for _ in range(19):
        wear.app.handle(MemoryExchange("GET", "/"))
    assert wear.find_reason() is None
    for _ in range(int(20 * JITTER) + 1):
        wear.app.handle(MemoryExchange("GET", "/"))
    assert wear.find_reason() == REQUESTS


def test_an_app_that_is_counted_for_is_started_and_stopped_as_any() -> None:
    app = plain_app()
    wear = Wear(WearLimits(requests=20), app)
    wear.app.refuse(400, "", None)
    assert app.refusals == [(400, "")]


@pytest.mark.parametrize(("seconds", "reason"), [(99.0, None), (111.0, AGE)])
def test_age_counts_from_the_start(seconds: float, reason: bytes | None) -> None:
    times = iter([1000.0, 1000.0 + seconds])
    wear = Wear(WearLimits(age_seconds=100), plain_app(), now=lambda: next(times))
    assert wear.find_reason() == reason


@pytest.mark.parametrize(("mib", "reason"), [(1.0, MEMORY), (1e6, None)])
def test_memory_is_what_the_process_holds_now(mib: float, reason: bytes | None) -> None:
    assert Wear(WearLimits(memory_mib=mib), plain_app()).find_reason() == reason


def test_memory_grows_with_what_is_held() -> None:
    before = read_memory()
    # Fresh from the system: an allocator may give what it kept from earlier tests.
    with mmap.mmap(-1, 50_000_000) as held:
        held.write(b"x" * len(held))
        assert read_memory() - before > 30_000_000


def test_workers_do_not_all_come_to_their_limit_at_once() -> None:
    most = {Wear(WearLimits(requests=100_000), plain_app())._requests_max for _ in range(20)}
    assert len(most) > 10
    assert all(100_000 <= each <= 110_000 for each in most)
