"""F91: passwords, tokens and cookies are masked in the log and on the page about an error."""

from __future__ import annotations

import io
import logging
from collections.abc import Iterator

import pytest

from bistro import App, Request
from bistro.ground import Secret, configure_logging, get_logger
from bistro.testing import Client

PASSWORD, TOKEN, SESSION, KEY = SECRETS = ("hunter2", "t0k3n-value", "s3ss10n-value", "k3y-value")


@pytest.fixture
def log() -> Iterator[io.StringIO]:
    """What the process logs, as the framework writes it."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    root.handlers.clear()
    stream = io.StringIO()
    configure_logging(format="json", level="DEBUG", stream=stream)
    yield stream
    root.handlers[:] = handlers
    root.setLevel(level)


def make_app() -> App:
    app = App()

    @app.get("/log")
    async def write(request: Request) -> str:
        log = get_logger("shop")
        log.info("signed.in", user="ada", password=PASSWORD, form={"api_token": TOKEN})
        log.info("asked", headers=dict(request.headers), key=Secret(KEY))
        logging.getLogger("library").info(f"GET https://ada:{PASSWORD}@db/x?token=%s", TOKEN)
        return "logged"

    @app.get("/broken")
    async def fail(request: Request) -> str:
        form = {"user": "ada", "password": PASSWORD}
        api_token = Secret(TOKEN)
        raise RuntimeError(f"can't log in {form['user']} with password={form['password']} {api_token}")

    return app


def ask(path: str, accept: str = "text/html") -> str:
    headers = {"authorization": f"Bearer {TOKEN}", "cookie": f"session={SESSION}", "accept": accept}
    with Client(make_app(), headers=headers, raise_server_errors=False) as client:
        return client.get(f"{path}?password={PASSWORD}").text


def test_log_lines_tell_what_happened_without_the_secrets(log: io.StringIO) -> None:
    ask("/log")

    written = log.getvalue()
    assert '"event":"signed.in"' in written
    assert '"user":"ada"' in written
    assert "https://ada:***@db/x?token=***" in written
    assert not [secret for secret in SECRETS if secret in written]


def test_log_of_an_unexpected_error_has_its_traceback_without_the_secrets(log: io.StringIO) -> None:
    ask("/broken")

    written = log.getvalue()
    assert "RuntimeError: can't log in ada with password=***" in written
    assert not [secret for secret in SECRETS if secret in written]


@pytest.mark.parametrize("accept", ["text/html", "application/json"])
def test_error_report_of_development_shows_values_but_no_secrets(
    accept: str, log: io.StringIO, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BISTRO_ENV", "development")

    report = ask("/broken", accept)

    assert "RuntimeError" in report
    assert "ada" in report
    assert not [secret for secret in SECRETS if secret in report]
