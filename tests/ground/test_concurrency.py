"""Threads for blocking code. A test decides with events when a function may go on; none sleeps."""

from __future__ import annotations

import asyncio
import gc
import subprocess
import sys
import threading
import weakref
from collections.abc import Iterator
from contextvars import ContextVar

import pytest

from bistro.ground.concurrency import ThreadPool, run_in_thread

WAIT_SECONDS = 20


@pytest.fixture
def pool() -> Iterator[ThreadPool]:
    pool = ThreadPool(2)
    yield pool
    assert pool.close(WAIT_SECONDS)


class Gate:
    """A blocking function that tells when it has begun and ends when it is let go."""

    def __init__(self) -> None:
        self.begun = threading.Event()
        self.may_end = threading.Event()
        self.ended = False

    def __call__(self) -> str:
        self.begun.set()
        assert self.may_end.wait(WAIT_SECONDS)
        self.ended = True
        return "passed"

    async def wait_for_begin(self) -> None:
        await asyncio.get_running_loop().run_in_executor(None, self.begun.wait, WAIT_SECONDS)
        assert self.begun.is_set()


def test_result_of_the_function_comes_back(pool: ThreadPool):
    assert asyncio.run(pool.run(divmod, 7, 2)) == (3, 1)


def test_keyword_arguments_are_passed_on(pool: ThreadPool):
    assert asyncio.run(pool.run(sorted, [1, 3, 2], reverse=True)) == [3, 2, 1]


def test_function_runs_in_another_thread(pool: ThreadPool):
    assert asyncio.run(pool.run(threading.get_ident)) != threading.get_ident()


def test_error_of_the_function_is_raised_where_it_was_called(pool: ThreadPool):
    with pytest.raises(ZeroDivisionError):
        asyncio.run(pool.run(divmod, 1, 0))


def test_stop_iteration_arrives_as_runtime_error_and_does_not_hang(pool: ThreadPool):
    with pytest.raises(RuntimeError, match="StopIteration"):
        asyncio.run(pool.run(next, iter([])))


def test_pool_works_on_after_an_error(pool: ThreadPool):
    async def main() -> str:
        for _ in range(5):
            with pytest.raises(ZeroDivisionError):
                await pool.run(divmod, 1, 0)
        return await pool.run(str.upper, "ok")

    assert asyncio.run(main()) == "OK"


def test_event_loop_goes_on_while_the_function_blocks(pool: ThreadPool):
    async def main() -> str:
        gate = Gate()
        call = asyncio.create_task(pool.run(gate))
        await gate.wait_for_begin()
        gate.may_end.set()  # only a running loop gets here
        return await call

    assert asyncio.run(main()) == "passed"


def test_context_variables_are_seen_and_what_the_function_sets_stays_inside(pool: ThreadPool):
    variable: ContextVar[str] = ContextVar("variable", default="nobody")

    def read_and_change() -> str:
        seen = variable.get()
        variable.set("changed in the thread")
        return seen

    async def main() -> tuple[str, str]:
        variable.set("caller")
        return await pool.run(read_and_change), variable.get()

    assert asyncio.run(main()) == ("caller", "caller")


def test_two_calls_at_once_see_each_its_own_context(pool: ThreadPool):
    user: ContextVar[str] = ContextVar("user")

    async def call(name: str) -> str:
        user.set(name)
        return await pool.run(user.get)

    async def main() -> list[str]:
        return await asyncio.gather(call("ada"), call("bob"))

    assert asyncio.run(main()) == ["ada", "bob"]


def test_no_more_threads_run_than_allowed_and_the_rest_waits(pool: ThreadPool):
    async def main() -> None:
        gates = [Gate() for _ in range(5)]
        calls = [asyncio.create_task(pool.run(gate)) for gate in gates]
        await gates[0].wait_for_begin()
        await gates[1].wait_for_begin()
        statistics = pool.statistics()
        assert (statistics.threads, statistics.running, statistics.waiting) == (2, 2, 3)
        assert not gates[2].begun.is_set()
        for gate in gates:
            gate.may_end.set()
        assert await asyncio.gather(*calls) == ["passed"] * 5

    asyncio.run(main())


