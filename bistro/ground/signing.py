"""Texts that only this site can make (signed), and that only it can read (sealed).

How it works. A keyring holds the site's secret keys, newest first. From each key HKDF (RFC 5869)
derives a key of its own for every use and purpose, so that a text made for one purpose is worth
nothing for another. The purpose goes in with its length before it: no two pairs of parts can
run together into the same bytes (the class of CVE-2026-6873).

    signed   base64url( 1 | key id, 4 bytes | time, 8 bytes | value | HMAC-SHA256, 32 bytes )
    sealed   base64url( 2 or 3 | key id, 4 bytes | nonce, 12 bytes | AEAD( time, 8 bytes | value ) )

The first byte names the format: 2 is AES-256-GCM-SIV, which stays safe should a nonce ever come
twice, 3 is AES-256-GCM where the system's OpenSSL (before 3.2) has no SIV; both are opened. The
newest key signs and seals, every key verifies and opens, found by its id (CVE-2025-47278).
The time is in milliseconds since 1970. What stands before the value is authenticated with it.
"""

from __future__ import annotations

import base64
import binascii
import contextlib
import hmac
import secrets
import struct
from datetime import timedelta
from typing import Protocol

from bistro.ground.clock import Clock, SystemClock
from bistro.ground.errors import BistroError
from bistro.ground.keyring import Keyring, WeakKeyError, derive_key, join_labels, make_secret_key
from bistro.ground.text import escape_control_characters

__all__ = [
    "BadSignature",
    "Keyring",
    "Sealer",
    "SignatureExpired",
    "Signer",
    "WeakKeyError",
    "make_secret_key",
]

SIZE_MAX = 4_096


class BadSignature(BistroError):
    """The text was not made by this site for this purpose, or has been changed."""

    code = "B111"


class SignatureExpired(BadSignature):
    """The text was made by this site for this purpose, but too long ago."""

    code = "B112"


class Signer:
    """Makes and checks texts whose value anybody can read and only the site can make."""

    def __init__(
        self, keyring: Keyring, purpose: str, *, clock: Clock | None = None, size_max: int = SIZE_MAX
    ) -> None:
        """Sign for `purpose`, e.g. "password reset"; a value may have `size_max` bytes."""
        self._keyring = keyring
        self._purpose = _check_purpose(purpose)
        self._clock = clock or SystemClock()
        self._size_max = size_max
        self._keys: list[tuple[bytes, bytes]] | None = None

    def sign(self, value: bytes | str) -> str:
        """`value` and the time of signing as URL-safe text, which `verify` takes back.

        Raises ValueError if `value` has more than `size_max` bytes.
        """
        data = _check_value(value, self._size_max)
        key_id, key = self._derived_keys()[0]
        body = _SIGNED + key_id + _write_time(self._clock) + data
        return _encode(body + hmac.digest(key, body, "sha256"))

    def verify(self, text: str, *, age_max: timedelta) -> bytes:
        """The value in `text`, if this site signed it for this purpose within `age_max`.

        Raises BadSignature (B111), or SignatureExpired (B112) which is one, too.
        """
        data = _decode(text, self._size_max + _SIGNED_OVERHEAD)
        body, code = data[:-32], data[-32:]
        if len(data) < _SIGNED_OVERHEAD or body[:1] != _SIGNED:
            raise _bad()
        for key_id, key in self._derived_keys():
            if key_id == body[1:5] and hmac.compare_digest(hmac.digest(key, body, "sha256"), code):
                _check_age(body[5:13], age_max, self._clock)
                return body[13:]
        raise _bad()

    def _derived_keys(self) -> list[tuple[bytes, bytes]]:
        if self._keys is None:
            self._keys = self._keyring.derive("sign", self._purpose)
        return self._keys


class Sealer:
    """Makes and opens texts whose value nobody but the site can read or make."""

    def __init__(
        self, keyring: Keyring, purpose: str, *, clock: Clock | None = None, size_max: int = SIZE_MAX
    ) -> None:
        """Seal for `purpose`, e.g. "session"; a value may have `size_max` bytes."""
        self._keyring = keyring
        self._purpose = _check_purpose(purpose)
        self._clock = clock or SystemClock()
        self._size_max = size_max
        self._ciphers: _Ciphers | None = None

    def seal(self, value: bytes | str) -> str:
        """`value` and the time of sealing as URL-safe text, which `open` takes back.

        Raises ValueError if `value` has more than `size_max` bytes.
        """
        data = _check_value(value, self._size_max)
        return _encode(self._derived_ciphers().seal(_write_time(self._clock) + data))

    def open(self, text: str, *, age_max: timedelta) -> bytes:
        """The value in `text`, if this site sealed it for this purpose within `age_max`.

        Raises BadSignature (B111), or SignatureExpired (B112) which is one, too.
        """
        data = _decode(text, self._size_max + _SEALED_OVERHEAD)
        if len(data) < _SEALED_OVERHEAD:
            raise _bad()
        opened = self._derived_ciphers().find_opened(data)
        if opened is None:
            raise _bad()
        _check_age(opened[:8], age_max, self._clock)
        return opened[8:]

    def _derived_ciphers(self) -> _Ciphers:
        if self._ciphers is None:
            self._ciphers = _Ciphers(self._keyring, self._purpose)
        return self._ciphers


