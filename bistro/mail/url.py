"""`MAIL_URL`: which way messages go."""

from __future__ import annotations

import ssl
from urllib.parse import parse_qsl, unquote, urlsplit

from bistro.ground.secret import Secret
from bistro.ground.text import did_you_mean
from bistro.mail.console import ConsoleTransport
from bistro.mail.errors import MailUrlError
from bistro.mail.file import FileTransport
from bistro.mail.memory import MemoryTransport
from bistro.mail.smtp import SmtpTransport, Tls
from bistro.mail.transport import Transport

SCHEMES = ("smtp", "smtps", "console", "file", "memory")
FIX = "Write smtp://user:password@mail.example.com:587, smtps://…, file:mails, console: or memory:."
LOOPBACK = ("localhost", "127.0.0.1", "::1")
OPTIONS = ("tls", "timeout", "ca_file")


def make_transport(url: str) -> Transport:
    """What sends messages to `url`. Raises `MailUrlError` (B970), which never shows the password.

    `smtp://` asks for TLS by STARTTLS and never goes on without it; `smtps://` begins with TLS.
    Options: `?tls=never` for a server on this machine, `timeout=30` seconds, `ca_file=/path` of the
    authority that has signed the server's certificate.
    """
    scheme, separator, rest = url.strip().partition(":")
    scheme = scheme.lower() if separator else ""
    if scheme == "console":
        return ConsoleTransport()
    if scheme == "memory":
        return MemoryTransport()
    if scheme == "file":
        folder = unquote(rest.removeprefix("//"))
        if not folder:
            raise MailUrlError("the mail URL names no folder", fix="Write file:mails or file:///srv/mails.")
        return FileTransport(folder)
    if scheme in ("smtp", "smtps") and rest.startswith("//"):
        return _smtp(scheme, rest)
    # What stands there may be a password: only a word is repeated.
    is_word = scheme.isalnum() and len(scheme) <= 20
    near = did_you_mean(scheme, SCHEMES) if is_word else None
    hint = f" Did you mean {near}:?" if near else ""
    raise MailUrlError("the mail URL begins with no way of sending", fix=FIX + hint)


def _smtp(scheme: str, rest: str) -> SmtpTransport:
    try:
        parts = urlsplit(f"smtp:{rest}")
        host, port = parts.hostname or "", parts.port
        options = dict(parse_qsl(parts.query, strict_parsing=bool(parts.query)))
        timeout_seconds = float(options.get("timeout", "30"))
    except ValueError:
        raise MailUrlError("the host, port or options of the mail URL can't be read", fix=FIX) from None
    unknown = next((name for name in options if name not in OPTIONS), None)
    if not host or unknown or not 0 < timeout_seconds <= 600 or parts.path not in ("", "/"):
        what = (
            f"the mail URL has the unknown option {unknown[:20]!r}"
            if unknown
            else "the mail URL is incomplete"
        )
        raise MailUrlError(what, fix=FIX)
    password = Secret(unquote(parts.password or ""))
    return SmtpTransport(
        unquote(host),
        port,
        user=unquote(parts.username or ""),
        password=password,
        tls=_find_tls(scheme, options.get("tls", ""), host, has_password=bool(password)),
        context=_find_context(options.get("ca_file", "")),
        timeout_seconds=timeout_seconds,
    )


def _find_tls(scheme: str, asked: str, host: str, *, has_password: bool) -> Tls:
    if not asked:
        return "always" if scheme == "smtps" else "start"
    if asked != "never" or scheme == "smtps":
        raise MailUrlError("the option tls of the mail URL can only be never, and only with smtp:", fix=FIX)
    if has_password and host not in LOOPBACK:
        raise MailUrlError(
            "a password would go to another machine where everybody on the way can read it",
            fix="Take tls=never out of the mail URL, or the user and password.",
        )
    return "never"


def _find_context(ca_file: str) -> ssl.SSLContext | None:
    if not ca_file:
        return None
    try:
        return ssl.create_default_context(cafile=ca_file)
    except (OSError, ssl.SSLError) as error:
        raise MailUrlError("the ca_file of the mail URL can't be read", fix=str(error)) from None
