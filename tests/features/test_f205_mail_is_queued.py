"""F205: sending is queued; whoever needs to know waits by another name."""

from __future__ import annotations

import asyncio

from bistro import App
from bistro.mail import Message
from bistro.plugins import Mail, Mailer
from bistro.testing import AsyncClient


class Slow:
    """A mail server that is slow until `go_on` is set."""

    def __init__(self) -> None:
        self.go_on = asyncio.Event()
        self.subjects: list[str] = []

    async def send(self, message: Message) -> None:
        await self.go_on.wait()
        self.subjects.append(message.subject)

    async def close(self) -> None:
        pass


def test_answer_does_not_wait_for_the_mail_server_and_a_stop_does() -> None:
    async def run() -> list[str]:
        slow = Slow()
        app = App(Mail(transport=slow))

        @app.post("/")
        async def send(mailer: Mailer) -> str:
            for subject in "abc":
                await mailer.send(Message(to="ada@example.com", subject=subject))
            return "thank you"

        async with AsyncClient(app) as client:
            assert (await client.post("/")).text == "thank you"
            assert slow.subjects == []
            slow.go_on.set()
        return slow.subjects

    assert asyncio.run(run()) == ["a", "b", "c"]
