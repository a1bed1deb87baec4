"""The plugin: opens the way for mail with the app, and gives a `Mailer` to who asks for one."""

from __future__ import annotations

import asyncio
import logging
import os
import sys
from collections import deque
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import ClassVar, Final

from bistro.app import Background, Setup
from bistro.ground import Environment, find_environment
from bistro.mail import (
    ConsoleTransport,
    MailQueue,
    MailUrlError,
    MemoryTransport,
    Message,
    Outbox,
    Sent,
    Transport,
    make_transport,
    parse_mail_address,
)
from bistro.plugins.mail.error_mails import ErrorMailHandler
from bistro.plugins.mail.mailer import DEFAULT, OUTSIDE, Mailer
from bistro.plugins.mail.preview import MailPreview
from bistro.plugins.rendering import Rendering, Templates

TEMPLATES: Final = Path(__file__).with_name("templates")
SHOWN_MAX: Final = 50
SENDER: Final = "noreply@localhost"


@dataclass(frozen=True)
class Mail:
    """Send mail: gives a `Mailer` to handlers, commands and plugins.

    `url` is by default that of `MAIL_URL`: `smtp://user:password@mail.example.com`, which never goes
    on without TLS, `smtps://…`, `file:mails`, `console:` or `memory:`. Without one, development
    shows mails in the terminal, and production does not start. `sender` is the `From` of mails, by
    default `MAIL_FROM`. `others` are more ways by name, for `mailer.via(name)`.

    Messages go out after the answer, one after the other, from a queue of this process that holds
    `waiting_max`; where the server is down, each is tried again after `pauses_seconds`. `queue` takes
    the place of that one. In testing nothing is sent: `bistro.testing.Mailbox` has what would be. A
    `transport` of your own is used wherever the site runs.

    Errors that nobody handles are mailed to `errors_to`, by default the addresses of `MAIL_ERRORS_TO`,
    with commas between them: each once an hour, twenty an hour at most; not in development.
    """

    url: str | None = None
    sender: str | None = None
    others: Mapping[str, str] = field(default_factory=dict)
    transport: Transport | None = None
    queue: MailQueue | None = None
    waiting_max: int = 1_000
    pauses_seconds: Sequence[float] = (1.0, 5.0, 30.0)
    errors_to: Sequence[str] = ()

    requires: ClassVar[tuple[type, ...]] = (Rendering,)

    def install(self, setup: Setup) -> None:
        """Provide a `Mailer`. Raises `MailUrlError` (B970), `MissingMailExtra` (B971) and `MessageError`."""
        environment = find_environment()
        sender = self._find_sender(environment)
        transports = {DEFAULT: self.transport or find_transport(self.url, environment)}
        for name, url in self.others.items():
            transports[name] = find_transport(url, environment)
        outboxes = {name: self._make_outbox(each) for name, each in transports.items()}
        self.outboxes.append(outboxes)

        errors_to = self._find_errors_to(environment)

        def provide(templates: Templates, background: Background = OUTSIDE) -> Mailer:
            return Mailer(outboxes, self.queue, templates, sender, background)

        async def keep_open() -> AsyncIterator[None]:
            for outbox in outboxes.values():
                await outbox.open()
            with errors_mailed(outboxes[DEFAULT], sender, errors_to):
                yield
            for outbox in outboxes.values():
                await outbox.close()

        setup.provide(Mailer, provide)
        setup.lifespan(keep_open)
        setup.templates(TEMPLATES)
        setup.command("test-mail", send_test_mail, help="Send a mail to ADDRESS, to see whether it can.")
        if environment == "development":
            MailPreview(self.sent).install(setup)

    def _make_outbox(self, transport: Transport) -> Outbox:
        return Outbox(
            transport,
            waiting_max=self.waiting_max,
            pauses_seconds=self.pauses_seconds,
            # Kept to be looked at only where there is a page for it: messages may be large.
            note=self.sent.append if find_environment() == "development" else None,
        )

    def _find_sender(self, environment: Environment) -> str:
        sender = self.sender or os.environ.get("MAIL_FROM", "")
        if not sender and environment == "production":
            raise MailUrlError(
                "nobody has said whom the site's mails come from",
                fix='Set MAIL_FROM="Shop <shop@example.com>", or Mail(sender=…).',
            )
        parse_mail_address(sender or SENDER)
        return sender or SENDER

    def _find_errors_to(self, environment: Environment) -> tuple[str, ...]:
        given = (self.errors_to,) if isinstance(self.errors_to, str) else tuple(self.errors_to)
        found = given or tuple(filter(None, map(str.strip, os.environ.get("MAIL_ERRORS_TO", "").split(","))))
        for each in found:
            parse_mail_address(each)
        return () if environment == "development" else found

    @cached_property
    def sent(self) -> deque[Sent]:
        """The last fifty messages of this process, sent or not, the oldest first."""
        return deque(maxlen=SHOWN_MAX)

    @cached_property
    def outboxes(self) -> list[Mapping[str, Outbox]]:
        """What it has made for its app: the outboxes by name."""
        return []


def find_transport(url: str | None, environment: Environment) -> Transport:
    """The way for mails to `url`, else that of `MAIL_URL`, else that of the environment."""
    if environment == "testing":
        return MemoryTransport()
    url = url or os.environ.get("MAIL_URL", "")
    if url:
        return make_transport(url)
    if environment == "production":
        raise MailUrlError(
            "MAIL_URL is not set",
            fix="Set MAIL_URL=smtp://user:password@mail.example.com, or MAIL_URL=console: to send none.",
        )
    return ConsoleTransport()


@contextmanager
def errors_mailed(outbox: Outbox, sender: str, to: tuple[str, ...]) -> Iterator[None]:
    """Mail the errors of the log while the site runs."""
    if not to:
        yield
        return
    handler = ErrorMailHandler(outbox, sender, to, asyncio.get_running_loop())
    logging.getLogger().addHandler(handler)
    try:
        yield
    finally:
        logging.getLogger().removeHandler(handler)


async def send_test_mail(address: str, mailer: Mailer) -> None:
    """Send a mail and say whether the server took it."""
    await mailer.send_now(Message(to=address, subject="A test", text="This site can send mail.\n"))
    sys.stdout.write("sent\n")
