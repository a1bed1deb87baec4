"""A session as handlers have it: values by key, typed data, and its beginning and end."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator, MutableMapping, Sequence
from typing import Any, ClassVar, Final, TypeVar  # Any: a session holds whatever JSON can

import msgspec
from msgspec import Struct

from bistro.plugins.sessions.errors import SessionError
from bistro.plugins.sessions.record import Changes, Record

KEY_LENGTH_MAX: Final = 100
KEYS_MAX: Final = 100
VALUE_LENGTH_MAX: Final = 64 * 1024


class SessionData(Struct):
    """The base of typed data that a site keeps for each visitor; every field needs a default.

        class Cart(SessionData):
            items: list[int] = []

    A handler that asks for `cart: Cart` may change it; what has changed is kept after the handler.
    """

    # Never read from what a client sends, also where `Sessions` is not installed.
    __never_sent__: ClassVar[bool] = True
    __provided_by__: ClassVar[str] = "Sessions"


D = TypeVar("D", bound=SessionData)


class Session(MutableMapping[str, Any]):
    """The session of a request: a mapping of texts to what JSON can hold.

    A new one is stored, and its cookie set, when something is first put into it. Values may be
    changed in place. `owner` says whose it is, such as a user's id.
    """

    __provided_by__: ClassVar[str] = "Sessions"

    def __init__(self, record: Record, others: Others) -> None:
        self.record = record
        """What the store keeps of it, as it was loaded."""
        self.owner_before = record.owner
        """Who it belonged to when it was loaded."""
        self._others = others
        self._values: dict[str, Any] = {}
        self._typed: dict[type[SessionData], SessionData] = {}
        self.is_rotated = False
        self.is_emptied = False
        self.has_ended = False

    @property
    def id(self) -> str:
        """Names the session in lists; worth nothing as a cookie. Empty where it is not stored yet."""
        return self.record.id

    @property
    def is_new(self) -> bool:
        """Whether it is not stored yet."""
        return not self.record.id

    @property
    def owner(self) -> str:
        """Who it belongs to; empty for a visitor."""
        return self.record.owner

    @owner.setter
    def owner(self, owner: str) -> None:
        # ASVS 5.0, 7.2.4: who logs in or out gets a new token, so that nobody can have planted it.
        if owner != self.record.owner:
            self.rotate()
            # What a visitor has put in goes on with them; what a user has is not the next one's.
            if self.record.owner:
                self._forget()
        self.record.owner = owner

    def _forget(self) -> None:
        self.is_emptied = True
        self.record.data = {}
        self._values.clear()
        self._typed.clear()

    def rotate(self) -> None:
        """Give the session a new token after this request; the old one is worthless then."""
        self.is_rotated = True

    def end(self) -> None:
        """Forget everything, on the server and in the browser, as at log-out."""
        self.has_ended = True

    def data(self, kind: type[D]) -> D:
        """The typed data of this session; its defaults where there is none, or it no longer fits the type."""
        found = self._typed.get(kind)
        if found is None:
            found = self._typed[kind] = self._read(kind)
        return found  # type: ignore[return-value]  # kept under its own type

    def peek(self, kind: type[D]) -> D:
        """The same, only to look at: cheaper, since it is not compared with what was loaded."""
        found = self._typed.get(kind)
        return self._read(kind) if found is None else found  # type: ignore[return-value]  # as above

    def _read(self, kind: type[D]) -> D:
        text = self.record.data.get(key_of(kind))
        try:
            return kind() if text is None else msgspec.json.decode(text, type=kind)
        except msgspec.MsgspecError:
            return kind()

    async def others(self) -> Sequence[Record]:
        """The other sessions of the same owner, for a page that lists them (ASVS 5.0, 7.5.2)."""
        if not self.owner:
            return []
        return [each for each in await self._others.list_of(self.owner) if each.id != self.id]

    async def end_other(self, id: str) -> bool:
        """End another session of the same owner; False where it is none."""
        found = next((each for each in await self.others() if each.id == id), None)
        if found is not None:
            await self._others.end(found)
        return found is not None

    async def end_others(self) -> int:
        """End all other sessions of the same owner, as after a new password (ASVS 5.0, 7.4.3)."""
        others = await self.others()
        for each in others:
            await self._others.end(each)
        return len(others)

    def __getitem__(self, key: str) -> Any:
        if key not in self._values:
            self._values[key] = msgspec.json.decode(self.record.data[key])
        value = self._values[key]
        if value is _GONE:
            raise KeyError(key)
        return value

    def __setitem__(self, key: str, value: Any) -> None:
        if not 0 < len(key) <= KEY_LENGTH_MAX:
            raise SessionError(f"a key of a session has 1 to {KEY_LENGTH_MAX} characters")
        if key.startswith(TYPED):
            # Else a site whose keys come from requests would let them write what plugins keep.
            raise SessionError(
                f"a key of a session can't begin with {TYPED!r}: so do those of typed data",
                fix="Take another key, or ask for the SessionData by its type.",
            )
        _encode(key, value)  # told here, where it is wrong, and not after the handler
        self._values[key] = value

    def __delitem__(self, key: str) -> None:
        self[key]
        self._values[key] = _GONE

    def __iter__(self) -> Iterator[str]:
        keys = {**dict.fromkeys(self.record.data), **dict.fromkeys(self._values)}
        return (key for key in keys if self._values.get(key) is not _GONE and not key.startswith(TYPED))

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def __repr__(self) -> str:
        return f"<Session of {self.owner or 'a visitor'}>"

    def find_changes(self) -> Changes:
        """What is different from what was loaded, as JSON. Raises `SessionError` for too much of it."""
        changes: dict[str, str | None] = {}
        if not (self._values or self._typed):
            return changes
        kept = self.record.data
        for key, value in self._values.items():
            text = None if value is _GONE else _encode(key, value)
            if text != kept.get(key):
                changes[key] = text
        for kind, data in self._typed.items():
            key, text = key_of(kind), _encode(kind.__name__, data)
            # Data as it begins need not be stored.
            if text != kept.get(key) and (key in kept or text != _encode(key, kind())):
                changes[key] = text
        if len(kept.keys() | changes.keys()) > KEYS_MAX:
            raise SessionError(f"a session holds at most {KEYS_MAX} values")
        return changes


class Others:
    """What a session needs of its store to know the other sessions."""

    def __init__(
        self,
        list_of: Callable[[str], Awaitable[Sequence[Record]]],
        end: Callable[[Record], Awaitable[None]],
    ) -> None:
        self.list_of = list_of
        self.end = end


TYPED: Final = "data:"
_GONE: Final = object()


def key_of(kind: type[SessionData]) -> str:
    """The key under which data of this type is kept."""
    return f"{TYPED}{kind.__name__}"


def _encode(key: str, value: Any) -> str:
    try:
        text = msgspec.json.encode(value).decode()
    except (TypeError, ValueError, RecursionError) as error:
        raise SessionError(
            f"the session can't hold {key[:40]!r}: {error}",
            fix="Put in texts, numbers, lists and dicts, or declare the type as SessionData.",
        ) from None
    if len(text) > VALUE_LENGTH_MAX:
        raise SessionError(
            f"the value {key[:40]!r} of the session has more than {VALUE_LENGTH_MAX:,} characters",
            fix="Keep it in a table, and its key in the session.",
        )
    return text
