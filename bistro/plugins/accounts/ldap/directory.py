"""`LdapDirectory`: asks a directory whose password it is."""

from __future__ import annotations

import asyncio
import ssl
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Final
from urllib.parse import urlsplit

from bistro.plugins.accounts.errors import AccountsError
from bistro.plugins.accounts.identities import ExternalIdentity
from bistro.plugins.accounts.ldap.errors import LdapError
from bistro.plugins.accounts.ldap.wire import Entry, Wire, open_wire
from bistro.plugins.accounts.names import FOREIGN

PORTS: Final = {"ldaps": 636, "ldap": 389}
CONNECTIONS_MAX: Final = 16
"""At once: a directory that has become slow must not be given all the work that waits for it."""
# What RFC 4518 §2.2 maps to nothing besides characters of the categories in `FOREIGN`.
LEFT_OUT: Final = frozenset("\u034f\u1806\u180b\u180c\u180d\ufffc") | frozenset(
    map(chr, range(0xFE00, 0xFE10))
)
# RFC 4514 §2.4; written as their numbers, as are control characters.
DN_SPECIAL: Final = frozenset('",+;<>\\=#')


@dataclass(frozen=True)
class LdapDirectory:
    """A directory that knows passwords: `CheckedBy([LdapDirectory("ldaps://ldap.example.com", …)])`.

    `url` is `ldaps://…`, or `ldap://…`, where StartTLS must succeed before anything is said; the
    certificate must be of that host, and of an authority that the machine or `ca_file` trusts.

    With `people`, the name that was typed is looked for below this entry, in the attribute `login`,
    among those with all the values in `only`; `reader` and `reader_password` are who may look, or
    nobody, where anybody may. With `person`, such as `"uid={login},ou=people,dc=example,dc=com"`, the
    name makes the entry's own, and nobody has to look. Then the password is tried.

    `subject` is the attribute with what never changes and is never given to anybody else, `email` and
    `full_name` those with the address and the name.
    """

    url: str
    people: str = ""
    person: str = ""
    login: str = "uid"
    only: Mapping[str, str] = field(default_factory=lambda: {"objectClass": "person"})
    reader: str = ""
    reader_password: str = field(default="", repr=False)
    subject: str = "entryUUID"
    email: str = "mail"
    full_name: str = "cn"
    ca_file: str | None = None
    timeout_seconds: float = 5.0
    name: str = "directory"
    label: str = "the directory"

    def __post_init__(self) -> None:
        """Raises `AccountsError` (B960) for what can't work, or would let in whom it should not."""
        parts = urlsplit(self.url)
        if parts.scheme not in PORTS or not parts.hostname:
            raise AccountsError(
                f"a directory can't be at {self.url!r}",
                fix='Write "ldaps://ldap.example.com", or "ldap://…" for StartTLS.',
            )
        if bool(self.people) == bool(self.person) or (self.person and "{login}" not in self.person):
            raise AccountsError(
                "LdapDirectory needs one of people and person, the latter with {login} in it",
                fix='Write people="ou=people,dc=example,dc=com".',
            )
        if bool(self.reader) != bool(self.reader_password):
            # RFC 4513 §5.1.2: a name without a password is an anonymous one.
            raise AccountsError(
                "LdapDirectory needs both reader and reader_password, or none of the two",
                fix="Give the other one as well.",
            )

    async def check(self, login: str, password: str) -> ExternalIdentity | None:
        """Who it is, if the password is theirs. Raises `LdapError`, OSError or `TimeoutError`."""
        if not password or not has_one_spelling(login) or not can_be_sent(login + password):
            return None
        async with asyncio.timeout(self.timeout_seconds), self._places:
            wire = await self._open()
            try:
                entry = await self._find_entry(wire, login, password)
            finally:
                await wire.close()
        return None if entry is None else self._read_identity(entry)

    @cached_property
    def _places(self) -> asyncio.Semaphore:
        return asyncio.Semaphore(CONNECTIONS_MAX)

    @cached_property
    def _context(self) -> ssl.SSLContext:
        return ssl.create_default_context(cafile=self.ca_file)

    async def _open(self) -> Wire:
        parts = urlsplit(self.url)
        port, starts_tls = parts.port or PORTS[parts.scheme], parts.scheme == "ldap"
        return await open_wire(parts.hostname or "", port, self._context, starts_tls=starts_tls)

    async def _find_entry(self, wire: Wire, login: str, password: str) -> Entry | None:
        wanted = (self.subject, self.email, self.full_name)
        if self.person:
            dn = self.person.replace("{login}", escape_dn_value(login))
            if not await wire.bind(dn, password):
                return None
            return one_of(await wire.search(dn, "base", self.only, wanted))
        if self.reader and not await wire.bind(self.reader, self.reader_password):
            raise LdapError(f"the directory does not know the password of {self.reader}")
        entry = one_of(await wire.search(self.people, "subtree", {self.login: login, **self.only}, wanted))
        return entry if entry is not None and await wire.bind(entry.dn, password) else None

    def _read_identity(self, entry: Entry) -> ExternalIdentity:
        subject, email, name = (
            as_text(entry.attributes.get(each.lower(), b""))
            for each in (self.subject, self.email, self.full_name)
        )
        if not subject:
            raise LdapError(f"the entry {entry.dn} has no {self.subject}, or may not be read")
        return ExternalIdentity(subject, email, bool(email), name)


def one_of(entries: list[Entry]) -> Entry | None:
    """The only one; None for none. Raises `LdapError` for several, any of whom might be meant."""
    if len(entries) > 1:
        raise LdapError("the directory knows several people by the same name")
    return entries[0] if entries else None


def escape_dn_value(text: str) -> str:
    """`text` as a value inside of a distinguished name, whatever is in it (RFC 4514 §2.4)."""
    last = len(text) - 1
    return "".join(
        f"\\{ord(each):02x}"
        if each in DN_SPECIAL or each < " " or each == "\x7f" or (each == " " and at in (0, last))
        else each
        for at, each in enumerate(text)
    )


def has_one_spelling(login: str) -> bool:
    """Whether nothing is in it that a directory leaves out when it compares names (RFC 4518 §2.2, §2.6.1).

    Guesses are counted by what was typed: with a soft hyphen here and there, one name would have any
    number of counts.
    """
    stripped = login.strip()
    is_left_out = any(each in LEFT_OUT or unicodedata.category(each) in FOREIGN for each in login)
    return bool(stripped) and stripped == " ".join(stripped.split()) and not is_left_out


def can_be_sent(text: str) -> bool:
    """Whether it is a text that UTF-8 has: not one with half of a character, which nobody has typed."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def as_text(value: bytes) -> str:
    """A value as a text; of what is none, such as an `objectGUID`, the hexadecimal digits."""
    try:
        text = value.decode()
    except UnicodeDecodeError:
        return value.hex()
    return text if text.isprintable() else value.hex()
