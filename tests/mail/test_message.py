"""Messages: their form, their limits, and what can't get into their headers."""

from __future__ import annotations

from email import message_from_bytes, policy

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bistro.mail import Attachment, Message, MessageError
from bistro.mail.message import RECIPIENTS_MAX, SIZE_MAX, TEXT_LENGTH_MAX

BREAKS = ["\n", "\r", "\r\n", "\r\nBcc: eve@example.com", "\0", "\x1b", "\x85", "\u2028", "\ud800"]


def read(message: Message):
    return message_from_bytes(message.as_email().as_bytes(), policy=policy.default)


def test_message_has_the_headers_of_an_automatic_mail() -> None:
    email = read(Message(to="ada@example.com", subject="Hi", text="x", sender="Shop <shop@example.com>"))
    assert email["from"] == "Shop <shop@example.com>"
    assert email["auto-submitted"] == "auto-generated"
    assert email["message-id"].endswith("@example.com>")
    assert email["date"].datetime is not None


def test_names_are_quoted_and_encoded() -> None:
    email = read(Message(to=('"Lovelace, Ada" <ada@example.com>', "Jörg <j@example.com>"), subject="x"))
    assert [(each.display_name, each.addr_spec) for each in email["to"].addresses] == [
        ("Lovelace, Ada", "ada@example.com"), ("Jörg", "j@example.com"),
    ]  # fmt: skip


@pytest.mark.parametrize("field", ["sender", "to", "cc", "bcc", "reply_to"])
@pytest.mark.parametrize(
    ("address", "needs_utf8"),
    [
        ("jörg@example.com", True),
        ("Jörg <jörg@example.com>", True),
        ("Jörg <jorg@example.com>", False),
        ("j@müller.example", False),
    ],
)
def test_only_letters_before_the_at_of_an_address_need_utf_8(
    field: str, address: str, needs_utf8: bool
) -> None:
    message = Message(**{"to": "ada@example.com", "subject": "x", field: address})
    assert message.needs_utf8 is needs_utf8
    # Without it, nothing but ASCII goes over the line, and all is read as it was.
    assert needs_utf8 or message.as_email().as_bytes().isascii()
    if not needs_utf8 and field not in ("bcc", "sender"):
        (found,) = read(message)[field.replace("_", "-")].addresses
        assert found.display_name == ("Jörg" if "<" in address else "")


@pytest.mark.parametrize(
    ("most", "more"),
    [
        ({"subject": "x" * 500}, {"subject": "x" * 501}),
        ({"headers": {"X-A": "x" * 2_000}}, {"headers": {"X-A": "x" * 2_001}}),
        ({"headers": {"X" * 76: "x"}}, {"headers": {"X" * 77: "x"}}),
        ({"text": "x" * TEXT_LENGTH_MAX}, {"text": "x" * (TEXT_LENGTH_MAX + 1)}),
        ({"html": "x" * TEXT_LENGTH_MAX}, {"html": "x" * (TEXT_LENGTH_MAX + 1)}),
        ({"text": "ab", "html": "cd", "size_max": 4}, {"text": "ab", "html": "cde", "size_max": 4}),
        (
            {"attachments": (Attachment("a", b"xyz"),), "size_max": 3},
            {"attachments": (Attachment("a", b"xyz"),), "size_max": 2},
        ),
        (
            {"to": ("a@x.org",) * 98, "cc": "b@x.org", "bcc": "c@x.org"},
            {"to": ("a@x.org",) * 100, "bcc": "b@x.org"},
        ),
        (
            {"to": ("a@x.org",) * 99, "reply_to": "b@x.org"},
            {"to": ("a@x.org",) * 99, "reply_to": ("b@x.org", "c@x.org")},
        ),
        ({"to": (), "bcc": "a@x.org"}, {"to": (), "reply_to": "a@x.org"}),
    ],
)
def test_message_may_have_as_much_as_its_limits_say_and_not_more(most: dict, more: dict) -> None:
    Message(**{"to": "ada@example.com", "subject": "x", **most})
    with pytest.raises(MessageError):
        Message(**{"to": "ada@example.com", "subject": "x", **more})


def test_attachment_has_a_name_of_200_characters_at_most() -> None:
    assert Attachment("x" * 200, b"").kind == ("application", "octet-stream")
    for name in ("", "x" * 201, "a\nb"):
        with pytest.raises(MessageError, match="name of an attachment"):
            Attachment(name, b"")


def test_everybody_gets_it_once() -> None:
    message = Message(to=("a@x.org", "A <a@x.org>"), cc="b@x.org", bcc=("a@X.org", "c@x.org"), subject="x")
    assert message.recipients == ["a@x.org", "b@x.org", "c@x.org"]


