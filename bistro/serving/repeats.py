"""Requests that come again: what was found valid once need not be judged a second time.

How it works. The lines that a site's requests begin with are few, and a client sends the same
headers with many of them. Both are kept, apart, for all connections of a server. A read that is a
known line and behind it, byte for byte, the headers that its connection sent before, is therefore
one whole request, and llhttp would say so again: the two halves are valid each by itself, and
without Content-Length and Transfer-Encoding there is no body (RFC 9112 §6.3), so that nothing can
hide behind them. Only what went the usual way and was found ordinary is ever kept.
"""

from __future__ import annotations

from typing import TypeAlias

LINES_COUNT_MAX = 1024
LINE_SIZE_MAX = 256
HEADS_COUNT_MAX = 512
HEAD_SIZE_MAX = 2 * 1024
RENEWALS_MAX = 60
"""The server renews once a second, so that the headers of a client are kept for a minute at most."""
_FRAMING = (b"\ncontent-length:", b"\ntransfer-encoding:", b"\nupgrade:")

Parts: TypeAlias = tuple[str, str, str]
"""Method, path and query of a request."""


class KnownLines:
    """From what stands before the HTTP version, blank included, to its parts; one for a server."""

    def __init__(self) -> None:
        self._lines: dict[bytes, Parts] = {}
        self.find = self._lines.get
        """`find(line)`: its parts, or None."""

    def add(self, line: bytes, parts: Parts) -> None:
        """Keep the line of an ordinary request, if there is room."""
        if len(self._lines) < LINES_COUNT_MAX and len(line) <= LINE_SIZE_MAX:
            self._lines[line] = parts

    def renew(self) -> None:
        """Make room, where clients have filled it with lines that hardly come again; now and then."""
        if len(self._lines) == LINES_COUNT_MAX:
            self._lines.clear()


class Head:
    """The headers of ordinary requests, from the HTTP version on, and what was found in them."""

    __slots__ = ("block", "found", "is_bodiless")

    def __init__(self, block: bytes) -> None:
        self.block = block
        self.found: dict[bytes, bytes | None] = {}
        """The values of the headers that somebody asked for."""
        self.is_bodiless: bool | None = None
        """Whether nothing can stand behind it; None until somebody asks."""


class KnownHeads:
    """From the headers of a request to their `Head`; one for a server."""

    def __init__(self) -> None:
        self._renewals = 0
        self._heads: dict[bytes, Head] = {}
        self.find = self._heads.get
        """`find(block)`: its head, or None."""

    def add(self, block: bytes) -> Head:
        """The head of headers that are in order; it is kept if there is room."""
        head = Head(block)
        if len(self._heads) < HEADS_COUNT_MAX and len(block) <= HEAD_SIZE_MAX:
            self._heads[block] = head
        return head

    def renew(self) -> None:
        """Make room, as `KnownLines.renew` does; and forget all of them at every `RENEWALS_MAX`-th call.

        They hold cookies and what clients log in with, which should not stay in memory for days.
        """
        self._renewals += 1
        if len(self._heads) == HEADS_COUNT_MAX or self._renewals % RENEWALS_MAX == 0:
            self._heads.clear()


def is_bodiless(block: bytes) -> bool:
    """Whether a request whose head is `block` from the HTTP version on can have nothing behind it."""
    lowered = block.lower()
    return not any(name in lowered for name in _FRAMING)
