"""How far a chunked body reaches (RFC 9112 §7.1), so that no byte behind it is read with it.

Nothing here decides what is valid: llhttp reads the same bytes, and where the two don't agree on the
end, the request is refused. What is limited here is what llhttp reads without end and nobody gets to
see: lines of a chunk's size, their extensions, trailers.
"""

from __future__ import annotations

import re

from bistro.serving.limits import Limits
from bistro.serving.request_head import Refused, check_fields

END = b"\r\n\r\n"
LINE_SIZE_FREE = 16
EXCESS_SIZE_MAX = 16 * 1024
"""What lines of sizes may have beyond 16 bytes and twice the chunk's data each, in all."""
_match_size_line = re.compile(rb"([0-9A-Fa-f]+)(?:[ \t]*;[^\r\n]*)?\r\n").match


class ChunkRuler:
    """Measures one chunked body as it arrives."""

    __slots__ = ("_data_left", "_excess_size", "_limits", "_scan_from", "has_ended")

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._data_left = 0
        self._excess_size = 0
        self._scan_from = 0
        self.has_ended = False

    def measure(self, held: bytearray) -> int:
        """How many bytes at the front of `held` are the body's; to be taken away before the next call.

        A line that is not whole yet isn't counted. Raises `Refused` where a limit is exceeded.
        """
        place, size = self._data_left, len(held)
        while place < size:
            line_end = held.find(b"\n", place) + 1
            try:
                # The quick way to read a line without an extension. It takes some that are none, such
                # as `+1`; llhttp does not.
                data_size = int(held[place:line_end], 16)
            except ValueError:
                line = _match_size_line(held, place)
                data_size = int(line[1], 16) if line is not None else -1
            if data_size < 0:
                return self._measure_odd_line(held, place)
            if data_size == 0:
                return self._measure_trailers(held, place)
            excess = self._excess_size + line_end - place - LINE_SIZE_FREE - 2 * data_size
            if excess > 0:
                self._check_excess(excess)
            self._excess_size = max(0, excess)
            place = line_end + data_size + 2  # CR LF
        self._data_left = place - size
        return size

    def _check_excess(self, excess: int) -> None:
        if excess > EXCESS_SIZE_MAX:
            raise Refused(400, "the chunks have too much around them")

    def _measure_odd_line(self, held: bytearray, place: int) -> int:
        if held.find(b"\n", place) >= 0:
            raise Refused(400, "the body is malformed")
        self._check_excess(self._excess_size + len(held) - place - LINE_SIZE_FREE)
        self._data_left = 0
        return place

    def _measure_trailers(self, held: bytearray, place: int) -> int:
        """`place` is where the last chunk's line begins; trailers and a blank line end the body."""
        self._data_left = 0
        end = held.find(END, max(place, self._scan_from))
        self.has_ended = end >= 0
        section = held[place : end + 4] if self.has_ended else held[place:]
        check_fields(section, section.count(b"\n") - 2, self._limits)
        if self.has_ended:
            return end + 4
        self._scan_from = max(0, len(section) - 3)
        return place
