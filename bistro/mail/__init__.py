"""Mail: messages, the ways to send them, and the queue in front. Knows nothing of the web.

Loaded when first used (PEP 562): the standard library's package for mail is a slow import.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from bistro.ground import lazy_names

if TYPE_CHECKING:
    from bistro.mail.addresses import MailAddress as MailAddress
    from bistro.mail.addresses import parse_mail_address as parse_mail_address
    from bistro.mail.console import ConsoleTransport as ConsoleTransport
    from bistro.mail.errors import MailError as MailError
    from bistro.mail.errors import MailQueueFull as MailQueueFull
    from bistro.mail.errors import MailRefused as MailRefused
    from bistro.mail.errors import MailUnavailable as MailUnavailable
    from bistro.mail.errors import MailUrlError as MailUrlError
    from bistro.mail.errors import MessageError as MessageError
    from bistro.mail.errors import MissingMailExtra as MissingMailExtra
    from bistro.mail.file import FileTransport as FileTransport
    from bistro.mail.memory import MemoryTransport as MemoryTransport
    from bistro.mail.message import Attachment as Attachment
    from bistro.mail.message import Message as Message
    from bistro.mail.outbox import Outbox as Outbox
    from bistro.mail.outbox import Sent as Sent
    from bistro.mail.plain_text import html_to_text as html_to_text
    from bistro.mail.smtp import SmtpTransport as SmtpTransport
    from bistro.mail.transport import MailQueue as MailQueue
    from bistro.mail.transport import Transport as Transport
    from bistro.mail.url import make_transport as make_transport

_MODULES = {
    "addresses": ("MailAddress", "parse_mail_address"),
    "console": ("ConsoleTransport",),
    "errors": (
        "MailError", "MailQueueFull", "MailRefused", "MailUnavailable", "MailUrlError", "MessageError",
        "MissingMailExtra",
    ),
    "file": ("FileTransport",),
    "memory": ("MemoryTransport",),
    "message": ("Attachment", "Message"),
    "outbox": ("Outbox", "Sent"),
    "plain_text": ("html_to_text",),
    "smtp": ("SmtpTransport",),
    "transport": ("MailQueue", "Transport"),
    "url": ("make_transport",),
}  # fmt: skip

__all__ = sorted(name for names in _MODULES.values() for name in names)

if not TYPE_CHECKING:  # checkers would take any name for one of ours
    __getattr__, __dir__ = lazy_names(__name__, _MODULES)
