"""Sending by SMTP, against real servers on the loopback: whole ones, refusing ones and broken ones."""

from __future__ import annotations

import asyncio
import socket
import sys
import time

import pytest

from bistro.ground import Secret, run_in_thread
from bistro.mail import (
    Attachment,
    MailRefused,
    MailUnavailable,
    Message,
    MissingMailExtra,
    Outbox,
    SmtpTransport,
)
from bistro.mail.smtp import write_out
from tests.mail.smtp_server import Certificates, Received, serve_lines, serve_smtp

MESSAGE = Message(
    to="Ada Lovelace <ada@example.com>",
    cc=("bob@example.com",),
    bcc="eve@example.com",
    subject="Grüße",
    text="Hällo\n",
    html="<p>Hällo</p>",
    sender="Shop <shop@example.com>",
    attachments=(Attachment("prices.csv", b"a;b\n"),),
)


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    return Certificates(tmp_path_factory.mktemp("certificates"))


def send(transport: SmtpTransport, *messages: Message):
    async def run() -> None:
        try:
            for message in messages or (MESSAGE,):
                await transport.send(message)
        finally:
            await transport.close()

    return run()


def test_message_goes_by_starttls_to_everybody_and_hides_bcc(certificates: Certificates) -> None:
    received = Received()

    async def run() -> None:
        options = {"tls_context": certificates.server_context(), "require_starttls": True}
        async with serve_smtp(received, **options) as port:
            await send(SmtpTransport("localhost", port, context=certificates.client_context()))

    asyncio.run(run())
    (envelope,), (email,) = received.envelopes, received.emails
    assert envelope.mail_from == "shop@example.com"
    assert envelope.rcpt_tos == ["ada@example.com", "bob@example.com", "eve@example.com"]
    assert email["subject"] == "Grüße"
    assert email["to"] == "Ada Lovelace <ada@example.com>"
    assert email["bcc"] is None
    assert b"eve@example.com" not in bytes(envelope.content)  # type: ignore[arg-type]
    assert email.get_body(("plain",)).get_content().split() == ["Hällo"]  # type: ignore[union-attr]
    assert email.get_body(("html",)).get_content().split() == ["<p>Hällo</p>"]  # type: ignore[union-attr]
    assert [(each.get_filename(), each.get_content().strip()) for each in email.iter_attachments()] == [
        ("prices.csv", "a;b")
    ]


def test_tls_from_the_first_byte_with_log_in(certificates: Certificates) -> None:
    received = Received()

    async def run() -> None:
        options = {"authenticator": received.authenticate, "auth_required": True, "auth_require_tls": False}
        async with serve_smtp(received, tls=certificates.server_context(), **options) as port:
            await send(
                SmtpTransport(
                    "localhost",
                    port,
                    user="shop",
                    password=Secret("p@ss"),
                    tls="always",
                    context=certificates.client_context(),
                )
            )

    with pytest.warns(UserWarning, match="Requiring AUTH while not requiring TLS"):
        asyncio.run(run())
    assert received.logins == [b"shop"]
    assert len(received.envelopes) == 1


@pytest.mark.parametrize("password", ["", "p@ss"])
def test_server_without_starttls_gets_neither_message_nor_password(password: str) -> None:
    """CVE-2026-7666: a machine in between hides STARTTLS, and hopes for plain text."""

    async def run() -> list[bytes]:
        async with serve_lines(
            b"220 localhost\r\n", b"250-localhost\r\n250 AUTH PLAIN LOGIN\r\n", b"250 OK\r\n", b"250 OK\r\n"
        ) as (port, heard):
            transport = SmtpTransport(
                "localhost", port, user="shop", password=Secret(password), timeout_seconds=5
            )
            with pytest.raises(MailRefused, match="STARTTLS"):
                await send(transport)
            return heard

    heard = b"".join(asyncio.run(run())).upper()
    assert heard.startswith(b"EHLO")
    assert b"MAIL" not in heard
    assert b"AUTH" not in heard


@pytest.mark.parametrize("answer", [b"454 not now\r\n", b"500 what?\r\n", b"220 go on\r\nnonsense\r\n"])
def test_starttls_that_fails_ends_the_conversation(answer: bytes) -> None:
    async def run() -> list[bytes]:
        async with serve_lines(b"220 hi\r\n", b"250-hi\r\n250 STARTTLS\r\n", answer, b"250 OK\r\n") as (
            port,
            heard,
        ):
            with pytest.raises((MailRefused, MailUnavailable)):
                await send(SmtpTransport("localhost", port, timeout_seconds=1))
            return heard

    assert b"MAIL" not in b"".join(asyncio.run(run())).upper()


def test_certificate_of_somebody_else_is_refused(certificates: Certificates) -> None:
    received = Received()

    async def run() -> None:
        async with serve_smtp(received, tls_context=certificates.server_context()) as port:
            with pytest.raises(MailRefused, match=r"(?i)certificate"):
                await send(SmtpTransport("localhost", port))

    asyncio.run(run())
    assert received.envelopes == []


def test_wrong_password_is_refused_and_not_shown(certificates: Certificates) -> None:
    received = Received()

    async def run() -> None:
        options = {"tls_context": certificates.server_context(), "authenticator": received.authenticate}
        async with serve_smtp(received, **options) as port:
            transport = SmtpTransport(
                "localhost",
                port,
                user="shop",
                password=Secret("guessed"),
                context=certificates.client_context(),
            )
            with pytest.raises(MailRefused) as told:
                await send(transport)
        assert "guessed" not in str(told.value)

    asyncio.run(run())


