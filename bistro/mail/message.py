"""A message: to whom, about what, in text and HTML, with attachments."""

from __future__ import annotations

import mimetypes
import re
from collections.abc import Mapping
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP, SMTPUTF8
from email.utils import format_datetime, make_msgid
from typing import TypeAlias

from msgspec import Struct, field

from bistro.ground.clock import SystemClock
from bistro.mail.addresses import MailAddress, is_clean, parse_mail_address
from bistro.mail.errors import MessageError

RECIPIENTS_MAX = 100
SUBJECT_LENGTH_MAX = 500
HEADER_LENGTH_MAX = 2_000
TEXT_LENGTH_MAX = 1_000_000
SIZE_MAX = 10 * 1024 * 1024
_HEADER_NAME = re.compile(r"[A-Za-z][A-Za-z0-9-]{0,75}")
_CONTENT_TYPE = re.compile(r"[a-z0-9][a-z0-9.+_-]{0,60}/[a-z0-9][a-z0-9.+_-]{0,80}")
_OWN_HEADERS = frozenset(
    ["to", "cc", "bcc", "from", "sender", "reply-to", "subject", "date", "message-id", "mime-version",
     "content-type", "content-transfer-encoding", "content-disposition", "return-path", "received"]
)  # fmt: skip

Addresses: TypeAlias = str | tuple[str, ...]


class Attachment(Struct, frozen=True):
    """A file that goes with a message. Without `content_type` the name's suffix tells it.

    With a `content_id`, HTML can show it: `<img src="cid:logo">`.
    """

    name: str
    content: bytes
    content_type: str = ""
    content_id: str = ""

    def __post_init__(self) -> None:
        if not self.name or len(self.name) > 200 or not is_clean(self.name):
            raise MessageError(f"{self.name[:80]!r} can't be the name of an attachment")
        if self.content_type and not _CONTENT_TYPE.fullmatch(self.content_type):
            raise MessageError(f"{self.content_type[:80]!r} is no content type", fix="Write it as text/csv.")
        if self.content_id and not re.fullmatch(r"[A-Za-z0-9.@_-]{1,100}", self.content_id):
            raise MessageError(
                f"{self.content_id[:80]!r} is no content id", fix='Write a word, such as "logo".'
            )

    @property
    def kind(self) -> tuple[str, str]:
        """The content type in its two parts."""
        guessed, coding = mimetypes.guess_type(self.name)
        kind = self.content_type or (guessed if guessed and not coding else "application/octet-stream")
        main, _, sub = kind.partition("/")
        # A message or multipart within would be parsed as a part of this one.
        return (main, sub) if main not in ("message", "multipart") else ("application", "octet-stream")


