"""One text is one mailbox; whatever else is refused."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bistro.mail import MailAddress, MessageError, parse_mail_address


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("ada@example.com", ("ada", "example.com", "")),
        (" ada@Example.COM ", ("ada", "example.com", "")),
        ("Ada.Lovelace+notes@mail.example.com", ("Ada.Lovelace+notes", "mail.example.com", "")),
        ("Ada Lovelace <ada@example.com>", ("ada", "example.com", "Ada Lovelace")),
        ('"Lovelace, Ada" <ada@example.com>', ("ada", "example.com", "Lovelace, Ada")),
        ("<ada@example.com>", ("ada", "example.com", "")),
        ("root@localhost", ("root", "localhost", "")),
        ("jörg@müller.example", ("jörg", "xn--mller-kva.example", "")),
    ],
)
def test_mailboxes_are_read(text: str, parts: tuple[str, str, str]) -> None:
    assert parse_mail_address(text) == MailAddress(*parts)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "ada",
        "@example.com",
        "ada@",
        "ada@example.com, eve@example.com",
        "ada@example.com,eve@example.com",
        "ada@example.com;eve@example.com",
        "ada@example.com eve@example.com",
        "ada@example.com\nBcc: eve@example.com",
        "ada@example.com\r\n",
        "ada\0@example.com",
        "ada@example.com\u2028Bcc: eve@example.com",
        "Ada <ada@example.com>, Eve <eve@example.com>",
        "Ada <ada@example.com> <eve@example.com>",
        "<ada@example.com> eve@example.com",
        "ada@[127.0.0.1]",
        '"ada eve"@example.com',
        "ada..b@example.com",
        ".ada@example.com",
        "ada@exa_mple.com",
        "ada@-example.com",
        "ada@example..com",
        "ada@exam ple.com",
        "a@b@example.com",
        "ada(comment)@example.com",
        "\ud800@example.com",
        "a" * 65 + "@example.com",
        "a@" + "b" * 64 + ".com",
        "a@" + ".".join(["bbbbbbbbb"] * 30),
        "x" * 2_000,
        "a@" + "\u00e9" * 300,
    ],
)
def test_anything_else_is_refused(text: str) -> None:
    with pytest.raises(MessageError) as told:
        parse_mail_address(text)
    str(told.value).encode()  # can be logged
    assert "\n" not in told.value.what


@given(st.text(max_size=120))
def test_any_text_is_a_mailbox_or_refused_and_a_mailbox_reads_as_itself(text: str) -> None:
    try:
        address = parse_mail_address(text)
    except MessageError:
        return
    assert parse_mail_address(str(address)) == MailAddress(address.local, address.domain)
    assert not set(f"{address}{address.name}") & set("\r\n\0")


@pytest.mark.parametrize("piece", ["a.", "a@", "<", '"', "a-", "\\", "(", "é."])
def test_time_grows_no_faster_than_the_text(piece: str) -> None:
    # The length is limited before anything is read; that limit is what keeps hostile texts cheap.
    with pytest.raises(MessageError):
        parse_mail_address(piece * 500_000)
