"""A connection to a directory: TLS, bind and search."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Mapping, Sequence
from typing import Final, Literal, cast

from msgspec import Struct

from bistro.plugins.accounts.ldap.ber import (
    BOOLEAN,
    ENUMERATED,
    INTEGER,
    OCTETS,
    SEQUENCE,
    SET,
    find_size,
    read,
    read_all,
    read_int,
    write,
    write_int,
    write_text,
)
from bistro.plugins.accounts.ldap.errors import LdapError

MESSAGE_SIZE_MAX: Final = 1024 * 1024
"""Bytes of one answer; an entry with a photograph has less."""
ANSWERS_MAX: Final = 20
VERSION: Final = 3
START_TLS: Final = "1.3.6.1.4.1.1466.20037"
SCOPES: Final = {"base": 0, "subtree": 2}
# The operations, by their tags (RFC 4511 §4).
BIND, BOUND, UNBIND = 0x60, 0x61, 0x42
SEARCH, ENTRY, DONE, REFERENCE = 0x63, 0x64, 0x65, 0x73
EXTENDED, EXTENDED_DONE = 0x77, 0x78
SIMPLE, REQUEST_NAME, AND, EQUAL = 0x80, 0x80, 0xA0, 0xA3
SUCCESS, SIZE_EXCEEDED, NO_SUCH_OBJECT, INVALID_CREDENTIALS = 0, 4, 32, 49


class Entry(Struct, frozen=True):
    """What a directory has about somebody."""

    dn: str
    attributes: Mapping[str, bytes]
    """The first value of each, by the name in lower case."""


class Wire(asyncio.Protocol):
    """The messages of one connection. Made by `open_wire`; close it."""

    def __init__(self) -> None:
        self._transport: asyncio.Transport | None = None
        self._received = bytearray()
        self._arrived = asyncio.Event()
        self._is_lost = asyncio.Event()
        self._message_id = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Part of `asyncio.Protocol`."""
        # uvloop's transports are none of asyncio's by their type.
        self._transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        """Part of `asyncio.Protocol`."""
        self._received += data
        self._arrived.set()
        if len(self._received) > MESSAGE_SIZE_MAX and self._transport is not None:
            self._transport.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        """Part of `asyncio.Protocol`."""
        self._is_lost.set()
        self._arrived.set()

    async def start_tls(self, context: ssl.SSLContext, host: str) -> None:
        """Encrypt what follows. Raises `LdapError` where the directory does not (RFC 4511 §4.14)."""
        self._send(EXTENDED, write_text(START_TLS, REQUEST_NAME))
        tag, value = await self._receive()
        _check("StartTLS", tag, value, EXTENDED_DONE)
        if self._received:
            # Sent before there was encryption, by whomever: it must not be read as if it came after.
            raise LdapError("the directory has sent something between StartTLS and the encryption")
        assert self._transport is not None
        loop = asyncio.get_running_loop()
        self._transport = await loop.start_tls(self._transport, self, context, server_hostname=host)

    async def bind(self, dn: str, password: str) -> bool:
        """Whether the password is right. Raises `LdapError` for any other answer than yes or no."""
        if not dn or not password:
            # RFC 4513 §5.1.2: a directory says yes to this, and has looked at no password.
            raise LdapError("a bind without a name or a password proves nothing")
        self._send(BIND, write_int(VERSION), write_text(dn), write_text(password, SIMPLE))
        tag, value = await self._receive()
        return _check("bind", tag, value, BOUND, INVALID_CREDENTIALS) == SUCCESS

    async def search(
        self,
        base: str,
        scope: Literal["base", "subtree"],
        equal: Mapping[str, str],
        attributes: Sequence[str],
    ) -> list[Entry]:
        """The entries, two at most, whose attributes all have these values. Raises `LdapError`."""
        each = [write(EQUAL, write_text(name), write_text(value)) for name, value in equal.items()]
        self._send(
            SEARCH,
            write_text(base),
            write_int(SCOPES[scope], ENUMERATED),
            write_int(0, ENUMERATED),  # aliases are not followed
            write_int(2),  # entries: one is right, and two are too many
            write_int(0),  # seconds: those of the client count
            write(BOOLEAN, b"\0"),
            write(AND, *each),
            write(SEQUENCE, *map(write_text, attributes)),
        )
        found: list[Entry] = []
        for _ in range(ANSWERS_MAX):
            tag, value = await self._receive()
            if tag == ENTRY:
                found.append(_read_entry(value))
            elif tag != REFERENCE:  # other servers are not asked: they may be anybody's
                _check("search", tag, value, DONE, SIZE_EXCEEDED, NO_SUCH_OBJECT)
                return found
        raise LdapError("the directory has sent more answers than were asked for")

    async def close(self) -> None:
        """Say good-bye, and hang up without waiting for an answer."""
        # uvloop does not say that it is lost where StartTLS has failed; it is closed then.
        if self._transport is not None and not self._transport.is_closing():
            self._send(UNBIND)
            self._transport.abort()
            await self._is_lost.wait()

    def _send(self, operation: int, *parts: bytes) -> None:
        assert self._transport is not None
        self._message_id += 1
        message = write(operation, *parts)
        self._transport.write(write(SEQUENCE, write_int(self._message_id), message))

    async def _receive(self) -> tuple[int, bytes]:
        """The next answer to what was asked last: its tag and its value. Raises `LdapError`."""
        while (size := find_size(self._received)) is None or size > len(self._received):
            if self._is_lost.is_set() or (size or 0) > MESSAGE_SIZE_MAX:
                raise LdapError("the directory has hung up, or its answer is too long")
            self._arrived.clear()
            await self._arrived.wait()
        data = bytes(self._received[:size])
        del self._received[:size]
        (message,) = read(data, SEQUENCE)
        parts = list(read_all(message))
        if len(parts) < 2 or parts[0][0] != INTEGER or read_int(parts[0][1]) != self._message_id:
            # Also the notice that the directory will hang up, whose number is 0 (RFC 4511 §4.4.1).
            raise LdapError("the directory has answered something that was not asked")
        return parts[1]