class _Cipher(Protocol):
    def encrypt(self, nonce: bytes, data: bytes, associated_data: bytes | None) -> bytes: ...

    def decrypt(self, nonce: bytes, data: bytes, associated_data: bytes | None) -> bytes: ...


class _Ciphers:
    """The ciphers of a sealer, by the head (format and key id) of the texts that they open."""

    __slots__ = ("_by_head", "_invalid_tag", "_label", "_newest")

    def __init__(self, keyring: Keyring, purpose: str) -> None:
        from cryptography.exceptions import InvalidTag

        self._invalid_tag = InvalidTag
        self._label = join_labels(b"bistro", b"seal", purpose)
        self._by_head: dict[bytes, list[_Cipher]] = {}
        made = [
            (kind + key_id, cipher)
            for key_id, key in keyring.derive("seal", purpose)
            for kind, cipher in _make_ciphers(key)
        ]
        self._newest = made[0]
        for head, cipher in made:
            # Two keys with the same id are possible, if hardly: then both are tried.
            self._by_head.setdefault(head, []).append(cipher)

    def seal(self, data: bytes) -> bytes:
        head, cipher = self._newest
        nonce = secrets.token_bytes(12)
        return head + nonce + cipher.encrypt(nonce, data, self._label + head)

    def find_opened(self, data: bytes) -> bytes | None:
        head, nonce, sealed = data[:5], data[5:17], data[17:]
        for cipher in self._by_head.get(head, ()):
            with contextlib.suppress(self._invalid_tag):
                return cipher.decrypt(nonce, sealed, self._label + head)
        return None


_SIGNED = b"\x01"
_SEALED_SIV = b"\x02"
_SEALED_GCM = b"\x03"
_SIGNED_OVERHEAD = 1 + 4 + 8 + 32
_SEALED_OVERHEAD = 1 + 4 + 12 + 8 + 16

_CLOCK_SKEW_SECONDS = 300
_PURPOSE_LENGTH_MAX = 200


def _check_purpose(purpose: str) -> str:
    if not 1 <= len(purpose) <= _PURPOSE_LENGTH_MAX:
        shown = escape_control_characters(purpose[:40])
        raise ValueError(f"a purpose is a short text such as 'session', not {shown!r}")
    return purpose


def _check_value(value: bytes | str, size_max: int) -> bytes:
    data = value.encode() if isinstance(value, str) else bytes(value)
    if len(data) > size_max:
        raise ValueError(f"the value has {len(data)} bytes, and may have {size_max}")
    return data


def _make_ciphers(key: bytes) -> list[tuple[bytes, _Cipher]]:
    """Each kind that this machine has, the one to seal with first."""
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM, AESGCMSIV

    # Each kind with a key of its own, as one key must not serve two algorithms.
    ciphers: list[tuple[bytes, _Cipher]] = [(_SEALED_GCM, AESGCM(derive_key(key, 32, b"AES-256-GCM")))]
    with contextlib.suppress(UnsupportedAlgorithm):
        ciphers.insert(0, (_SEALED_SIV, AESGCMSIV(derive_key(key, 32, b"AES-256-GCM-SIV"))))
    return ciphers


def _encode(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode("ascii")


def _decode(text: str, size_max: int) -> bytes:
    # Before anything else the length: the text may come from a client.
    if len(text) > (size_max * 4 + 2) // 3:
        raise _bad()
    try:
        ascii_text = text.encode("ascii")
        data = base64.urlsafe_b64decode(ascii_text + b"=" * (-len(ascii_text) % 4))
    except (UnicodeEncodeError, binascii.Error):
        raise _bad() from None
    # The decoder skips foreign characters and unused bits. One value must have one text only, or
    # a list of texts that were withdrawn could be by-passed.
    if _encode(data) != text:
        raise _bad()
    return data


def _write_time(clock: Clock) -> bytes:
    return struct.pack(">Q", int(clock.time() * 1000))


def _check_age(made: bytes, age_max: timedelta, clock: Clock) -> None:
    (made_milliseconds,) = struct.unpack(">Q", made)
    age_seconds = clock.time() - made_milliseconds / 1000
    if age_seconds > age_max.total_seconds():
        raise SignatureExpired("this text has expired", fix="Ask for a new one.")
    # Machines whose clocks differ a little may share a site; more than that is no skew.
    if age_seconds < -_CLOCK_SKEW_SECONDS:
        raise _bad()


def _bad() -> BadSignature:
    # One message for every cause: which check failed is nobody's business.
    return BadSignature("this text was not made here for this purpose, or has been changed")