class Message(Struct, frozen=True, kw_only=True):
    """A mail. Addresses are `ada@example.com` or `Ada Lovelace <ada@example.com>`, each a text of its own.

    Everything is checked when the message is made: `MessageError` (B972) where something in it could
    be taken for a header, is no address, or is longer than it may be. `sender` is the `From` of the
    message; without it, that of the site. Nobody sees who is in `bcc`.
    """

    to: Addresses
    subject: str
    text: str = ""
    html: str = ""
    sender: str = ""
    cc: Addresses = ()
    bcc: Addresses = ()
    reply_to: Addresses = ()
    attachments: tuple[Attachment, ...] = ()
    headers: Mapping[str, str] = field(default_factory=dict)
    size_max: int = SIZE_MAX
    """Of text, HTML and attachments, in bytes."""

    def __post_init__(self) -> None:
        _check_header("subject", self.subject, SUBJECT_LENGTH_MAX)
        for name, value in self.headers.items():
            if not _HEADER_NAME.fullmatch(name) or name.lower() in _OWN_HEADERS:
                raise MessageError(
                    f"{name[:80]!r} can't be a header of its own", fix="Use the argument for it."
                )
            _check_header(name, value, HEADER_LENGTH_MAX)
        if self.sender:
            parse_mail_address(self.sender)
        count = sum(len(self.mailboxes(each)) for each in (self.to, self.cc, self.bcc, self.reply_to))
        if count > RECIPIENTS_MAX:
            raise MessageError(
                f"{count} addresses in one message; it may have {RECIPIENTS_MAX}",
                fix="Send one message to each: nobody needs to see the others' addresses.",
            )
        if not (self.to or self.cc or self.bcc):
            raise MessageError("a message to nobody", fix="Give at least one address in to, cc or bcc.")
        _check_size(self)

    @staticmethod
    def mailboxes(addresses: Addresses) -> list[MailAddress]:
        """The addresses of one of the fields, read. Raises `MessageError`."""
        return [
            parse_mail_address(each) for each in ((addresses,) if isinstance(addresses, str) else addresses)
        ]

    @property
    def recipients(self) -> list[str]:
        """The addresses of everybody who gets it, each once."""
        found = [each for field in (self.to, self.cc, self.bcc) for each in self.mailboxes(field)]
        return list(dict.fromkeys(map(str, found)))

    @property
    def size(self) -> int:
        """How much it holds: letters of text and HTML, and bytes of attachments."""
        return len(self.text) + len(self.html) + sum(len(each.content) for each in self.attachments)

    @property
    def needs_utf8(self) -> bool:
        """Whether an address has letters that only SMTPUTF8 can send (RFC 6531); names are encoded."""
        addresses = (self.sender or (), self.to, self.cc, self.bcc, self.reply_to)
        return not all(each.local.isascii() for some in addresses for each in self.mailboxes(some))

    def as_email(self) -> EmailMessage:
        """The message in the form of RFC 5322, with `Date` and `Message-ID`, and without `Bcc`."""
        email = EmailMessage(policy=(SMTPUTF8 if self.needs_utf8 else SMTP).clone(cte_type="7bit"))
        email["Subject"] = self.subject
        for name, addresses in (
            ("From", self.sender), ("To", self.to), ("Cc", self.cc), ("Reply-To", self.reply_to),
        ):  # fmt: skip
            if addresses:
                email[name] = tuple(_as_header(each) for each in self.mailboxes(addresses))
        email["Date"] = format_datetime(SystemClock().now())
        domain = parse_mail_address(self.sender).domain if self.sender else "localhost"
        email["Message-ID"] = make_msgid(domain=domain)
        # RFC 3834 §5: so that nobody's absence note answers a program.
        for name, value in {"Auto-Submitted": "auto-generated", **self.headers}.items():
            email[name] = value
        _fill(email, self)
        _verify_headers(email)
        return email


def _verify_headers(email: EmailMessage) -> None:
    """Refuse a header that would be written as two, however it came to that.

    As Python does since 3.11.10, but here for every version, and before anything is sent.
    """
    for part in email.walk():
        for name, value in part.items():
            if any(char in str(value) for char in "\r\n\0"):
                raise MessageError(f"the header {name} of a message has a line break in it")


def _as_header(address: MailAddress) -> Address:
    return Address(address.name, address.local, address.domain)


def _fill(email: EmailMessage, message: Message) -> None:
    email.set_content(message.text)
    if message.html:
        email.add_alternative(message.html, subtype="html")
        html = email.get_body(("html",))
        assert isinstance(html, EmailMessage)
        for each in message.attachments:
            if each.content_id:
                main, sub = each.kind
                html.add_related(
                    each.content,
                    main,
                    sub,
                    cid=f"<{each.content_id}>",
                    filename=each.name,
                    disposition="inline",
                )
    for each in message.attachments:
        if not (each.content_id and message.html):
            main, sub = each.kind
            email.add_attachment(each.content, main, sub, filename=each.name)


def _check_header(name: str, value: str, length_max: int) -> None:
    if not is_clean(value):
        raise MessageError(
            f"the {name} of a message has a line break, another control character, or an encoded word",
            fix='Take them out: " ".join(text.split()), and "=?" where it begins a word.',
        )
    if len(value) > length_max:
        raise MessageError(
            f"the {name} of a message has {len(value):,} characters; it may have {length_max:,}"
        )


def _check_size(message: Message) -> None:
    for name, text in (("text", message.text), ("html", message.html)):
        if len(text) > TEXT_LENGTH_MAX:
            raise MessageError(
                f"the {name} of a message has {len(text):,} characters; it may have {TEXT_LENGTH_MAX:,}"
            )
        try:
            text.encode()
        except UnicodeEncodeError:
            raise MessageError(
                f"the {name} of a message has half of a character (a lone surrogate)"
            ) from None
    if message.size > message.size_max:
        raise MessageError(
            f"a message of {message.size:,} bytes; it may have {message.size_max:,}",
            fix="Send a link instead, or allow more: Message(size_max=…).",
        )
