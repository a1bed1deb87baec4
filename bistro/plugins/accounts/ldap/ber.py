"""The bytes of LDAP messages: tags, definite lengths and values (BER as RFC 4511 §5.1 limits it)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from bistro.plugins.accounts.ldap.errors import LdapError

BOOLEAN: Final = 0x01
INTEGER: Final = 0x02
OCTETS: Final = 0x04
ENUMERATED: Final = 0x0A
SEQUENCE: Final = 0x30
SET: Final = 0x31
LENGTH_BYTES_MAX: Final = 4
INTEGER_BYTES_MAX: Final = 8


def write(tag: int, *parts: bytes) -> bytes:
    """One element: its tag, its length and the parts of its value."""
    value = b"".join(parts)
    size = len(value)
    if size < 0x80:
        return bytes((tag, size)) + value
    length = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes((tag, 0x80 | len(length))) + length + value


def write_int(number: int, tag: int = INTEGER) -> bytes:
    """An integer that is not negative."""
    return write(tag, number.to_bytes(number.bit_length() // 8 + 1, "big"))


def write_text(text: str, tag: int = OCTETS) -> bytes:
    """A text as UTF-8. Raises ValueError for a lone surrogate."""
    return write(tag, text.encode())


def find_size(data: bytes | bytearray) -> int | None:
    """How long the element at the beginning is with its head; None where that is not known yet.

    Raises `LdapError` for a length that LDAP does not allow.
    """
    if len(data) < 2:
        return None
    first = data[1]
    if first < 0x80:
        return 2 + first
    count = first & 0x7F
    if not 0 < count <= LENGTH_BYTES_MAX:
        raise LdapError("the directory has sent a message without a length, or with one that is too long")
    if len(data) < 2 + count:
        return None
    return 2 + count + int.from_bytes(data[2 : 2 + count], "big")


def read_all(data: bytes) -> Iterator[tuple[int, bytes]]:
    """The tags and values of all elements in it, one behind the other. Raises `LdapError`."""
    while data:
        size = find_size(data)
        if size is None or size > len(data):
            raise LdapError("the directory has sent a message that ends too early")
        head = 2 + (data[1] & 0x7F if data[1] & 0x80 else 0)
        yield data[0], data[head:size]
        data = data[size:]


def read(data: bytes, *tags: int) -> list[bytes]:
    """The values of the first elements, whose tags must be these. Raises `LdapError`."""
    found = list(read_all(data))
    if [tag for tag, _ in found[: len(tags)]] != list(tags):
        raise LdapError("the directory has sent something else than was asked for")
    return [value for _, value in found[: len(tags)]]


def read_int(value: bytes) -> int:
    """The number of an integer. Raises `LdapError`."""
    if not 0 < len(value) <= INTEGER_BYTES_MAX:
        raise LdapError("the directory has sent a number that can't be one")
    return int.from_bytes(value, "big", signed=True)
