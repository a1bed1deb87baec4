"""First steps in place and later ones as a task: to the coroutine it is one task all along."""

from __future__ import annotations

import asyncio
import contextvars
import sys
from collections.abc import Coroutine
from contextvars import Context, copy_context
from typing import Any

import pytest

from bistro.serving.eager import CARRIERS_COUNT, EagerRunner
from tests.serving.support import both_loops, run, settle

__all__ = ["both_loops"]
variable: contextvars.ContextVar[str] = contextvars.ContextVar("variable", default="unset")
on_carriers = pytest.mark.skipif(sys.version_info >= (3, 12), reason="Python has eager tasks of its own")


class Lane:
    """A runner, and what it was told."""

    def __init__(self) -> None:
        self.runner = EagerRunner(asyncio.get_running_loop())
        self.done: list[asyncio.Task[None]] = []

    async def start(
        self, coroutine: Coroutine[Any, Any, None], context: Context | None = None
    ) -> asyncio.Task[None] | None:
        """Start `coroutine` as a protocol does: from the event loop, outside of any task."""
        loop = asyncio.get_running_loop()
        started: asyncio.Future[asyncio.Task[None] | None] = loop.create_future()

        def start() -> None:
            try:
                started.set_result(self.runner.start(coroutine, context or copy_context(), self.done.append))
            except BaseException as error:
                started.set_exception(error)

        loop.call_soon(start)
        return await started


def play(script: Any) -> Any:
    """Run `script(lane, log)` with a runner that is ready."""

    async def go() -> Any:
        lane = Lane()
        await lane.runner.prepare()
        try:
            return await script(lane, [])
        finally:
            await lane.runner.close()

    return run(go())


def test_what_never_suspends_is_done_at_once_and_nobody_is_told() -> None:
    async def script(lane: Lane, log: list[Any]) -> Any:
        async def quick() -> None:
            log.append("ran")

        task = await lane.start(quick())
        return task, log, lane.done

    assert play(script) == (None, ["ran"], [])


def test_what_suspends_goes_on_as_a_task_and_its_end_is_told_once() -> None:
    async def script(lane: Lane, log: list[Any]) -> Any:
        async def slow() -> None:
            log.append(1)
            await gate.wait()
            log.append(2)

        gate = asyncio.Event()
        task = await lane.start(slow())
        first = list(log)
        gate.set()
        await settle()
        return first, log, lane.done == [task]

    assert play(script) == ([1], [1, 2], True)


def test_the_current_task_is_the_same_in_every_step_and_none_outside() -> None:
    async def script(lane: Lane, log: list[Any]) -> Any:
        async def look() -> None:
            log.append(asyncio.current_task())
            await asyncio.sleep(0)
            log.append(asyncio.current_task())
            await asyncio.sleep(0.001)
            log.append(asyncio.current_task())

        task = await lane.start(look())
        outside: list[Any] = []
        asyncio.get_running_loop().call_soon(lambda: outside.append(asyncio.current_task()))
        await asyncio.sleep(0.01)
        return set(log) == {task}, outside, len(log)

    assert play(script) == (True, [None], 3)


def test_no_two_requests_that_wait_are_the_same_task() -> None:
    async def script(lane: Lane, log: list[Any]) -> Any:
        async def wait() -> None:
            log.append(asyncio.current_task())
            await asyncio.sleep(0)

        for _ in range(100):
            await lane.start(wait())
            await settle(4)
        return len(set(log)), len({task.get_name() for task in log})

    assert play(script) == (100, 100)


def test_done_callbacks_that_a_handler_adds_are_called_when_it_ends() -> None:
    async def script(lane: Lane, log: list[Any]) -> Any:
        async def wait() -> None:
            task = asyncio.current_task()
            assert task is not None
            task.add_done_callback(lambda _: log.append("called"))
            await asyncio.sleep(0)

        await lane.start(wait())
        await settle()
        return log

    assert play(script) == ["called"]


def test_a_name_that_a_handler_gives_its_task_is_not_met_by_the_next_request() -> None:
    async def script(lane: Lane, log: list[Any]) -> Any:
        async def name() -> None:
            task = asyncio.current_task()
            assert task is not None
            log.append(task.get_name())
            task.set_name("mine")

        for _ in range(40):
            await lane.start(name())
        return "mine" in log

    assert not play(script)


