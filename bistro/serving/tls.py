"""TLS as the server speaks it: version 1.2 and later, HTTP/1.1 on top."""

from __future__ import annotations

from ssl import PROTOCOL_TLS_SERVER, SSLContext, SSLError, TLSVersion

from msgspec import Struct

from bistro.ground.errors import SetupError


class TlsFilesError(SetupError):
    """The certificate or its key can't be used.

    If you see this: a file is missing or can't be read, the two don't belong together, or the key
    is encrypted.
    """

    code = "B720"
    exit_code = 78


class TlsFiles(Struct, frozen=True):
    """Paths of a certificate, with those that lead to its authority behind it, and of its key (PEM)."""

    certificate: str
    key: str | None = None
    """None where the key stands in the file of the certificate."""

    def open(self) -> SSLContext:
        """What a server needs to speak TLS; the files are read now, and not again. Raises TlsFilesError."""
        context = SSLContext(PROTOCOL_TLS_SERVER)
        # RFC 8996 forbids the versions before; ciphers are those that OpenSSL holds to be safe.
        context.minimum_version = TLSVersion.TLSv1_2
        context.set_alpn_protocols(["http/1.1"])
        try:
            context.load_cert_chain(self.certificate, self.key, password=_refuse_to_ask)
        except (OSError, ValueError) as error:
            raise TlsFilesError(
                f"can't use the certificate {self.certificate}{self._with_key}: {_reason_of(error)}",
                fix="Give PEM files that belong together with --tls-certificate and --tls-key.",
            ) from None
        return context

    @property
    def _with_key(self) -> str:
        return f" with the key {self.key}" if self.key else ""


def _reason_of(error: OSError | ValueError) -> str:
    if isinstance(error, SSLError):
        # OpenSSL finds no words for a file without PEM in it.
        return error.reason.replace("_", " ").lower() if error.reason else "there is no PEM in it"
    return (error.strerror if isinstance(error, OSError) else None) or str(error)


def _refuse_to_ask() -> str:
    """Instead of a prompt in a terminal that a server does not have."""
    raise ValueError("the key is encrypted; store it decrypted, readable for the server alone")
