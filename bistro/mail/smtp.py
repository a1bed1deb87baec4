"""Messages sent by SMTP. What was to be encrypted is encrypted, or it is not sent (CVE-2026-7666)."""

from __future__ import annotations

import ssl
from typing import TYPE_CHECKING, Literal, TypeAlias

from bistro.ground.concurrency import run_in_thread
from bistro.ground.secret import Secret
from bistro.mail.addresses import parse_mail_address
from bistro.mail.errors import MailError, MailRefused, MailUnavailable, MissingMailExtra
from bistro.mail.message import Message

if TYPE_CHECKING:
    import aiosmtplib

Tls: TypeAlias = Literal["start", "always", "never"]
PORTS: dict[Tls, int] = {"start": 587, "always": 465, "never": 25}
TEXT_LENGTH_MAX = 300


class SmtpTransport:
    """Sends by the server at `host`, one connection for messages that wait together.

    `tls="start"` asks the server for TLS by STARTTLS and goes no further without it (RFC 3207),
    `"always"` begins with it (RFC 8314), `"never"` is for a server on the same machine. The
    certificate must be good for `host`; `context` may know more authorities. Raises
    `MissingMailExtra` (B971).
    """

    def __init__(
        self,
        host: str,
        port: int | None = None,
        *,
        user: str = "",
        password: Secret | None = None,
        tls: Tls = "start",
        context: ssl.SSLContext | None = None,
        timeout_seconds: float = 30.0,
    ) -> None:
        try:
            # Loaded late: it comes with an extra.
            import aiosmtplib
        except ImportError:
            raise MissingMailExtra(
                "sending by SMTP needs the package aiosmtplib", fix="pip install 'bistro[mail]'"
            ) from None
        self.host = host
        self.port = port or PORTS[tls]
        self.tls = tls
        self._user = user
        self._password = password or Secret("")
        self._context = context
        self._timeout_seconds = timeout_seconds
        self._library = aiosmtplib
        self._connection: aiosmtplib.SMTP | None = None

    async def send(self, message: Message) -> None:
        """Send it. Raises `MailUnavailable` and `MailRefused`."""
        # In a thread: attachments of some megabytes take a third of a second to be written out.
        content = await run_in_thread(write_out, message)
        recipients, sender = message.recipients, str(parse_mail_address(message.sender))
        try:
            connection = self._connection or await self._connect()
            options = await self._find_options(connection, message)
            refused, _ = await connection.sendmail(sender, recipients, content, mail_options=options)
        except (self._library.SMTPException, OSError, ValueError) as error:
            await self.close()
            raise self._explain(error) from error
        if refused:
            raise MailRefused(
                f"the server refused {len(refused)} of {len(recipients)} recipients; the others have it"
            )

    async def close(self) -> None:
        """Say good-bye to the server."""
        connection, self._connection = self._connection, None
        if connection is not None:
            try:
                if connection.is_connected:
                    await connection.quit(timeout=5)
            except (self._library.SMTPException, OSError):
                pass  # it has gone already
            finally:
                connection.close()

    async def _connect(self) -> aiosmtplib.SMTP:
        connection = self._library.SMTP(
            hostname=self.host,
            port=self.port,
            username=self._user or None,
            password=self._password.reveal() or None,
            # Never None, which the library takes for "if the server offers it".
            start_tls=self.tls == "start",
            use_tls=self.tls == "always",
            tls_context=None if self.tls == "never" else self._context or ssl.create_default_context(),
            timeout=self._timeout_seconds,
        )
        await connection.connect()
        self._connection = connection
        return connection

    async def _find_options(self, connection: aiosmtplib.SMTP, message: Message) -> list[str]:
        if not message.needs_utf8:
            return []
        if connection.is_ehlo_or_helo_needed:
            await connection.ehlo()
        if not connection.supports_extension("smtputf8"):
            raise self._library.SMTPNotSupported("the server has no SMTPUTF8, which an address needs")
        return ["SMTPUTF8", "BODY=8BITMIME"]

    def _explain(self, error: Exception) -> MailError:
        what = f"{self.host}:{self.port}: {_text_of(error)}"
        if isinstance(error, ssl.SSLError | ValueError):
            return MailRefused(what)
        if isinstance(error, self._library.SMTPRecipientsRefused):
            is_temporary = all(400 <= each.code < 500 for each in error.recipients)
        elif isinstance(error, self._library.SMTPResponseException):
            is_temporary = 400 <= error.code < 500
        else:
            is_temporary = isinstance(error, OSError)
        return MailUnavailable(what) if is_temporary else MailRefused(what)


def write_out(message: Message) -> bytes:
    """The message as it goes over the line."""
    return message.as_email().as_bytes()


def _text_of(error: Exception) -> str:
    if isinstance(error, TimeoutError):
        return "no answer in time"
    text = " ".join(str(error).split()) or type(error).__name__
    return text[:TEXT_LENGTH_MAX]