def test_threads_are_started_only_when_needed(pool: ThreadPool):
    assert pool.statistics().threads == 0

    asyncio.run(pool.run(int))

    assert pool.statistics().threads == 1


def test_statistics_count_what_was_finished():
    pool = ThreadPool(2)
    asyncio.run(pool.run(int))
    pool.close()

    statistics = pool.statistics()

    assert (statistics.finished, statistics.running, statistics.waiting) == (1, 0, 0)


def test_cancelling_a_call_that_waits_for_a_thread_ends_it_at_once_and_never_runs_it():
    pool = ThreadPool(1)

    async def main() -> Gate:
        first, second = Gate(), Gate()
        running = asyncio.create_task(pool.run(first))
        await first.wait_for_begin()
        waiting = asyncio.create_task(pool.run(second))
        await asyncio.sleep(0)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        first.may_end.set()
        await running
        await pool.run(int)
        return second

    assert not asyncio.run(main()).begun.is_set()
    assert pool.close()


def test_cancelling_a_call_that_runs_ends_it_only_when_the_function_has_ended(pool: ThreadPool):
    async def main() -> bool:
        gate = Gate()
        call = asyncio.create_task(pool.run(gate))
        await gate.wait_for_begin()
        call.cancel()
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        assert not call.done()
        gate.may_end.set()
        with pytest.raises(asyncio.CancelledError):
            await call
        return gate.ended

    assert asyncio.run(main())


def test_cancelling_twice_gives_up_a_function_that_does_not_end(pool: ThreadPool):
    async def main() -> None:
        gate = Gate()
        call = asyncio.create_task(pool.run(gate))
        await gate.wait_for_begin()
        call.cancel()
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await call
        assert not gate.ended
        gate.may_end.set()

    asyncio.run(main())


def test_cancelling_in_the_moment_in_which_the_answer_arrives_does_not_hang(pool: ThreadPool):
    async def main() -> None:
        for _ in range(300):
            call = asyncio.create_task(pool.run(int))
            await asyncio.sleep(0)
            call.cancel()
            with pytest.raises(asyncio.CancelledError):
                await asyncio.wait_for(asyncio.shield(call), WAIT_SECONDS)

    asyncio.run(main())


def test_timeout_around_a_call_is_a_cancellation(pool: ThreadPool):
    async def main() -> None:
        gate = Gate()
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(None) as limit:
                call = asyncio.create_task(pool.run(gate))
                await gate.wait_for_begin()
                limit.reschedule(0)
                asyncio.get_running_loop().call_soon(gate.may_end.set)
                await call
        assert gate.ended

    asyncio.run(main())


def test_closed_pool_refuses_work():
    pool = ThreadPool(1)
    pool.close()

    with pytest.raises(RuntimeError, match="closed"):
        asyncio.run(pool.run(int))


def test_close_waits_for_the_work_in_hand():
    pool = ThreadPool(1)
    gate = Gate()

    async def main() -> str:
        call = asyncio.create_task(pool.run(gate))
        await gate.wait_for_begin()
        asyncio.get_running_loop().call_later(0.01, gate.may_end.set)
        assert await run_in_thread(pool.close)
        return await call

    assert asyncio.run(main()) == "passed"


def test_close_tells_when_a_function_does_not_end_in_time():
    pool = ThreadPool(1)
    gate = Gate()

    async def main() -> None:
        call = asyncio.create_task(pool.run(gate))
        await gate.wait_for_begin()
        assert pool.close(timeout_seconds=0) is False
        gate.may_end.set()
        await call

    asyncio.run(main())
    assert pool.close()


def test_closing_twice_is_fine():
    pool = ThreadPool(1)
    asyncio.run(pool.run(int))

    assert pool.close()
    assert pool.close()


