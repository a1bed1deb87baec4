"""F202: mail goes by SMTP, to the console, into files, or into memory, as one setting says."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from bistro import App
from bistro.mail import Message
from bistro.plugins import Mail, Mailer
from bistro.testing import AsyncClient, Client, Mailbox
from tests.mail.smtp_server import Received, serve_smtp


def make_app() -> App:
    app = App(Mail(sender="shop@example.com"))

    @app.post("/")
    async def send(mailer: Mailer) -> None:
        await mailer.send_now(Message(to="ada@example.com", subject="Hello", text="Hello Ada\n"))

    return app


def test_smtp(monkeypatch: pytest.MonkeyPatch) -> None:
    received = Received()
    monkeypatch.setenv("ENV", "development")

    async def run() -> None:
        async with serve_smtp(received) as port:
            monkeypatch.setenv("MAIL_URL", f"smtp://127.0.0.1:{port}?tls=never")
            async with AsyncClient(make_app()) as client:
                await client.post("/")

    asyncio.run(run())
    assert [(each.mail_from, each.rcpt_tos) for each in received.envelopes] == [
        ("shop@example.com", ["ada@example.com"])
    ]


def test_console_in_development(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("ENV", "development")
    Client(make_app()).post("/")
    assert "Hello Ada" in capsys.readouterr().out


def test_files(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("ENV", "development")
    monkeypatch.setenv("MAIL_URL", f"file:{tmp_path}")
    Client(make_app()).post("/")
    (file,) = tmp_path.iterdir()
    assert "Hello Ada" in file.read_text()


def test_memory_in_tests_whatever_the_setting_says(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MAIL_URL", "smtp://mail.example.com")
    with Client(make_app()) as client:
        client.post("/")
        assert [each.subject for each in Mailbox(client).messages] == ["Hello"]
