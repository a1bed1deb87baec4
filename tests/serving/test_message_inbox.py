from __future__ import annotations

import asyncio

import pytest

from bistro.http import WebSocketDisconnected
from bistro.serving.message_inbox import COUNT_MAX, SIZE_MAX, MessageInbox


async def settle() -> None:
    for _ in range(3):
        await asyncio.sleep(0)


def test_messages_come_out_in_order_and_then_the_end() -> None:
    async def run() -> None:
        inbox = MessageInbox(lambda: None)
        inbox.put("one")
        inbox.put(b"two")
        inbox.close(1001, "bye")
        inbox.put("late")
        inbox.close(1006)
        assert [await inbox.get(), await inbox.get()] == ["one", b"two"]
        for _ in range(2):
            with pytest.raises(WebSocketDisconnected) as caught:
                await inbox.get()
            assert (caught.value.close_code, caught.value.reason) == (1001, "bye")

    asyncio.run(run())


def test_who_waits_gets_the_next_message_or_the_end() -> None:
    async def run() -> None:
        inbox = MessageInbox(lambda: None)
        waiting = asyncio.ensure_future(inbox.get())
        await settle()
        inbox.put("one")
        inbox.put("two")
        assert await waiting == "one"
        assert await inbox.get() == "two"
        waiting = asyncio.ensure_future(inbox.get())
        await settle()
        inbox.close(1000)
        with pytest.raises(WebSocketDisconnected):
            await waiting

    asyncio.run(run())


def test_a_message_is_not_lost_with_a_waiter_that_is_cancelled() -> None:
    async def run() -> None:
        inbox = MessageInbox(lambda: None)
        waiting = asyncio.ensure_future(inbox.get())
        await settle()
        inbox.put("one")
        waiting.cancel()
        inbox.put("two")
        await settle()
        assert waiting.cancelled()
        assert [await inbox.get(), await inbox.get()] == ["one", "two"]

    asyncio.run(run())


@pytest.mark.parametrize("message", ["x", "x" * (SIZE_MAX // 2)])
def test_it_is_full_by_count_and_by_size_and_says_when_there_is_room(message: str) -> None:
    async def run() -> None:
        calls: list[bool] = []
        inbox = MessageInbox(lambda: calls.append(inbox.is_full))
        count = 0
        while not inbox.is_full:
            inbox.put(message)
            count += 1
        assert count == min(COUNT_MAX, SIZE_MAX // len(message))
        assert calls == []
        for _ in range(count):
            await inbox.get()
        assert calls == [False]
        inbox.forget()
        for _ in range(count):
            inbox.put(message)
        await inbox.get()
        assert calls == [False]

    asyncio.run(run())
