"""llhttp, with C functions as its callbacks.

llhttp (through `httptools`) judges every byte; nothing else decides what is valid HTTP. It is given
no header callbacks, since a Python call per header would cost more than parsing: the head is kept as
it came, and taken apart only by who asks for a header. `list.pop` on a list of one notes that a
message began or ended and fails at a second one; `list.append` collects the body.
"""

from __future__ import annotations

from httptools import HttpParserError, HttpParserUpgrade, HttpRequestParser

from bistro.serving.request_head import Refused


class WholeParser:
    """Reads bytes that are one whole request; whatever else they are shows as an error or a leftover.

    After `feed` has not raised: `ended` is empty if a message ended, `bodies` has what belongs to
    bodies. It raises for a second message, for an upgrade and where the connection is not to be kept.
    """

    __slots__ = (
        "_parser",
        "bodies",
        "ended",
        "feed",
        "on_body",
        "on_headers_complete",
        "on_message_complete",
    )

    def __init__(self) -> None:
        self.ended: list[None] = [None]
        self.bodies: list[bytes] = []
        self.on_body = self.bodies.append
        self.on_message_complete = self.ended.pop
        self._parser = parser = HttpRequestParser.__new__(HttpRequestParser)
        # `iter` with an end value calls until it gets that: its next() fails where keep-alive is False.
        self.on_headers_complete = iter(parser.should_keep_alive, False).__next__
        parser.__init__(self)  # type: ignore[misc]  # again is how to begin anew, and costs no new parser
        self.feed = parser.feed_data

    def reset(self) -> None:
        """Be ready for a request again, after bytes that were something else."""
        self.ended[:] = [None]
        self.bodies.clear()
        self.on_headers_complete = iter(self._parser.should_keep_alive, False).__next__
        self._parser.__init__(self)  # type: ignore[misc]  # see above

    def close(self) -> None:
        """Let go of the callbacks: they hold the parser, and only the collector could free that ring."""
        self._parser.__init__(None)  # type: ignore[misc]  # see above
        del self.on_headers_complete, self.feed


class PieceParser:
    """Reads requests in pieces, each of which must lie within one request."""

    __slots__ = (
        "_begun",
        "_bodies",
        "_ended",
        "_parser",
        "keep_alive",
        "on_body",
        "on_message_begin",
        "on_message_complete",
    )

    def __init__(self) -> None:
        self._begun: list[None] = [None]
        self._ended: list[None] = [None]
        self._bodies: list[bytes] = []
        self.on_message_begin = self._begun.pop
        self.on_message_complete = self._ended.pop
        self.on_body = self._bodies.append
        self.keep_alive = False
        """Whether the connection may be used again after the request that began last."""
        self._parser = HttpRequestParser(self)

    def on_headers_complete(self) -> None:
        """Called by llhttp, which knows this only until the message has ended (RFC 9112 §9.3)."""
        self.keep_alive = self._parser.should_keep_alive()

    @property
    def has_ended(self) -> bool:
        """Whether the request that began last is complete."""
        return not self._ended

    def begin(self, head: bytes) -> bool:
        """Read the head of the next request; whether it asks for an upgrade. Raises `Refused`."""
        if not self._begun:
            self._begun.append(None)
        if not self._ended:
            self._ended.append(None)
        try:
            self._parser.feed_data(head)
        except HttpParserUpgrade:
            # llhttp takes all that follows for another protocol; for us it is the next request.
            self.keep_alive = False
            self._begun[:] = self._ended[:] = [None]
            self._parser.__init__(self)  # type: ignore[misc]  # see WholeParser
            return True
        except HttpParserError:
            raise Refused(400, "the request is malformed") from None
        return False

    def feed(self, piece: bytes | memoryview) -> None:
        """Read some of the body. Raises `Refused`."""
        try:
            self._parser.feed_data(piece)
        except HttpParserError:
            raise Refused(400, "the body is malformed") from None

    def take_body(self) -> bytes:
        """What of the body has been read since this was last asked for."""
        bodies = self._bodies
        body = bodies[0] if len(bodies) == 1 else b"".join(bodies)
        bodies.clear()
        return body

    def close(self) -> None:
        """Let go of the callbacks; see `WholeParser`."""
        self._parser.__init__(None)  # type: ignore[misc]  # see WholeParser
