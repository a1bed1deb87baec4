"""Header blocks (`b"name: value\\r\\n"` lines) taken apart, for adapters whose server wants pairs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, TypeVar

HeaderPairs = list[tuple[bytes, bytes]]
HeaderTexts = list[tuple[str, str]]
Pairs = TypeVar("Pairs")

BLOCKS_MAX = 256
BLOCK_SIZE_MAX = 1024


def split_header_block(block: bytes) -> HeaderPairs:
    """The names and values of a block that the framework wrote: complete lines, names in lower case."""
    pairs = []
    for line in block.split(b"\r\n")[:-1]:
        name, _, value = line.partition(b": ")
        pairs.append((name, value))
    return pairs


def split_header_texts(block: bytes) -> HeaderTexts:
    """The same as text, for servers that take it so."""
    return [(name.decode("latin-1"), value.decode("latin-1")) for name, value in split_header_block(block)]


def with_host(pairs: HeaderPairs, host: bytes) -> HeaderPairs:
    """The headers of a request for `host`, whatever host they named."""
    return [(b"host", host), *(pair for pair in pairs if pair[0] != b"host")]


class HeaderBlockCache(Generic[Pairs]):
    """Pairs of the blocks seen, for most blocks are constants that were made at freeze.

    What is different in each answer (a cookie, an etag) must not fill the memory: at `BLOCKS_MAX`
    blocks the cache is emptied, and long blocks are never kept.
    """

    __slots__ = ("_pairs", "_split")

    def __init__(self, split: Callable[[bytes], Pairs]) -> None:
        self._split = split
        self._pairs: dict[bytes, Pairs] = {}

    def get_pairs(self, block: bytes) -> Pairs:
        """The pairs of `block`; the list is shared, so copy it before changing it."""
        pairs = self._pairs.get(block)
        return self._add(block) if pairs is None else pairs

    def _add(self, block: bytes) -> Pairs:
        pairs = self._split(block)
        if len(block) <= BLOCK_SIZE_MAX:
            if len(self._pairs) >= BLOCKS_MAX:
                self._pairs.clear()
            self._pairs[block] = pairs
        return pairs
