from __future__ import annotations

import socket
import ssl
import stat
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes

from bistro.cli.local_certificate import (
    CERTIFICATE_LIFETIME,
    Signer,
    find_certificate_folder,
    get_local_certificate,
    make_authority,
    make_certificate,
)
from bistro.serving.tls import TlsFiles

NOW = datetime.now(UTC)


def shake_hands(files: TlsFiles, authority: Path, name: str) -> str:
    """What a client that trusts `authority` says to a server with `files` that it knows as `name`."""
    client = ssl.create_default_context(cafile=str(authority))
    client.verify_flags |= ssl.VERIFY_X509_STRICT  # what Python does by itself from 3.13 on
    server = files.open()
    ours, theirs = socket.socketpair()

    def serve() -> None:
        try:
            server.wrap_socket(theirs, server_side=True).close()
        except (OSError, ssl.SSLError):
            theirs.close()

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        with client.wrap_socket(ours, server_hostname=name) as wrapped:
            return str(wrapped.version())
    except ssl.SSLCertVerificationError as error:
        return error.verify_message
    finally:
        thread.join()
        ours.close()


@pytest.mark.parametrize("name", ["localhost", "127.0.0.1", "::1"])
def test_who_trusts_the_authority_believes_the_certificate(tmp_path: Path, name: str) -> None:
    files = get_local_certificate(tmp_path)
    assert shake_hands(files, tmp_path / "authority.pem", name) == "TLSv1.3"


def test_the_authority_can_not_vouch_for_another_name(tmp_path: Path) -> None:
    get_local_certificate(tmp_path)
    authority = make_authority(NOW)
    genuine = make_certificate(authority, NOW)
    forged = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "bank.example")]))
        .issuer_name(authority.certificate.subject)
        .public_key(genuine.key.public_key())
        .serial_number(1)
        .not_valid_before(NOW - timedelta(days=1))
        .not_valid_after(NOW + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("bank.example")]), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(authority.key.public_key()), critical=False
        )
        .sign(authority.key, hashes.SHA256())
    )
    from bistro.cli import local_certificate

    local_certificate._write(tmp_path, "authority", authority)
    local_certificate._write(tmp_path, "forged", Signer(forged, genuine.key))
    files = TlsFiles(str(tmp_path / "forged.pem"), str(tmp_path / "forged.key"))
    assert shake_hands(files, tmp_path / "authority.pem", "bank.example") == "permitted subtree violation"


def test_the_keys_are_for_the_users_eyes_only(tmp_path: Path) -> None:
    folder = tmp_path / "https"
    folder.mkdir(mode=0o777)
    get_local_certificate(folder)
    modes = {file.name: stat.S_IMODE(file.stat().st_mode) for file in folder.iterdir()}
    assert modes["authority.key"] == modes["localhost.key"] == 0o600
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert len(modes) == 4


def read_all(folder: Path) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in folder.iterdir()}


def test_they_are_made_once(tmp_path: Path) -> None:
    get_local_certificate(tmp_path)
    first = read_all(tmp_path)
    get_local_certificate(tmp_path)
    assert read_all(tmp_path) == first


def test_a_certificate_that_is_nearly_too_old_is_renewed_by_the_same_authority(tmp_path: Path) -> None:
    get_local_certificate(tmp_path)
    first = read_all(tmp_path)
    files = get_local_certificate(tmp_path, NOW + CERTIFICATE_LIFETIME - timedelta(days=29))
    second = read_all(tmp_path)
    assert second["authority.pem"] == first["authority.pem"]
    assert second["localhost.pem"] != first["localhost.pem"]
    assert files.certificate.endswith("localhost.pem")


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("authority.pem", b"nonsense"),
        ("authority.key", b""),
        ("localhost.key", b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"),
    ],
)
def test_what_is_broken_is_made_anew_and_fits_again(tmp_path: Path, name: str, content: bytes) -> None:
    get_local_certificate(tmp_path)
    (tmp_path / name).write_bytes(content)
    files = get_local_certificate(tmp_path)
    assert shake_hands(files, tmp_path / "authority.pem", "localhost") == "TLSv1.3"


def test_a_certificate_of_another_authority_is_replaced(tmp_path: Path) -> None:
    get_local_certificate(tmp_path)
    (tmp_path / "authority.pem").unlink()
    files = get_local_certificate(tmp_path)
    assert shake_hands(files, tmp_path / "authority.pem", "localhost") == "TLSv1.3"


def test_the_folder_is_the_users_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/me")
    monkeypatch.delenv("XDG_DATA_HOME", raising=False)
    assert find_certificate_folder() == Path("/home/me/.local/share/bistro/https")
    monkeypatch.setenv("XDG_DATA_HOME", "/data/me")
    assert find_certificate_folder() == Path("/data/me/bistro/https")
    monkeypatch.setenv("XDG_DATA_HOME", "relative")
    assert find_certificate_folder() == Path("/home/me/.local/share/bistro/https")
