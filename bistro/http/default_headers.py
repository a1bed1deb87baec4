"""Headers that every answer of an app has unless it sets them itself."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from bistro.http.headers import ResponseHeaders, check_header, encode_headers

# Any: the request; this module stands beneath the one that has its class.
HeaderMaker = Callable[[Any], str]


class DefaultHeaders:
    """Headers that every answer of an app has unless it sets them itself.

    `fixed` ones are bytes made once; `made` ones come from a function of the request.
    """

    __slots__ = ("_fixed", "_made", "block", "make_block", "names")

    def __init__(
        self, fixed: Mapping[str, str] | None = None, made: Mapping[str, HeaderMaker] | None = None
    ) -> None:
        self._fixed = {name.lower(): encode_headers({name: value}) for name, value in (fixed or {}).items()}
        self._made = {check_header(name, ""): make for name, make in (made or {}).items()}
        self.names = frozenset({*self._fixed, *self._made})
        self.block = b"".join(self._fixed.values())
        self.make_block = _block_maker(list(self._made.items()))
        """`make_block(request)`: the lines that depend on the request."""

    @property
    def are_made(self) -> bool:
        """Whether some depend on the request."""
        return bool(self._made)

    def block_without(self, headers: ResponseHeaders, request: object) -> bytes:
        """The lines of those defaults that `headers` does not hold."""
        held = set(headers)
        lines = [line for name, line in self._fixed.items() if name not in held]
        lines += [_line(name, make(request)) for name, make in self._made.items() if name not in held]
        return b"".join(lines)


def _block_maker(made: list[tuple[str, HeaderMaker]]) -> Callable[[object], bytes]:
    if len(made) != 1:
        return lambda request: b"".join([_line(name, make(request)) for name, make in made])
    ((name, make),) = made

    # `_line` written out: this runs for every request of most sites.
    def make_line(request: object) -> bytes:
        value = make(request)
        if not (value.isascii() and value.isprintable()):
            check_header(name, value)
        return f"{name}: {value}\r\n".encode("latin-1")

    return make_line


def _line(name: str, value: str) -> bytes:
    # The same test as in `check_header`, which is called only to say what is wrong.
    if not (value.isascii() and value.isprintable()):
        check_header(name, value)
    return f"{name}: {value}\r\n".encode("latin-1")
