"""What can go wrong with mail."""

from __future__ import annotations

from bistro.ground.errors import AnswerableError, SetupError


class MailUrlError(SetupError):
    """If you see this: `MAIL_URL` is missing or can't be read, or asks for what is not safe."""

    code = "B970"
    exit_code = 78


class MissingMailExtra(SetupError):
    """If you see this: the package that sends mail by SMTP is not installed."""

    code = "B971"


class MessageError(AnswerableError):
    """A message can't be sent as it is: a malformed address, a line break in a header, too long.

    If you see this: something that a visitor gave went into a message unchecked.
    """

    code, status = "B972", 422
    detail = "This can't be sent as a mail."


class MailError(AnswerableError):
    """A message was not sent.

    If you see this: one of its subclasses says why.
    """

    code, status = "B973", 500


class MailUnavailable(MailError):
    """The mail server can't be reached, or asks to be tried again later.

    If you see this: the server is down, its address is wrong, or it takes no more mail for now.
    """

    code, status = "B974", 503
    detail = "Mail can't be sent at the moment."


class MailRefused(MailError):
    """The mail server will not take it, however often it is tried: sender, recipient, password or TLS.

    If you see this: the message names what the server said.
    """

    code = "B975"


class MailQueueFull(MailError):
    """More messages wait than may.

    If you see this: messages come faster than the server takes them.
    """

    code, status = "B976", 503
    detail = "Mail can't be sent at the moment."
