"""A real SMTP server on the loopback, which keeps what it gets."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, Session

from bistro.cli.local_certificate import get_local_certificate


class Received:
    """What has arrived: envelopes in order, and what the server is to answer."""

    def __init__(self) -> None:
        self.envelopes: list[Envelope] = []
        self.peers: list[Any] = []
        self.logins: list[bytes] = []
        self.answers: dict[str, str] = {}
        """What to say to a recipient instead of 250."""
        self.data_answer = "250 OK"

    @property
    def emails(self) -> list[EmailMessage]:
        return [message_from_bytes(bytes(each.content), policy=policy.default) for each in self.envelopes]  # type: ignore[arg-type, misc]

    async def handle_RCPT(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        answer = self.answers.get(address, "250 OK")
        if answer.startswith("250"):
            envelope.rcpt_tos.append(address)
        return answer

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        if self.data_answer.startswith("250"):
            self.envelopes.append(envelope)
            self.peers.append(session.peer)
        return self.data_answer

    def authenticate(
        self, server: SMTP, session: Session, envelope: Envelope, mechanism: str, data: Any
    ) -> AuthResult:
        self.logins.append(data.login)
        return AuthResult(success=(data.login, data.password) == (b"shop", b"p@ss"), handled=False)


@asynccontextmanager
async def serve_smtp(
    received: Received, *, tls: ssl.SSLContext | None = None, **options: Any
) -> AsyncIterator[int]:
    """Serve on a free port; with `tls` from the first byte."""
    loop = asyncio.get_running_loop()
    made: list[SMTP] = []

    def make() -> SMTP:
        made.append(SMTP(received, loop=loop, hostname="localhost", **options))
        return made[-1]

    server = await loop.create_server(make, "127.0.0.1", 0, ssl=tls)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        for each in made:
            if each.transport is not None:
                each.transport.abort()
        for _ in range(5):  # what was closed is told to the protocols in the next rounds of the loop
            await asyncio.sleep(0)


@asynccontextmanager
async def serve_lines(*answers: bytes) -> AsyncIterator[tuple[int, list[bytes]]]:
    """A server that says these lines one after the other, whatever it is told; and what it was told."""
    heard: list[bytes] = []
    finished = asyncio.Event()
    writers: list[asyncio.StreamWriter] = []

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writers.append(writer)
        for answer in answers:
            writer.write(answer)
            heard.append(await reader.readline())
        await finished.wait()

    server = await asyncio.start_server(talk, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1], heard
    finally:
        finished.set()
        server.close()
        for each in writers:
            each.transport.abort()
        for _ in range(5):
            await asyncio.sleep(0)


class Certificates:
    """A certificate for localhost, and the authority that has signed it."""

    def __init__(self, folder: Path) -> None:
        self.files = get_local_certificate(folder)
        self.authority = str(folder / "authority.pem")

    def server_context(self) -> ssl.SSLContext:
        return self.files.open()

    def client_context(self) -> ssl.SSLContext:
        return ssl.create_default_context(cafile=self.authority)