@pytest.mark.parametrize("bad", BREAKS)
@pytest.mark.parametrize(
    "place", ["subject", "to", "cc", "bcc", "reply_to", "sender", "header", "file", "name"]
)
def test_no_part_can_break_out_of_its_header(place: str, bad: str) -> None:
    def make() -> Message:
        given = {"to": "ada@example.com", "subject": "x"}
        if place == "subject":
            return Message(**{**given, "subject": f"x{bad}y"})
        if place == "header":
            return Message(**given, headers={"X-Note": f"x{bad}y"})
        if place == "file":
            return Message(**given, attachments=(Attachment(f"a{bad}.txt", b""),))
        if place == "name":
            return Message(**{**given, "to": f"Ada{bad} <ada@example.com>"})
        return Message(**{**given, place: f"ada@example.com{bad}"})

    with pytest.raises(MessageError) as told:
        make()
    assert told.value.status == 422


@pytest.mark.parametrize(
    "name", ["Bcc", "to", "Content-Type", "X Y", "X:Y", "X\r\nY", "", "Résumé", "Subject"]
)
def test_own_headers_are_named_as_headers_are_and_take_no_others_place(name: str) -> None:
    with pytest.raises(MessageError):
        Message(to="ada@example.com", subject="x", headers={name: "y"})


@pytest.mark.parametrize(
    "options",
    [
        {"to": ()},
        {"to": tuple(f"a{number}@example.com" for number in range(RECIPIENTS_MAX + 1))},
        {"subject": "x" * 501},
        {"text": "x" * (TEXT_LENGTH_MAX + 1)},
        {"html": "\udfff"},
        {"attachments": (Attachment("a.bin", b"x" * (SIZE_MAX + 1)),)},
        {"headers": {"X-Long": "x" * 2_001}},
    ],
    ids=["nobody", "too many", "subject", "text", "surrogate", "size", "header"],
)
def test_limits_hold_when_the_message_is_made(options: dict) -> None:
    with pytest.raises(MessageError):
        Message(**{"to": "ada@example.com", "subject": "x", **options})


@pytest.mark.parametrize(
    ("name", "content_type", "kind"),
    [
        ("a.pdf", "", "application/pdf"),
        ("a.tar.gz", "", "application/octet-stream"),
        ("a", "", "application/octet-stream"),
        ("a.bin", "text/csv", "text/csv"),
        ("a.eml", "", "application/octet-stream"),
        ("a.x", "multipart/mixed", "application/octet-stream"),
    ],
)
def test_attachments_have_a_type_that_reads_as_one_part(name: str, content_type: str, kind: str) -> None:
    message = Message(
        to="a@example.com", subject="x", attachments=(Attachment(name, b"\x00\xff", content_type),)
    )
    (part,) = read(message).iter_attachments()
    assert (part.get_content_type(), part.get_filename()) == (kind, name)
    assert part.get_payload(decode=True) == b"\x00\xff"


@pytest.mark.parametrize(
    "wrong", [{"content_type": "text"}, {"content_type": "a/b\r\nc"}, {"content_id": "<a>"}]
)
def test_attachments_with_a_wrong_type_or_id_are_refused(wrong: dict[str, str]) -> None:
    with pytest.raises(MessageError):
        Attachment("a.txt", b"", **wrong)


def test_picture_can_stand_in_the_html() -> None:
    logo = Attachment("logo.png", b"\x89PNG", content_id="logo")
    email = read(Message(to="a@example.com", subject="x", html='<img src="cid:logo">', attachments=(logo,)))
    part = next(each for each in email.walk() if each.get_content_type() == "image/png")
    assert part["content-id"] == "<logo>"
    assert list(email.iter_attachments()) == []


def test_long_lines_and_other_letters_stay_within_what_every_server_takes() -> None:
    content = Message(to="a@example.com", subject="ü" * 400, text="x" * 5_000 + "ü", html="<p>" + "y" * 5_000)
    for line in content.as_email().as_bytes().split(b"\r\n"):
        assert len(line) <= 998  # RFC 5321 §4.5.3.1.6
        assert line.isascii()
        assert b"\n" not in line


@given(
    st.text(st.characters(exclude_categories=["Cs", "Cc", "Zl", "Zp"]), max_size=80), st.text(max_size=200)
)
def test_subject_and_text_come_out_as_they_went_in(subject: str, text: str) -> None:
    try:
        text.encode()
    except UnicodeEncodeError:
        return
    text = "\n".join(text.replace("\r", "").replace("\0", "").split("\n")) + "\n"
    email = read(Message(to="ada@example.com", subject=subject, text=text))
    assert email["bcc"] is None
    assert [each.addr_spec for each in email["to"].addresses] == ["ada@example.com"]
    assert email["subject"].split() == subject.split()
    assert email.get_content().splitlines() == text.splitlines()
