"""The queue: in order, patient, bounded, and drained at the end."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from contextvars import ContextVar

import pytest

from bistro.mail import MailQueueFull, MailRefused, MailUnavailable, Message, Outbox, Sent


def message(subject: str) -> Message:
    return Message(to="ada@example.com", subject=subject, sender="shop@example.com")


class Fake:
    """Sends by writing the subject down; `fail` may raise."""

    def __init__(self, fail: Callable[[str, int], Exception | None] = lambda subject, number: None) -> None:
        self.log: list[str] = []
        self.fail = fail
        self.gate = asyncio.Event()
        self.gate.set()

    async def send(self, message: Message) -> None:
        await self.gate.wait()
        error = self.fail(message.subject, sum(message.subject in each for each in self.log))
        self.log.append(f"{message.subject} failed" if error else message.subject)
        if error:
            raise error

    async def close(self) -> None:
        if self.log and self.log[-1] != "closed":
            self.log.append("closed")


def test_messages_go_in_order_and_the_connection_ends_with_the_last() -> None:
    fake = Fake()

    async def run() -> None:
        outbox = Outbox(fake)
        for subject in "abc":
            await outbox.put(message(subject))
        await outbox.wait()

    asyncio.run(run())
    assert fake.log == ["a", "b", "c", "closed"]


def test_server_that_is_down_is_tried_again_before_the_next_message() -> None:
    fake = Fake(lambda subject, number: MailUnavailable("down") if subject == "a" and number < 2 else None)
    told: list[Sent] = []

    async def run() -> None:
        outbox = Outbox(fake, pauses_seconds=(0, 0, 0), note=told.append)
        await outbox.put(message("a"))
        await outbox.put(message("b"))
        await outbox.wait()

    asyncio.run(run())
    assert fake.log == ["a failed", "a failed", "a", "b", "closed"]
    assert [each.error for each in told] == ["down", "down", "", ""]


@pytest.mark.parametrize("error", [MailRefused("no such user"), RuntimeError("a bug")])
def test_refused_message_is_logged_and_keeps_none_behind_it(
    error: Exception, caplog: pytest.LogCaptureFixture
) -> None:
    fake = Fake(lambda subject, number: error if subject == "a" else None)

    async def run() -> None:
        outbox = Outbox(fake, pauses_seconds=(0, 0, 0))
        await outbox.put(message("a"))
        await outbox.put(message("b"))
        await outbox.wait()

    with caplog.at_level(logging.ERROR, logger="bistro.mail"):
        asyncio.run(run())
    assert fake.log == ["a failed", "b", "closed"]
    assert [record.getMessage() for record in caplog.records] == ["mail not sent"]


def test_queue_is_bounded() -> None:
    async def run() -> None:
        fake = Fake()
        fake.gate.clear()
        outbox = Outbox(fake, waiting_max=2)
        await outbox.put(message("a"))
        await outbox.put(message("b"))
        with pytest.raises(MailQueueFull):
            await outbox.put(message("c"))
        fake.gate.set()
        await outbox.close()
        assert fake.log[:2] == ["a", "b"]

    asyncio.run(run())


def test_queue_is_bounded_in_bytes_too() -> None:
    async def run() -> None:
        fake = Fake()
        fake.gate.clear()
        outbox = Outbox(fake, waiting_size_max=10)
        await outbox.put(Message(to="ada@example.com", subject="a", text="x" * 100))  # one is always taken
        with pytest.raises(MailQueueFull):
            await outbox.put(Message(to="ada@example.com", subject="b", text="x"))
        fake.gate.set()
        await outbox.wait()
        await outbox.put(Message(to="ada@example.com", subject="c", text="x"))
        await outbox.close()
        assert fake.log == ["a", "closed", "c", "closed"]

    asyncio.run(run())


def test_messages_have_nothing_of_the_request_that_came_first() -> None:
    seen: list[str] = []
    request = ContextVar("request", default="none")

    class Looking(Fake):
        async def send(self, message: Message) -> None:
            seen.append(request.get())

    async def run() -> None:
        request.set("the first")
        outbox = Outbox(Looking())
        await outbox.put(message("a"))
        await outbox.wait()

    asyncio.run(run())
    assert seen == ["none"]


def test_stop_sends_what_waits_without_pauses() -> None:
    fake = Fake(lambda subject, number: MailUnavailable("down") if subject == "a" and number == 0 else None)

    async def run() -> None:
        outbox = Outbox(fake, pauses_seconds=(3_600, 3_600))
        await outbox.put(message("a"))
        await outbox.put(message("b"))
        await asyncio.sleep(0)
        await outbox.close()

    asyncio.run(run())
    assert fake.log == ["a failed", "a", "b", "closed"]


def test_stop_gives_up_in_the_end_and_says_what_is_lost(caplog: pytest.LogCaptureFixture) -> None:
    fake = Fake()

    async def run() -> None:
        fake.gate.clear()
        outbox = Outbox(fake)
        await outbox.put(message("a"))
        await outbox.put(message("b"))
        await outbox.close(seconds=0.01)

    with caplog.at_level(logging.ERROR, logger="bistro.mail"):
        asyncio.run(run())
    assert fake.log == []
    assert [record.getMessage() for record in caplog.records] == ["mails lost, since the site stops"]


def test_outbox_opens_again_after_a_stop() -> None:
    fake = Fake()
    outbox = Outbox(fake)

    async def run(subject: str) -> None:
        await outbox.open()
        await outbox.put(message(subject))
        await outbox.close()

    asyncio.run(run("a"))
    asyncio.run(run("b"))
    assert fake.log == ["a", "closed", "b", "closed"]


def test_message_that_is_waited_for_raises_what_went_wrong() -> None:
    async def run() -> None:
        fake = Fake(lambda subject, number: MailRefused("no"))
        with pytest.raises(MailRefused):
            await Outbox(fake).send_now(message("a"))
        assert fake.log == ["a failed", "closed"]

    asyncio.run(run())


def test_transport_has_one_message_at_a_time() -> None:
    running: list[int] = []

    class Counting(Fake):
        busy = 0

        async def send(self, message: Message) -> None:
            self.busy += 1
            running.append(self.busy)
            await asyncio.sleep(0)
            self.busy -= 1

    async def run() -> None:
        outbox = Outbox(Counting())
        await outbox.put(message("a"))
        await asyncio.gather(*(outbox.send_now(message("b")) for _ in range(5)))
        await outbox.wait()

    asyncio.run(run())
    assert running == [1] * 6
