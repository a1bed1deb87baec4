"""`MAIL_URL`."""

from __future__ import annotations

from pathlib import Path

import pytest

from bistro.mail import (
    ConsoleTransport,
    FileTransport,
    MailUrlError,
    MemoryTransport,
    SmtpTransport,
    make_transport,
)


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("smtp://mail.example.com", ("mail.example.com", 587, "start")),
        ("smtp://user:p%40ss@mail.example.com:2525", ("mail.example.com", 2525, "start")),
        ("smtps://mail.example.com", ("mail.example.com", 465, "always")),
        ("SMTP://localhost?tls=never", ("localhost", 25, "never")),
        ("smtp://user:secret@127.0.0.1?tls=never", ("127.0.0.1", 25, "never")),
        ("smtp://[::1]:25?timeout=5", ("::1", 25, "start")),
    ],
)
def test_smtp_urls_ask_for_tls_unless_told_otherwise(url: str, expected: tuple[str, int, str]) -> None:
    transport = make_transport(url)
    assert isinstance(transport, SmtpTransport)
    assert (transport.host, transport.port, transport.tls) == expected


def test_other_ways(tmp_path: Path) -> None:
    assert isinstance(make_transport("console:"), ConsoleTransport)
    assert isinstance(make_transport("memory:"), MemoryTransport)
    found = make_transport(f"file://{tmp_path}/a%20b")
    assert isinstance(found, FileTransport)
    assert found.folder == tmp_path / "a b"


@pytest.mark.parametrize(
    "url",
    [
        "",
        "mail.example.com",
        "smpt://user:secret-word@mail.example.com",
        "secret-word",
        "smtp:user:secret-word@mail.example.com",
        "smtp://",
        "smtp://user:secret-word@:25",
        "smtp://user:secret-word@host:99999",
        "smtp://user:secret-word@host/path",
        "smtp://user:secret-word@host?tls=maybe",
        "smtp://user:secret-word@host?tls=never",
        "smtps://user:secret-word@host?tls=never",
        "smtp://user:secret-word@host?verify=no",
        "smtp://user:secret-word@host?timeout=0",
        "smtp://user:secret-word@host?timeout=soon",
        "smtp://user:secret-word@host?ca_file=/no/such/file",
        "smtp://user:secret-word@[::1",
        "file:",
    ],
)
def test_other_urls_stop_the_start_and_show_no_password(url: str) -> None:
    with pytest.raises(MailUrlError) as told:
        make_transport(url)
    assert "secret-word" not in str(told.value)
    assert told.value.exit_code == 78


def test_near_miss_is_told() -> None:
    with pytest.raises(MailUrlError, match="Did you mean smtp"):
        make_transport("smpt://mail.example.com")
