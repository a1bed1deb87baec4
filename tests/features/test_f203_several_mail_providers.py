"""F203: several providers by name."""

from __future__ import annotations

import asyncio

import pytest

from bistro import App
from bistro.mail import Message
from bistro.plugins import Mail, Mailer
from bistro.testing import AsyncClient
from tests.mail.smtp_server import Received, serve_smtp


def test_newsletter_goes_another_way(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ENV", "development")
    usual, bulk = Received(), Received()

    async def run() -> None:
        async with serve_smtp(usual) as one, serve_smtp(bulk) as two:
            app = App(
                Mail(
                    f"smtp://127.0.0.1:{one}?tls=never",
                    sender="shop@example.com",
                    others={"bulk": f"smtp://127.0.0.1:{two}?tls=never"},
                )
            )

            @app.post("/")
            async def send(mailer: Mailer) -> None:
                await mailer.send(Message(to="ada@example.com", subject="Receipt"))
                await mailer.via("bulk").send(Message(to="ada@example.com", subject="News"))

            async with AsyncClient(app) as client:
                await client.post("/")

    asyncio.run(run())
    assert [each["subject"] for each in usual.emails] == ["Receipt"]
    assert [each["subject"] for each in bulk.emails] == ["News"]
