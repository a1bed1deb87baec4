"""Addresses of mail, read strictly: one text is one mailbox, and nothing else can hide in it."""

from __future__ import annotations

import re

from msgspec import Struct

from bistro.ground.text import escape_control_characters
from bistro.mail.errors import MessageError

LENGTH_MAX = 1_000
NAME_LENGTH_MAX = 200
# RFC 5321 §4.5.3.1: 64 octets before the @, 255 behind it, and 254 in all (RFC 3696, erratum 1690).
LOCAL_OCTETS_MAX = 64
ADDRESS_OCTETS_MAX = 254

# RFC 5322 §3.2.3 and RFC 6532 §3.2: a dot-atom. Quoted local parts and address literals are not taken.
_WORD = r"[\w!#$%&'*+/=?^`{|}~\-\u0080-\U0010ffff]+"
_LOCAL = re.compile(rf"{_WORD}(?:\.{_WORD})*")
_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9\-]{0,61}[A-Za-z0-9])?"
_ENCODED_WORD = re.compile(r"=\?[^?]*\?[bBqQ]\?")
_DOMAIN = re.compile(rf"{_LABEL}(?:\.{_LABEL})*")


class MailAddress(Struct, frozen=True):
    """A mailbox: `local`@`domain`, with the `name` of whoever reads it; the domain is ASCII."""

    local: str
    domain: str
    name: str = ""

    def __str__(self) -> str:
        """The address without the name."""
        return f"{self.local}@{self.domain}"


def parse_mail_address(text: str) -> MailAddress:
    """The parts of `ada@example.com` or `Ada Lovelace <ada@example.com>`.

    Raises `MessageError` (B972) for anything else: several addresses in one text, comments, quoted
    local parts, control characters.
    """
    if len(text) > LENGTH_MAX:
        raise MessageError(f"an address of {len(text):,} characters; it may have {LENGTH_MAX:,}")
    if not is_clean(text):
        raise _wrong(text, "has a line break, another control character, or an encoded word")
    name, address = "", text.strip()
    if address.endswith(">"):
        name, _, address = address[:-1].rpartition("<")
        name = _read_name(name.strip(), text)
    local, at, domain = address.rpartition("@")
    if not at or not _LOCAL.fullmatch(local):
        raise _wrong(text, "is no address of a mailbox")
    domain = _read_domain(domain, text)
    if len(local.encode()) > LOCAL_OCTETS_MAX or len(local.encode()) + 1 + len(domain) > ADDRESS_OCTETS_MAX:
        raise _wrong(text, "is longer than an address may be (RFC 5321 §4.5.3.1)")
    return MailAddress(local, domain, name)


def is_clean(text: str) -> bool:
    """Whether a header may hold it: no line break, no other control character, no half of a character.

    Nor an encoded word (RFC 2047 §2), such as `=?utf-8?q?a=0aBcc:_b?=`: whatever reads it decodes it, the
    standard library before it writes the header, with the line break that stands in it.
    """
    return not _ENCODED_WORD.search(text) and not any(
        char < " " or "\x7f" <= char < "\xa0" or "\ud800" <= char <= "\udfff" or char in "\u2028\u2029"
        for char in text
    )


def _read_name(name: str, text: str) -> str:
    if len(name) >= 2 and name[0] == name[-1] == '"':
        name = name[1:-1].replace('\\"', '"').replace("\\\\", "\\")
    if len(name) > NAME_LENGTH_MAX or "<" in name or ">" in name:
        raise _wrong(text, "has a name that can't stand before an address")
    return name


def _read_domain(domain: str, text: str) -> str:
    if not domain.isascii():
        try:
            domain = domain.encode("idna").decode("ascii")
        except UnicodeError:
            raise _wrong(text, "has a domain that can't be written in ASCII") from None
    if not _DOMAIN.fullmatch(domain) or len(domain) > ADDRESS_OCTETS_MAX:
        raise _wrong(text, "has no valid domain")
    return domain.lower()


def _wrong(text: str, what: str) -> MessageError:
    shown = escape_control_characters(text[:80]).encode("utf-8", "replace").decode()
    return MessageError(f"{shown!r} {what}", fix="Write ada@example.com or Ada Lovelace <ada@example.com>.")
