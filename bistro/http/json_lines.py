"""JSON Lines: a value on each line, sent and read one by one."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterable, AsyncIterator, Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any, Final, Generic  # Any: values are of whatever can be encoded as JSON

from bistro.http.errors import ContentTooLarge
from bistro.http.response import Stream

if TYPE_CHECKING:
    # The default lets strict checkers take `-> JsonLines` without a type; at run time it is Python 3.13's.
    from typing_extensions import TypeVar

    Item = TypeVar("Item", default=Any)
else:
    from typing import TypeVar

    Item = TypeVar("Item")


LINES_IN_A_ROW: Final = 256
"""So many lines of one piece are given without a pause, then others have their turn."""


class JsonLines(Stream, Generic[Item]):
    """`items` as JSON, one on each line, each sent when the generator gives it.

    An error in between breaks the answer off, so that no client takes a part for the whole.
    Declare `-> JsonLines[PublicItem]` to send the fields of that type only.
    """

    __slots__ = ("_encode",)

    def __init__(
        self,
        items: AsyncIterable[Item] | Iterable[Item],
        *,
        status: int = 200,
        headers: Mapping[str, str] | None = None,
        content_type: str = "application/jsonl",
    ) -> None:
        super().__init__(items, status=status, headers=headers, content_type=content_type)

    def encode_with(self, encode: Callable[[object], bytes]) -> None:
        """Take what makes JSON of values."""
        self._encode = encode

    def encode_piece(self, piece: object) -> bytes:
        """One line as it is sent."""
        return self._encode(piece) + b"\n"


async def split_lines(pieces: AsyncIterator[bytes], line_size_max: int) -> AsyncIterator[bytes]:
    """The lines of `pieces` without their ends, blank ones left out.

    One piece may hold a hundred thousand, so others have their turn in between. Raises
    `ContentTooLarge` for a line of more than `line_size_max` bytes, before all of it is there.
    """
    rest = bytearray()
    async for piece in pieces:
        first, *others = piece.split(b"\n")
        rest += first
        for number, line in enumerate(others, 1):
            if len(rest) > line_size_max:
                break
            if number % LINES_IN_A_ROW == 0:
                await asyncio.sleep(0)
            if whole := bytes(rest).strip():
                yield whole
            rest = bytearray(line)
        if len(rest) > line_size_max:
            raise ContentTooLarge(f"A line of the body is over {line_size_max:,} bytes.")
    if whole := bytes(rest).strip():
        yield whole