async def open_wire(host: str, port: int, context: ssl.SSLContext, *, starts_tls: bool) -> Wire:
    """A connection that is encrypted, to a directory whose certificate is of this host.

    Raises `LdapError` or OSError, of which `ssl.SSLError` is one, where it can't be: never without.
    """
    loop = asyncio.get_running_loop()
    if not starts_tls:
        _, wire = await loop.create_connection(Wire, host, port, ssl=context, server_hostname=host)
        return wire
    _, wire = await loop.create_connection(Wire, host, port)
    try:
        await wire.start_tls(context, host)
    except BaseException:
        await wire.close()
        raise
    return wire


def _check(what: str, tag: int, value: bytes, wanted: int, *allowed: int) -> int:
    """The result of an operation. Raises `LdapError` where it is neither success nor one of `allowed`."""
    if tag != wanted:
        raise LdapError(f"the directory has answered {what} with something else")
    code, _, said = read(value, ENUMERATED, OCTETS, OCTETS)
    result = read_int(code)
    if result not in (SUCCESS, *allowed):
        raise LdapError(f"the directory refuses {what}: {result} {said[:200].decode(errors='replace')}")
    return result


def _read_entry(value: bytes) -> Entry:
    dn, listed = read(value, OCTETS, SEQUENCE)
    attributes: dict[str, bytes] = {}
    for tag, each in read_all(listed):
        if tag != SEQUENCE:
            raise LdapError("the directory has sent an entry that can't be one")
        name, values = read(each, OCTETS, SET)
        for _, first in read_all(values):
            attributes.setdefault(name.decode(errors="replace").lower(), first)
    try:
        return Entry(dn.decode(), attributes)
    except UnicodeDecodeError as error:
        raise LdapError("the directory has sent a name that is no text") from error