def test_answer_for_a_loop_that_is_gone_is_dropped_and_the_thread_lives(pool: ThreadPool):
    gate = Gate()
    loop = asyncio.new_event_loop()

    async def begin() -> None:
        loop.create_task(pool.run(gate)).cancel()
        call = loop.create_task(pool.run(gate))
        await gate.wait_for_begin()
        call.cancel()
        await asyncio.sleep(0)
        call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await call

    loop.run_until_complete(begin())
    loop.run_until_complete(loop.shutdown_default_executor())
    loop.close()
    gate.may_end.set()

    assert asyncio.run(pool.run(str.upper, "ok")) == "OK"


def test_pool_serves_one_event_loop_after_another(pool: ThreadPool):
    assert [asyncio.run(pool.run(int)) for _ in range(3)] == [0, 0, 0]


def test_pool_keeps_no_result_alive(pool: ThreadPool):
    class Result:
        pass

    async def main() -> weakref.ref[Result]:
        reference = weakref.ref(await pool.run(Result))
        await pool.run(int)
        await pool.run(int)
        return reference

    reference = asyncio.run(main())
    gc.collect()
    assert reference() is None


def test_size_of_a_pool_is_at_least_one_and_by_default_at_most_32():
    with pytest.raises(ValueError, match="at least one"):
        ThreadPool(0)
    assert 5 <= ThreadPool().size_max <= 32


def test_run_in_thread_needs_no_pool():
    variable: ContextVar[str] = ContextVar("variable")

    async def main() -> tuple[str, int]:
        variable.set("seen")
        return await run_in_thread(variable.get), await run_in_thread(int, "12", base=8)

    assert asyncio.run(main()) == ("seen", 10)


def test_run_in_thread_raises_the_functions_error():
    with pytest.raises(ZeroDivisionError):
        asyncio.run(run_in_thread(divmod, 1, 0))


def test_run_in_thread_waits_for_a_running_function_when_cancelled():
    async def main() -> bool:
        gate = Gate()
        call = asyncio.create_task(run_in_thread(gate))
        await gate.wait_for_begin()
        call.cancel()
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        gate.may_end.set()
        with pytest.raises(asyncio.CancelledError):
            await call
        return gate.ended

    assert asyncio.run(main())


AT_THE_END = """
import asyncio, threading
from bistro.ground.concurrency import ThreadPool, run_in_thread

async def end():
    pool = ThreadPool(1)
    names = [await run_in_thread(str, "one"), await run_in_thread(str, "two"), await pool.run(str, "three")]
    assert pool.statistics().finished + pool.statistics().running == 1
    assert pool.close()
    print(*names)

def wait_for_the_end():
    threading.main_thread().join()
    loop.run_until_complete(end())

loop = asyncio.new_event_loop()
loop.run_until_complete(run_in_thread(str, "before"))
threading.Thread(target=wait_for_the_end).start()
"""


def test_work_is_still_done_while_the_interpreter_ends_and_gives_no_threads() -> None:
    ended = subprocess.run([sys.executable, "-c", AT_THE_END], capture_output=True, text=True, timeout=30)

    assert (ended.stdout, ended.stderr) == ("one two three\n", "")


def test_a_thread_that_cannot_start_while_requests_are_answered_is_an_error(
    pool: ThreadPool, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(thread: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    async def ask() -> None:
        with monkeypatch.context() as patch:
            patch.setattr(threading.Thread, "start", refuse)
            # The loop must not be held by work in its place.
            with pytest.raises(RuntimeError, match="new thread"):
                await pool.run(str)
        assert pool.statistics().waiting == 0
        assert await pool.run(str, "later") == "later"

    asyncio.run(ask())


def test_work_waits_for_the_threads_there_are_where_no_more_can_start(
    pool: ThreadPool, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(thread: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    async def ask() -> None:
        gate = Gate()
        first = asyncio.create_task(pool.run(gate))
        await gate.wait_for_begin()
        with monkeypatch.context() as patch:
            patch.setattr(threading.Thread, "start", refuse)
            second = asyncio.create_task(pool.run(str, "second"))
            await asyncio.sleep(0)
        gate.may_end.set()
        assert await first == "passed"
        assert await second == "second"

    asyncio.run(ask())
