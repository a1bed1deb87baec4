"""Headers of requests (read as sent) and of responses (checked where they are set)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, MutableMapping
from typing import ClassVar, Final

from bistro.ground.errors import BistroError
from bistro.ground.multidict import multi_items_of


class HeaderValueError(BistroError):
    """A header or cookie that can't be sent as given.

    If you see this: the text has a line break, another control character, or a letter outside of
    Latin-1, often because it came from a user. Encode it (`content_disposition`, `quote_path`) or
    refuse it before it gets here.
    """

    code: ClassVar[str] = "B480"


class Headers(Mapping[str, str]):
    """The headers of a request: names in any case, values as Latin-1 text, first value first.

    `items()` gives the first value of each name, `multi_items()` all in the order sent.
    """

    __slots__ = ("_first", "_pairs")

    def __init__(self, pairs: list[tuple[bytes, bytes]]) -> None:
        """`pairs` as `Exchange.header_items` gives them: names in lower case."""
        self._pairs = pairs
        self._first: dict[bytes, bytes] | None = None

    def __getitem__(self, name: str) -> str:
        value = self._find(name)
        if value is None:
            raise KeyError(name)
        return value.decode("latin-1")

    def get_all(self, name: str) -> list[str]:
        """Every value of `name` in the order sent; empty when there is none."""
        key = _key(name)
        return [value.decode("latin-1") for each, value in self._pairs if each == key]

    def find_joined(self, name: str) -> str | None:
        """All values of `name` as one comma-separated list (RFC 9110 §5.3), or None."""
        values = self.get_all(name)
        return ", ".join(values) if values else None

    def multi_items(self) -> list[tuple[str, str]]:
        """All names and values in the order sent."""
        return [(name.decode("latin-1"), value.decode("latin-1")) for name, value in self._pairs]

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and self._find(name) is not None

    def __iter__(self) -> Iterator[str]:
        return iter({name.decode("latin-1"): None for name, _ in self._pairs})

    def __len__(self) -> int:
        return len({name for name, _ in self._pairs})

    def __repr__(self) -> str:
        # Names only: values may be credentials, and this text ends in logs and tracebacks.
        return f"Headers({', '.join(self)})"

    def _find(self, name: str) -> bytes | None:
        first = self._first
        if first is None:
            # Reversed, so that the first of equal names is the one that stays.
            first = self._first = dict(reversed(self._pairs))
        return first.get(_key(name))


class ResponseHeaders(MutableMapping[str, str]):
    """The headers of a response; each is checked where it is set, names become lower case.

    `headers[name] = value` replaces, `add` keeps what is there. Raises `HeaderValueError`.
    """

    __slots__ = ("_pairs",)

    def __init__(self, pairs: Mapping[str, str] | Iterable[tuple[str, str]] = ()) -> None:
        self._pairs: list[tuple[str, str]] = _checked_pairs(pairs) if pairs else []

    def __getitem__(self, name: str) -> str:
        key = name.lower()
        for each, value in self._pairs:
            if each == key:
                return value
        raise KeyError(name)

    def __setitem__(self, name: str, value: str) -> None:
        key = check_header(name, value)
        pairs = self._pairs
        for index, (each, _) in enumerate(pairs):
            if each == key:
                pairs[index] = (key, value)
                pairs[index + 1 :] = [pair for pair in pairs[index + 1 :] if pair[0] != key]
                return
        pairs.append((key, value))

    def __delitem__(self, name: str) -> None:
        if not self.remove(name):
            raise KeyError(name)

    def add(self, name: str, value: str) -> None:
        """Send `value` besides what `name` has already, as `set-cookie` needs it."""
        self._pairs.append((check_header(name, value), value))

    def remove(self, name: str) -> bool:
        """Take every value of `name` away; False when there was none."""
        key = name.lower()
        kept = [pair for pair in self._pairs if pair[0] != key]
        found = len(kept) < len(self._pairs)
        self._pairs = kept
        return found

    def get_all(self, name: str) -> list[str]:
        """Every value of `name` in order; empty when there is none."""
        key = name.lower()
        return [value for each, value in self._pairs if each == key]

    def multi_items(self) -> list[tuple[str, str]]:
        """All names and values in order."""
        return list(self._pairs)

    def vary(self, *names: str) -> None:
        """Say that the answer depends on the request headers `names` (RFC 9110 §12.5.5)."""
        present = [part.strip().lower() for value in self.get_all("vary") for part in value.split(",")]
        if "*" in present:
            return
        merged = dict.fromkeys([*filter(None, present), *(name.lower() for name in names)])
        self["vary"] = "*" if "*" in merged else ", ".join(merged)

    def to_block(self) -> bytes:
        """The lines `name: value` CR LF, as `Exchange.send` takes them."""
        return "".join([f"{name}: {value}\r\n" for name, value in self._pairs]).encode("latin-1")

    def copy(self) -> ResponseHeaders:
        """The same headers, to be changed apart from these."""
        twin = ResponseHeaders()
        twin._pairs = list(self._pairs)
        return twin

    def __contains__(self, name: object) -> bool:
        key = name.lower() if isinstance(name, str) else name
        return any(each == key for each, _ in self._pairs)

    def __iter__(self) -> Iterator[str]:
        return iter(self._names())

    def __len__(self) -> int:
        return len(self._names())

    def __repr__(self) -> str:
        return f"ResponseHeaders({', '.join(self)})"

    def _names(self) -> dict[str, None]:
        return dict.fromkeys([name for name, _ in self._pairs])


def check_header(name: str, value: str) -> str:
    """Return `name` in lower case if it and `value` can be sent as one header.

    Names are tokens (RFC 9110 §5.6.2); values have no control character except a tab, so that
    nobody can end the line and begin another (CWE-113). How long the body is, only the server says:
    two answers to that make two answers of one (RFC 9112 §6.3). Raises `HeaderValueError`.
    """
    key = name.lower()
    if key not in _USUAL_NAMES:
        _check_unusual_name(name, key)
    # The first test is right for nearly all values and three times faster than the second.
    if not (value.isascii() and value.isprintable()) and (bad := _NOT_IN_VALUE.search(value)):
        raise HeaderValueError(
            f"the header {key} can't be {_shortened(value)}: {bad[0]!r} can't be sent",
            fix="Headers hold Latin-1 text without line breaks. Encode the value or remove the character.",
        )
    return key


def encode_headers(pairs: Mapping[str, str] | Iterable[tuple[str, str]]) -> bytes:
    """The lines `name: value` CR LF for headers that don't change, made once and sent often."""
    lines = [f"{name}: {value}\r\n" for name, value in _checked_pairs(pairs)]
    return "".join(lines).encode("latin-1")


