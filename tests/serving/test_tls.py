from __future__ import annotations

import ssl
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization

from bistro.cli.local_certificate import get_local_certificate
from bistro.serving.tls import TlsFiles, TlsFilesError


@pytest.fixture
def files(tmp_path: Path) -> TlsFiles:
    return get_local_certificate(tmp_path)


def test_versions_before_1_2_are_not_spoken(files: TlsFiles) -> None:
    assert files.open().minimum_version == ssl.TLSVersion.TLSv1_2


def test_certificate_and_key_may_stand_in_one_file(files: TlsFiles, tmp_path: Path) -> None:
    assert files.key is not None
    both = tmp_path / "both.pem"
    both.write_bytes(Path(files.certificate).read_bytes() + Path(files.key).read_bytes())
    TlsFiles(str(both)).open()


def test_missing_file_is_told_in_words(tmp_path: Path) -> None:
    with pytest.raises(TlsFilesError, match=r"certificate /no/such\.pem: No such file"):
        TlsFiles("/no/such.pem").open()


def test_key_of_another_certificate_is_told(files: TlsFiles, tmp_path: Path) -> None:
    other = get_local_certificate(tmp_path / "other")
    with pytest.raises(TlsFilesError, match="key values mismatch"):
        TlsFiles(files.certificate, other.key).open()


def test_text_that_is_no_certificate_is_told(tmp_path: Path) -> None:
    file = tmp_path / "x.pem"
    file.write_text("nonsense")
    with pytest.raises(TlsFilesError, match="there is no PEM in it"):
        TlsFiles(str(file)).open()


def test_encrypted_key_is_told_instead_of_asked_for(files: TlsFiles, tmp_path: Path) -> None:
    assert files.key is not None
    key = serialization.load_pem_private_key(Path(files.key).read_bytes(), None)
    encrypted = tmp_path / "encrypted.key"
    encrypted.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.BestAvailableEncryption(b"secret"),
        )
    )
    with pytest.raises(TlsFilesError, match="the key is encrypted"):
        TlsFiles(files.certificate, str(encrypted)).open()
