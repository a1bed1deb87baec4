"""`Mailer`: what handlers and commands send mail with."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, TypedDict, Unpack, overload

from msgspec.structs import replace

from bistro.app import Background
from bistro.ground import SetupError, did_you_mean
from bistro.mail import Attachment, MailQueue, Message, Outbox
from bistro.plugins.mail.page import MailPage, MailParts
from bistro.plugins.rendering import Templates

DEFAULT = "default"
OUTSIDE = Background()
"""Stands for the answer to come where there is none, as in a command."""


class MessageOptions(TypedDict, total=False):
    """What a message has besides its text; see `bistro.mail.Message`."""

    to: str | tuple[str, ...]
    subject: str
    sender: str
    cc: str | tuple[str, ...]
    bcc: str | tuple[str, ...]
    reply_to: str | tuple[str, ...]
    attachments: tuple[Attachment, ...]
    headers: Mapping[str, str]


class AfterAnswer:
    """Puts messages into the outbox once the answer is sent; nowhere where an error is answered."""

    def __init__(self, outbox: Outbox, background: Background) -> None:
        self._outbox = outbox
        self._background = background

    async def put(self, message: Message) -> None:
        """Keep it for after the answer."""
        self._background.add(self._outbox.put, message)


class Mailer:
    """Sends mail. `mailer: Mailer` gives it to handlers and commands.

        await mailer.send(Welcome(name="Ada"), to="ada@example.com")
        await mailer.send(Message(to="ada@example.com", subject="Hello", text="…"))

    `send` returns at once: the message goes after the answer, and not where an error is answered.
    """

    __provided_by__: ClassVar[str] = "Mail"

    def __init__(
        self,
        outboxes: Mapping[str, Outbox],
        queue: MailQueue | None,
        templates: Templates,
        sender: str,
        background: Background = OUTSIDE,
        name: str = DEFAULT,
    ) -> None:
        self._outboxes = outboxes
        self._queue = queue
        self._templates = templates
        self._sender = sender
        self._background = background
        self._name = name

    @overload
    async def send(self, mail: Message) -> None: ...

    @overload
    async def send(self, mail: MailPage, **options: Unpack[MessageOptions]) -> None: ...

    async def send(self, mail: Message | MailPage, **options: Unpack[MessageOptions]) -> None:
        """Send it soon; what goes wrong then is logged. Raises `MessageError` (B972).

        Options are those of a message: `to`, `cc`, `attachments` …
        """
        await self._find_queue().put(self._complete(mail, options))

    @overload
    async def send_now(self, mail: Message) -> None: ...

    @overload
    async def send_now(self, mail: MailPage, **options: Unpack[MessageOptions]) -> None: ...

    async def send_now(self, mail: Message | MailPage, **options: Unpack[MessageOptions]) -> None:
        """Send it and wait. Raises `MailUnavailable`, `MailRefused` and `MessageError`."""
        await self._outboxes[self._name].send_now(self._complete(mail, options))

    def render(self, page: MailPage, **options: Unpack[MessageOptions]) -> Message:
        """The message that a page makes. Raises `MessageError`."""
        parts = MailParts(self._templates, page)
        whole: MessageOptions = {"to": (), "sender": self._sender, **options}
        whole["subject"] = parts.with_subject(options.get("subject", ""), page)
        return Message(text=parts.text, html=parts.html, **whole)

    def via(self, name: str) -> Mailer:
        """The mailer that sends by another of the plugin's ways: `Mail(others={"news": "smtp://…"})`."""
        if name not in self._outboxes:
            near = did_you_mean(name, self._outboxes)
            raise SetupError(
                f"there is no way of sending mail called {name!r}",
                fix=f"Did you mean {near}?" if near else "Name it: Mail(others={…}).",
            )
        # A queue of the site's own knows one way only: what goes another way waits in this process.
        queue = self._queue if name == DEFAULT else None
        return Mailer(self._outboxes, queue, self._templates, self._sender, self._background, name)

    def _find_queue(self) -> MailQueue:
        if self._queue is not None:
            return self._queue
        outbox = self._outboxes[self._name]
        return outbox if self._background is OUTSIDE else AfterAnswer(outbox, self._background)

    def _complete(self, mail: Message | MailPage, options: MessageOptions) -> Message:
        if isinstance(mail, MailPage):
            return self.render(mail, **options)
        if options:
            raise TypeError("a Message holds its options itself: Message(to=…)")
        return mail if mail.sender else replace(mail, sender=self._sender)