@pytest.mark.parametrize(
    ("answer", "error"), [("450 later", MailUnavailable), ("550 no such user", MailRefused)]
)
def test_refused_recipient_may_be_tried_again_if_the_server_says_so(
    answer: str, error: type[Exception]
) -> None:
    received = Received()
    received.answers["ada@example.com"] = answer

    async def run() -> None:
        message = Message(to="ada@example.com", subject="x", sender="a@example.com")
        async with serve_smtp(received) as port:
            with pytest.raises(error, match=answer[4:]):
                await send(SmtpTransport("127.0.0.1", port, tls="never"), message)

    asyncio.run(run())


def test_one_refused_recipient_of_several_is_told_and_the_others_have_it() -> None:
    received = Received()
    received.answers["bob@example.com"] = "550 unknown"

    async def run() -> None:
        async with serve_smtp(received) as port:
            with pytest.raises(MailRefused, match="1 of 3 recipients"):
                await send(SmtpTransport("127.0.0.1", port, tls="never"))

    asyncio.run(run())
    assert received.envelopes[0].rcpt_tos == ["ada@example.com", "eve@example.com"]


def test_server_that_is_down_or_silent_is_unavailable() -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        with pytest.raises(MailUnavailable):
            asyncio.run(
                send(SmtpTransport("127.0.0.1", unused.getsockname()[1], tls="never", timeout_seconds=2))
            )

    async def run() -> None:
        async with serve_lines(b"") as (port, _):
            with pytest.raises(MailUnavailable, match="no answer in time"):
                await send(SmtpTransport("127.0.0.1", port, tls="never", timeout_seconds=0.05))

    asyncio.run(run())


@pytest.mark.parametrize(
    "greeting", [b"HTTP/1.1 400 Bad Request\r\n\r\n", b"\xff\xfe\r\n", b"554 go away\r\n"]
)
def test_what_is_no_mail_server_is_refused_and_not_a_crash(greeting: bytes) -> None:
    async def run() -> None:
        async with serve_lines(greeting) as (port, _):
            with pytest.raises((MailRefused, MailUnavailable)):
                await send(SmtpTransport("127.0.0.1", port, tls="never", timeout_seconds=1))

    asyncio.run(run())


def test_messages_that_wait_together_share_a_connection_that_ends_with_them() -> None:
    received = Received()

    async def run() -> None:
        async with serve_smtp(received) as port:
            outbox = Outbox(SmtpTransport("127.0.0.1", port, tls="never"))
            for _ in range(3):
                await outbox.put(MESSAGE)
            await outbox.wait()
            await outbox.send_now(MESSAGE)

    asyncio.run(run())
    assert len(received.envelopes) == 4
    assert received.peers[0] == received.peers[1] == received.peers[2] != received.peers[3]


def test_after_an_error_the_next_message_begins_anew() -> None:
    received = Received()

    async def run() -> None:
        async with serve_smtp(received) as port:
            transport = SmtpTransport("127.0.0.1", port, tls="never")
            received.data_answer = "451 disk full"
            with pytest.raises(MailUnavailable, match="disk full"):
                await send(transport)
            received.data_answer = "250 OK"
            await send(transport)

    asyncio.run(run())
    assert len(received.envelopes) == 1


def test_address_in_other_letters_needs_a_server_that_knows_them() -> None:
    message = Message(to="jörg@müller.example", subject="x", sender="a@example.com", text="x")
    received = Received()

    async def run() -> None:
        async with serve_smtp(received, enable_SMTPUTF8=True) as port:
            await send(SmtpTransport("127.0.0.1", port, tls="never"), message)
        async with serve_smtp(received) as port:
            with pytest.raises(MailRefused, match="SMTPUTF8"):
                await send(SmtpTransport("127.0.0.1", port, tls="never"), message)

    asyncio.run(run())
    assert received.envelopes[0].rcpt_tos == ["jörg@xn--mller-kva.example"]


def test_name_in_other_letters_goes_by_any_server() -> None:
    # Only an address needs SMTPUTF8 (RFC 6531). A site whose own name has an accent sent nothing at all.
    message = Message(
        to="Jörg <jorg@example.com>", subject="Grüße", sender="Café Süd <a@example.com>", text="x"
    )
    received = Received()

    async def run() -> None:
        async with serve_smtp(received) as port:
            await send(SmtpTransport("127.0.0.1", port, tls="never"), message)

    asyncio.run(run())
    assert received.emails[0]["from"].addresses[0].display_name == "Café Süd"


@pytest.mark.timed
def test_large_attachments_do_not_hold_up_others() -> None:
    received = Received()
    gaps: list[float] = []

    async def tick() -> None:
        while True:
            begun = time.perf_counter()
            await asyncio.sleep(0.001)
            gaps.append(time.perf_counter() - begun)

    async def run() -> None:
        big = Attachment("big.bin", bytes(range(256)) * 16_384)
        message = Message(to="ada@example.com", subject="x", sender="a@example.com", attachments=(big,))
        async with serve_smtp(received) as port:
            ticking = asyncio.create_task(tick())
            await asyncio.sleep(0)
            begun = time.perf_counter()
            content = await run_in_thread(write_out, message)
            whole = time.perf_counter() - begun
            ticking.cancel()
            await send(SmtpTransport("127.0.0.1", port, tls="never"), message)
        assert len(content) > len(big.content)
        assert max(gaps) < max(whole / 2, 0.05)

    asyncio.run(run())
    assert received.emails[0].get_payload()[1].get_payload(decode=True)[:256] == bytes(range(256))  # type: ignore[union-attr, index]


def test_missing_package_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "aiosmtplib", None)
    with pytest.raises(MissingMailExtra, match=r"bistro\[mail\]"):
        SmtpTransport("localhost")
