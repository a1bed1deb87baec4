"""Request bodies of servers that hand out the next piece when they are asked for it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Final

from bistro.serving.body import BodyAlreadyRead, collect, limit, too_large

WITH_BODY: Final = frozenset({"POST", "PUT", "PATCH"})
"""Methods of requests that mostly have a body."""
DIGITS_MAX: Final = 18
"""Of a length in bytes; more are beyond every limit, or nothing but zeros."""


def is_larger(declared: bytes, size_max: int) -> bool:
    """Whether a Content-Length is over `size_max`; one that is no number is for others to judge."""
    # Python reads no more than 4,300 digits, and no server tells where it stops.
    return declared.isdigit() and (len(declared) > DIGITS_MAX or int(declared) > size_max)


class PulledBody:
    """The body of one request; `pieces` asks the server for one piece after the other.

    `declared` is the value of Content-Length, if there is one. It only refuses early what is too
    large by its own word; what was received counts.
    """

    __slots__ = ("_declared", "_is_streamed", "_pieces")

    def __init__(self, declared: bytes | None, pieces: AsyncIterator[bytes]) -> None:
        self._declared = declared
        self._pieces = pieces
        self._is_streamed = False

    async def read(self, size_max: int) -> bytes:
        """The whole body. Raise `ContentTooLarge` over `size_max` bytes, `BodyAlreadyRead` the next time."""
        self._begin(size_max)
        return await collect(self._pieces, size_max)

    async def stream(self, size_max: int) -> AsyncIterator[bytes]:
        """The body in pieces as it arrives, with the same errors."""
        self._begin(size_max)
        async for piece in limit(self._pieces, size_max):
            yield piece

    def _begin(self, size_max: int) -> None:
        if self._is_streamed:
            raise BodyAlreadyRead()
        if self._declared is not None and is_larger(self._declared, size_max):
            raise too_large(size_max)
        self._is_streamed = True