def test_context_variables_are_the_request_s_own_in_every_step() -> None:
    async def script(lane: Lane, log: list[Any]) -> Any:
        async def set_and_look(value: str) -> None:
            log.append(variable.get())
            variable.set(value)
            await asyncio.sleep(0)
            log.append(variable.get() == value)
            variable.set(value + "2")
            await asyncio.sleep(0.001)
            log.append(variable.get() == value + "2")

        await asyncio.gather(*(lane.start(set_and_look(str(number))) for number in range(50)))
        await asyncio.sleep(0.02)
        return sorted(map(str, set(log))), variable.get()

    assert play(script) == (["True", "unset"], "unset")


def test_a_task_that_a_handler_makes_inherits_its_context() -> None:
    async def script(lane: Lane, log: list[Any]) -> Any:
        async def look() -> None:
            log.append(variable.get())

        async def make() -> None:
            variable.set("outer")
            await asyncio.create_task(look())
            await asyncio.create_task(look())

        await lane.start(make())
        await settle()
        return log

    assert play(script) == ["outer", "outer"]


@pytest.mark.parametrize("steps_before", [0, 1])
def test_time_outs_strike_in_first_and_in_later_steps(steps_before: int) -> None:
    async def script(lane: Lane, log: list[Any]) -> Any:
        async def hurry() -> None:
            for _ in range(steps_before):
                await asyncio.sleep(0)
            try:
                async with asyncio.timeout(0.001):
                    await asyncio.Event().wait()
            except TimeoutError:
                log.append("time-out")
            async with asyncio.timeout(1):
                await asyncio.sleep(0)
            task = asyncio.current_task()
            assert task is not None
            log.append(task.cancelling())

        await lane.start(hurry())
        await asyncio.sleep(0.02)
        return log

    assert play(script) == ["time-out", 0]


@pytest.mark.parametrize("seconds", [0, -1])
def test_a_time_out_that_is_over_before_it_began_strikes_too(seconds: float) -> None:
    async def script(lane: Lane, log: list[Any]) -> Any:
        async def hurry() -> None:
            try:
                async with asyncio.timeout(seconds):
                    await asyncio.sleep(1)
            except TimeoutError:
                log.append("time-out")

        await lane.start(hurry())
        await settle()
        return log

    assert play(script) == ["time-out"]


@pytest.mark.parametrize("steps_before", [0, 1])
def test_task_groups_work_in_first_and_in_later_steps(steps_before: int) -> None:
    async def script(lane: Lane, log: list[Any]) -> Any:
        async def fail() -> None:
            await asyncio.sleep(0)
            raise ValueError("failed")

        async def wait() -> None:
            try:
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                log.append("cancelled")
                raise

        async def group() -> None:
            for _ in range(steps_before):
                await asyncio.sleep(0)
            try:
                async with asyncio.TaskGroup() as tasks:
                    tasks.create_task(wait())
                    tasks.create_task(fail())
            except* ValueError:
                log.append("failed")
            async with asyncio.TaskGroup() as tasks:
                log.append(await tasks.create_task(asyncio.sleep(0, "result")))

        await lane.start(group())
        await settle()
        return log

    assert play(script) == ["cancelled", "failed", "result"]


@pytest.mark.parametrize("turns", [0, 1, 3])
def test_a_request_that_is_cancelled_hears_it_wherever_it_waits(turns: int) -> None:
    async def script(lane: Lane, log: list[Any]) -> Any:
        async def wait() -> None:
            try:
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                log.append("heard")
                await asyncio.sleep(0)
                log.append("cleaned up")
                raise

        task = await lane.start(wait())
        await settle(turns)
        assert task is not None
        task.cancel()
        await settle()
        return log, len(lane.done)

    assert play(script) == (["heard", "cleaned up"], 1)


def test_a_bare_step_is_cancelled_too() -> None:
    async def script(lane: Lane, log: list[Any]) -> Any:
        async def step() -> None:
            try:
                await asyncio.sleep(0)
                log.append("went on")
            except asyncio.CancelledError:
                log.append("heard")

        task = await lane.start(step())
        assert task is not None
        task.cancel()
        await settle()
        return log

    assert play(script) in (["heard"], ["went on"])


def test_what_a_cancelled_request_waits_for_is_cancelled_before_it() -> None:
    async def script(lane: Lane, log: list[Any]) -> Any:
        async def inner() -> None:
            try:
                await asyncio.Event().wait()
            finally:
                await asyncio.sleep(0)
                log.append("inner")

        async def outer() -> None:
            try:
                await asyncio.gather(inner(), inner())
            finally:
                log.append("outer")

        task = await lane.start(outer())
        assert task is not None
        await asyncio.sleep(0)
        task.cancel()
        await settle()
        return log

    assert play(script) == ["inner", "inner", "outer"]


