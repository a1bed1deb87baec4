"""A certificate for HTTPS on this machine, from an authority of one's own.

How it works: the first time an authority is made, then a certificate for this machine's own names,
signed by it. Browsers believe the second once the first is trusted, which has to be done but once,
for all sites and whenever the certificate is renewed. The authority can vouch for no other name
(RFC 5280 §4.2.1.10): who steals its key can't pretend to be a bank.
"""

from __future__ import annotations

import ipaddress
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric.ec import (
    SECP256R1,
    EllipticCurvePrivateKey,
    generate_private_key,
)
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from msgspec import Struct

from bistro.serving.tls import TlsFiles

AUTHORITY, CERTIFICATE = "authority", "localhost"
"""What the files are called: .pem with what everybody may see, .key with what nobody may."""
AUTHORITY_LIFETIME = timedelta(days=3650)
CERTIFICATE_LIFETIME = timedelta(days=397)
"""Browsers believe no certificate that lives for longer than 398 days."""
RENEWED_BEFORE = timedelta(days=30)
NAME = "localhost"
ADDRESSES = ("127.0.0.1", "::1")


class Signer(Struct, frozen=True):
    """A certificate and the key that belongs to it."""

    certificate: x509.Certificate
    key: EllipticCurvePrivateKey


def get_local_certificate(folder: Path, now: datetime | None = None) -> TlsFiles:
    """The certificate for this machine in `folder`, made where it is missing or nearly too old."""
    now = now or datetime.now(UTC)
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o700)
    authority = _find(folder, AUTHORITY, now) or _write(folder, AUTHORITY, make_authority(now))
    found = _find(folder, CERTIFICATE, now)
    if found is None or not _is_signed_by(authority, found):
        _write(folder, CERTIFICATE, make_certificate(authority, now))
    return TlsFiles(str(folder / f"{CERTIFICATE}.pem"), str(folder / f"{CERTIFICATE}.key"))


def find_certificate_folder() -> Path:
    """Where this user's certificates are, for all sites (XDG Base Directory Specification)."""
    data = os.environ.get("XDG_DATA_HOME", "")
    return (Path(data) if data.startswith("/") else Path.home() / ".local" / "share") / "bistro" / "https"


def make_authority(now: datetime) -> Signer:
    """An authority that can vouch for this machine's own names only."""
    key = generate_private_key(SECP256R1())
    name = _name("Bistro on this machine only")
    networks = [x509.IPAddress(ipaddress.ip_network(address)) for address in ADDRESSES]
    constraints = x509.NameConstraints([x509.DNSName(NAME), *networks], None)
    builder = (
        _builder(name, name, key, key, now, AUTHORITY_LIFETIME)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage(signs_certificates=True), critical=True)
        .add_extension(constraints, critical=True)
    )
    return Signer(builder.sign(key, hashes.SHA256()), key)


def make_certificate(authority: Signer, now: datetime) -> Signer:
    """A certificate for this machine's own names, signed by `authority`."""
    key = generate_private_key(SECP256R1())
    addresses = [x509.IPAddress(ipaddress.ip_address(address)) for address in ADDRESSES]
    builder = (
        _builder(_name(NAME), authority.certificate.subject, key, authority.key, now, CERTIFICATE_LIFETIME)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(signs_certificates=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(NAME), *addresses]), critical=False)
    )
    return Signer(builder.sign(authority.key, hashes.SHA256()), key)


def _builder(
    subject: x509.Name,
    issuer: x509.Name,
    key: EllipticCurvePrivateKey,
    issuer_key: EllipticCurvePrivateKey,
    now: datetime,
    lifetime: timedelta,
) -> x509.CertificateBuilder:
    issuer_id = x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key.public_key())
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))  # other clocks go otherwise
        .not_valid_after(now + lifetime)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(issuer_id, critical=False)
    )


def _usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs_certificates,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def _find(folder: Path, name: str, now: datetime) -> Signer | None:
    """What is in the files of that name, if it can be used for some time yet."""
    try:
        certificate = x509.load_pem_x509_certificate((folder / f"{name}.pem").read_bytes())
        key = serialization.load_pem_private_key((folder / f"{name}.key").read_bytes(), None)
    except (OSError, ValueError, TypeError):
        return None
    is_lasting = certificate.not_valid_after_utc - RENEWED_BEFORE > now
    is_pair = key.public_key() == certificate.public_key()
    return (
        Signer(certificate, key)
        if is_lasting and is_pair and isinstance(key, EllipticCurvePrivateKey)
        else None
    )


def _is_signed_by(authority: Signer, signer: Signer) -> bool:
    try:
        signer.certificate.verify_directly_issued_by(authority.certificate)
    except (InvalidSignature, ValueError):
        return False
    return True


def _write(folder: Path, name: str, signer: Signer) -> Signer:
    pem = serialization.Encoding.PEM
    secret = signer.key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    _put(folder / f"{name}.key", secret, mode=0o600)
    _put(folder / f"{name}.pem", signer.certificate.public_bytes(pem), mode=0o644)
    return signer


def _put(file: Path, content: bytes, *, mode: int) -> None:
    # Another file in its place, all at once: nobody may see half of it, or one with other rights.
    new = file.with_suffix(f".{os.getpid()}")
    new.unlink(missing_ok=True)
    with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as stream:
        stream.write(content)
    new.replace(file)
