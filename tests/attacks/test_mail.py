"""Attacks on the headers of mails, by what visitors type into a form (row of CVE-2026-7666's kin, CWE-93)."""

from __future__ import annotations

import email
import email.policy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bistro.mail import Attachment, Message, MessageError
from bistro.mail.addresses import is_clean

# "a", a line break, and "Bcc: evil@example.com", as RFC 2047 writes words outside of ASCII.
ENCODED = [
    "=?utf-8?q?a=0d=0aBcc:_evil@example.com?=",
    "=?UTF-8?Q?a=0D=0ABcc:_evil@example.com?=",
    "=?utf-8?b?YQ0KQmNjOiBldmlsQGV4YW1wbGUuY29t?=",
    "=?us-ascii*en?q?a=0a=0aWhole_other_body?=",
    "=? ?q?=0aBcc:_evil@example.com?=",
]
PLACES = ["{}", "Re: {}", "é {}", "{} {}", "x" * 100 + " {}", "({})", '"{}"']
NAMES = ["From", "To", "Subject", "Date", "Message-ID", "Auto-Submitted", "MIME-Version", "Content-Type",
         "Content-Transfer-Encoding", "Reply-To", "X-Topic"]  # fmt: skip


def make(**fields: Any) -> Message:
    given: dict[str, Any] = {
        "to": "ann@example.com",
        "sender": "site@example.com",
        "subject": "s",
        "text": "t",
    }
    return Message(**{**given, **fields})


def names_in(message: Message) -> set[str]:
    """The headers that somebody finds who reads the bytes."""
    return set(email.message_from_bytes(message.as_email().as_bytes(), policy=email.policy.compat32).keys())


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("word", ENCODED)
def test_encoded_word_is_no_way_to_another_header(word: str, place: str) -> None:
    text = place.replace("{}", word)
    for fields in (
        {"subject": text},
        {"headers": {"X-Topic": text}},
        {"headers": {"In-Reply-To": text}},
        {"sender": f"{text} <site@example.com>"},
        {"to": f"{text} <ann@example.com>"},
        {"reply_to": f"{text} <ann@example.com>"},
        {"to": f"{text}@example.com"},
    ):
        with pytest.raises(MessageError):
            make(**fields)
    with pytest.raises(MessageError):
        Attachment(text, b"x")


@pytest.mark.parametrize("text", ["2 + 2 =? 4", "=?", "a =?= b ?=", "?q?x?=", "x=?y?z"])
def test_question_marks_alone_are_no_encoded_word(text: str) -> None:
    message = make(subject=text)
    read = email.message_from_bytes(message.as_email().as_bytes(), policy=email.policy.default)
    assert read["subject"] == text


@given(st.text(alphabet='=?qb utf-8_0AaBc:"\\<>é,;()', max_size=40))
def test_no_text_makes_another_header(text: str) -> None:
    for fields in (
        {"subject": text},
        {"headers": {"X-Topic": text}},
        {"reply_to": f"{text} <ann@example.com>"},
    ):
        try:
            message = make(**fields)
        except MessageError:
            continue
        assert names_in(message) <= {*NAMES}


def test_header_is_refused_by_what_would_be_written_too(monkeypatch: pytest.MonkeyPatch) -> None:
    # Whatever else the library may decode one day: nothing with a line break leaves the site.
    monkeypatch.setattr("bistro.mail.message.is_clean", lambda text: True)
    message = make(subject=ENCODED[0])
    with pytest.raises(MessageError, match="header Subject"):
        message.as_email()


def test_encoded_words_are_looked_for_in_linear_time(assert_linear: Any) -> None:
    for unit in ("=?", "=?a", "=?a?", "?=", "=? ?x"):
        assert_linear(is_clean, lambda size, unit=unit: unit * size)