@pytest.mark.parametrize("suspends", [False, True])
def test_a_handler_may_cancel_itself(suspends: bool) -> None:
    async def script(lane: Lane, log: list[Any]) -> Any:
        async def cancel() -> None:
            task = asyncio.current_task()
            assert task is not None
            task.cancel()
            if suspends:
                try:
                    await asyncio.sleep(10)
                except asyncio.CancelledError:
                    log.append("cancelled")
                    raise

        async def quick() -> None:
            task = asyncio.current_task()
            assert task is not None
            log.append(task.cancelling())
            await asyncio.sleep(0)
            log.append("next")

        await lane.start(cancel())
        await settle()
        await lane.start(quick())
        await settle()
        return log

    assert play(script) == ["cancelled"] * suspends + [0, "next"]


def test_a_first_step_that_ends_cancelled_is_an_end() -> None:
    async def script(lane: Lane, log: list[Any]) -> Any:
        async def give_up() -> None:
            raise asyncio.CancelledError

        async def quick() -> None:
            log.append("next")

        for _ in range(100):
            assert await lane.start(give_up()) is None
        await lane.start(quick())
        return log

    assert play(script) == ["next"]


def test_an_error_in_a_later_step_is_the_task_s() -> None:
    async def script(lane: Lane, log: list[Any]) -> Any:
        async def fail() -> None:
            await asyncio.sleep(0)
            raise ValueError("late")

        task = await lane.start(fail())
        await settle()
        assert task is not None
        return repr(task.exception()), len(lane.done)

    assert play(script) == ("ValueError('late')", 1)


@on_carriers
def test_an_error_in_the_first_step_is_raised_and_the_carrier_lives() -> None:
    async def script(lane: Lane, log: list[Any]) -> Any:
        async def fail() -> None:
            raise ValueError("early")

        for _ in range(CARRIERS_COUNT + 1):
            with pytest.raises(ValueError, match="early"):
                await lane.start(fail())
        return len(lane.runner._idle)

    assert play(script) == CARRIERS_COUNT


@on_carriers
def test_thousands_of_requests_of_every_kind_leave_as_many_carriers_as_are_needed() -> None:
    async def script(lane: Lane, log: list[Any]) -> Any:
        async def quick() -> None:
            pass

        async def slow() -> None:
            await asyncio.sleep(0)

        async def cancel_itself() -> None:
            task = asyncio.current_task()
            assert task is not None
            task.cancel()

        for number in range(3000):
            kind = (quick, slow, cancel_itself)[number % 3]
            task = await lane.start(kind())
            if task is not None and number % 2:
                task.cancel()
        await settle()
        others = asyncio.all_tasks() - {asyncio.current_task()}
        return len(lane.runner._idle), len(others)

    idle, tasks = play(script)
    assert CARRIERS_COUNT <= idle <= CARRIERS_COUNT + 20
    assert tasks == idle + 1  # and the one that the test runs in


@on_carriers
def test_more_requests_than_carriers_at_once_are_all_served() -> None:
    async def script(lane: Lane, log: list[Any]) -> Any:
        gate = asyncio.Event()

        async def wait(number: int) -> None:
            variable.set(str(number))
            await gate.wait()
            log.append((number, variable.get()))

        def start_all() -> None:
            for number in range(600):
                lane.runner.start(wait(number), copy_context(), lane.done.append)

        asyncio.get_running_loop().call_soon(start_all)
        await settle()
        gate.set()
        await settle()
        return sorted(log) == [(number, str(number)) for number in range(600)], len(lane.done)

    assert play(script) == (True, 600)


@on_carriers
def test_idle_carriers_that_somebody_cancels_are_used_no_more() -> None:
    async def script(lane: Lane, log: list[Any]) -> Any:
        async def slow() -> None:
            await asyncio.sleep(0)
            log.append("ran")

        for carrier in list(lane.runner._idle):
            carrier.task.cancel()
        await settle()
        assert lane.runner._idle == []
        await lane.start(slow())
        await settle()
        return log

    assert play(script) == ["ran"]


def test_closing_the_runner_leaves_no_task() -> None:
    async def go() -> int:
        lane = Lane()
        await lane.runner.prepare()
        await lane.runner.close()
        return len(asyncio.all_tasks() - {asyncio.current_task()})

    before: int = run(go())
    assert before <= 1  # the one that the test runs in
