"""What was received and not yet used, cut at the borders of requests (RFC 9112 §2, §6).

How it works. Bytes are held until they are a whole head; that goes to llhttp, and then exactly what
belongs to its body, so that the parser never sees past the end of the request in hand, and what is
behind it can wait until it is answered. Where the end is, is reckoned here (from Content-Length, or
chunk by chunk); llhttp has to come to the same end at the same byte, or the request is refused.
"""

from __future__ import annotations

from bistro.serving.chunks import END, ChunkRuler
from bistro.serving.limits import Limits
from bistro.serving.parser import PieceParser
from bistro.serving.request_head import Refused, check_head, check_partial_head, find_length, has_body

_CARRIAGE_RETURN = 13
_NO_HEAD = b"\0"
KNOWN_SIZE_MAX = 4 * 1024


class RequestCutter:
    """Cuts the bytes of one connection into heads and bodies; its methods raise `Refused`."""

    __slots__ = ("_known", "_limits", "_parser", "_ruler", "_scan_from", "held", "is_in_body", "left")

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._parser = PieceParser()
        self._ruler: ChunkRuler | None = None
        self._scan_from = 0
        self._known = _NO_HEAD
        self.held = bytearray()
        """What has come and could not be used yet."""
        self.is_in_body = False
        """Whether the request whose head was cut last has more to come."""
        self.left: int | None = None
        """How many bytes of its body are to come; None where only the chunks tell."""

    @property
    def keep_alive(self) -> bool:
        """Whether another request may follow the one whose head was cut last."""
        return self._parser.keep_alive

    def cut_head(self) -> bytes | None:
        """The next head, once it is whole; its body, if any, is to be taken before the next one."""
        held, known = self.held, self._known
        if held.startswith(known):
            # The same request again, as clients that pipeline send it; llhttp would say the same again.
            del held[: len(known)]
            self._scan_from = 0
            return known
        if held and held[0] <= _CARRIAGE_RETURN:  # RFC 9112 §2.2: empty lines before a request
            held[:] = held.lstrip(b"\r\n")
        end = held.find(END, self._scan_from)
        if end < 0:
            check_partial_head(held, self._scan_from, self._limits)
            self._scan_from = max(0, len(held) - 3)
            return None
        head = bytes(held[: end + 4])
        del held[: end + 4]
        self._scan_from = 0
        try:
            is_upgrade = self._parser.begin(head)
        except Refused:
            check_head(head, self._limits)  # what is too large is told so, malformed or not
            raise
        if is_upgrade:
            if has_body(head):
                # Whatever stands behind an upgrade might be read as a request by one and a body by another.
                raise Refused(400, "an upgrade can't have a body")
        elif not self._parser.has_ended:
            self.is_in_body = True
            self.left = find_length(head)
            self._ruler = ChunkRuler(self._limits) if self.left is None else None
        elif self._parser.keep_alive and len(head) <= KNOWN_SIZE_MAX:
            self._known = head
        return head

    def take_body(self, data: bytes = b"") -> bytes:
        """What of the body in hand has come with `data` and before."""
        held = self.held
        if data and not held and self.left is not None and len(data) <= self.left:
            self._feed(data)  # the usual piece of a large body needs no holding
        else:
            held += data
            size = self._ruler.measure(held) if self._ruler else min(self.left or 0, len(held))
            with memoryview(held) as view, view[:size] as piece:
                self._feed(piece)
            del held[:size]
        return self._parser.take_body()

    def close(self) -> None:
        """Let go of everything."""
        self.held.clear()
        self._parser.close()

    def _feed(self, piece: bytes | memoryview) -> None:
        if self.left is not None:
            self.left -= len(piece)
        self._parser.feed(piece)
        ends = self._ruler.has_ended if self._ruler else not self.left
        if ends != self._parser.has_ended:
            raise Refused(400, "the body is malformed")
        self.is_in_body = not ends
