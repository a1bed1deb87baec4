"""The pieces of a streamed page, put together until they are worth sending."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

CHUNK_LENGTH = 8_192


class _Waiting:
    """Collects pieces; gives them as one when there are enough."""

    def __init__(self) -> None:
        self._pieces: list[str] = []
        self._size = 0

    def add(self, piece: str) -> str:
        self._pieces.append(piece)
        self._size += len(piece)
        return self.rest() if self._size >= CHUNK_LENGTH else ""

    def rest(self) -> str:
        text = "".join(self._pieces)
        self._pieces, self._size = [], 0
        return text


def in_chunks(pieces: Iterator[str]) -> Iterator[str]:
    """The same text in fewer pieces, each worth sending."""
    waiting = _Waiting()
    for piece in pieces:
        if chunk := waiting.add(piece):
            yield chunk
    if chunk := waiting.rest():
        yield chunk


async def in_chunks_async(pieces: AsyncIterator[str]) -> AsyncIterator[str]:
    """The same for pieces that are awaited."""
    waiting = _Waiting()
    async for piece in pieces:
        if chunk := waiting.add(piece):
            yield chunk
    if chunk := waiting.rest():
        yield chunk
