"""Header blocks (`b"name: value\\r\\n"` lines) taken apart, for adapters whose server wants pairs."""

from __future__ import annotations

HeaderPairs = list[tuple[bytes, bytes]]

BLOCKS_MAX = 256
BLOCK_SIZE_MAX = 1024


def split_header_block(block: bytes) -> HeaderPairs:
    """The names and values of a block that the framework wrote: complete lines, names in lower case."""
    pairs = []
    for line in block.split(b"\r\n")[:-1]:
        name, _, value = line.partition(b": ")
        pairs.append((name, value))
    return pairs


class HeaderBlockCache:
    """Pairs of the blocks seen, for most blocks are constants that were made at freeze.

    What is different in each answer (a cookie, an etag) must not fill the memory: at `BLOCKS_MAX`
    blocks the cache is emptied, and long blocks are never kept.
    """

    __slots__ = ("_pairs",)

    def __init__(self) -> None:
        self._pairs: dict[bytes, HeaderPairs] = {}

    def get_pairs(self, block: bytes) -> HeaderPairs:
        """The pairs of `block`; the list is shared, so copy it before changing it."""
        pairs = self._pairs.get(block)
        return self._add(block) if pairs is None else pairs

    def _add(self, block: bytes) -> HeaderPairs:
        pairs = split_header_block(block)
        if len(block) <= BLOCK_SIZE_MAX:
            if len(self._pairs) >= BLOCKS_MAX:
                self._pairs.clear()
            self._pairs[block] = pairs
        return pairs