def _checked_pairs(pairs: Mapping[str, str] | Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    items = pairs.multi_items() if isinstance(pairs, ResponseHeaders) else multi_items_of(pairs)
    return [(check_header(name, value), value) for name, value in items]


def _key(name: str) -> bytes:
    # Encoded first, because lowering text would turn the Kelvin sign into a k.
    return name.encode("ascii", "replace").lower()


def _check_unusual_name(name: str, key: str) -> None:
    if not TOKEN.fullmatch(name):
        raise HeaderValueError(
            f"{_shortened(name)} can't be the name of a header",
            fix="Use letters, digits and hyphens only.",
        )
    if key in _OF_THE_SERVER:
        raise HeaderValueError(
            f"the header {key} is set by the server",
            fix="Leave it out, also where you pass on an answer of another site; see Stream(length=…).",
        )


def _shortened(text: str) -> str:
    return repr(text if len(text) <= 60 else text[:60] + "…")


TOKEN: Final = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")
_NOT_IN_VALUE: Final = re.compile(r"[^\t\x20-\x7e\x80-\xff]")
_OF_THE_SERVER: Final = frozenset({"content-length", "transfer-encoding"})
_USUAL_NAMES: Final = frozenset(
    {
        "allow",
        "cache-control",
        "content-disposition",
        "content-language",
        "content-range",
        "content-type",
        "etag",
        "last-modified",
        "link",
        "location",
        "retry-after",
        "set-cookie",
        "vary",
    }
)
