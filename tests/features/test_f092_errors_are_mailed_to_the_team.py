"""F92: errors that nobody has handled are mailed to the team, and never in a flood."""

from __future__ import annotations

import logging

import pytest

from bistro import App
from bistro.mail import MessageError
from bistro.plugins import Mail
from bistro.testing import Client, Mailbox


def client_of(mail: Mail) -> Client:
    app = App(mail)

    @app.get("/broken/{word}")
    async def broken(word: str) -> None:
        raise RuntimeError(f"{word} password=hunter2\r\nBcc: eve@example.com =?utf-8?q?a?=")

    @app.get("/other")
    def other() -> None:
        raise KeyError("x")

    @app.get("/logged/{number:int}")
    def logged(number: int) -> None:
        logging.getLogger(f"shop{number}").error("no %s left", "milk")

    @app.get("/missing")
    async def missing() -> None:
        logging.getLogger("shop").warning("only a warning")

    return Client(app, raise_server_errors=False)


def test_each_error_is_told_once_with_its_traceback_and_without_secrets() -> None:
    with client_of(Mail(errors_to=["team@example.com"])) as client:
        for path in ("/broken/a", "/broken/b", "/other", "/missing", "/nowhere", "/logged/1"):
            client.get(path)
        mails = Mailbox(client).messages
    first, second, third = mails
    assert first.recipients == ["team@example.com"]
    assert "RuntimeError" in first.subject
    assert "in broken" in first.text
    assert "request_id: " in first.text
    assert "hunter2" not in first.text + first.subject
    assert "KeyError" in second.subject
    assert third.subject == "no milk left"


def test_an_hour_has_twenty_mails_at_most() -> None:
    with client_of(Mail(errors_to="team@example.com")) as client:
        for number in range(30):
            client.get(f"/logged/{number}")
        assert len(Mailbox(client).messages) == 20


def test_addresses_come_from_the_environment_and_wrong_ones_stop_the_start(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("MAIL_ERRORS_TO", "a@example.com, b@example.com")
    with client_of(Mail()) as client:
        client.get("/other")
        assert Mailbox(client).messages[0].recipients == ["a@example.com", "b@example.com"]
    monkeypatch.setenv("MAIL_ERRORS_TO", "nobody")
    with pytest.raises(MessageError):
        App(Mail()).freeze()


def test_without_addresses_nothing_listens_and_a_stopped_site_lets_go() -> None:
    before = list(logging.getLogger().handlers)
    with client_of(Mail()) as client:
        client.get("/other")
        assert Mailbox(client).messages == []
    with client_of(Mail(errors_to=["a@example.com"])) as client:
        client.get("/other")
        assert len(logging.getLogger().handlers) > len(before)
    assert logging.getLogger().handlers == before


def test_broken_mail_server_does_not_mail_about_itself() -> None:
    class Broken:
        async def send(self, message: object) -> None:
            raise RuntimeError("down")

        async def close(self) -> None:
            pass

    with client_of(Mail(errors_to=["a@example.com"], transport=Broken())) as client:
        assert client.get("/other").status == 500
