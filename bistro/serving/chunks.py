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
        place, size = 0, len(held)
        while place < size:
            if self._data_left:
                step = min(self._data_left, size - place)
                self._data_left -= step
                place += step
                continue
            line = _match_size_line(held, place)
            if line is None:
                return self._measure_odd_line(held, place)
            data_size = int(line[1], 16)
            if data_size == 0:
                return self._measure_trailers(held, place)
            self._excess_size = max(0, self._excess_with(line.end() - place, data_size))
            place = line.end()
            self._data_left = data_size + 2  # CR LF
        return place

    def _excess_with(self, line_size: int, data_size: int) -> int:
        excess = self._excess_size + line_size - LINE_SIZE_FREE - 2 * data_size
        if excess > EXCESS_SIZE_MAX:
            raise Refused(400, "the chunks have too much around them")
        return excess

    def _measure_odd_line(self, held: bytearray, place: int) -> int:
        if held.find(b"\n", place) >= 0:
            raise Refused(400, "the body is malformed")
        self._excess_with(len(held) - place, 0)
        return place

    def _measure_trailers(self, held: bytearray, place: int) -> int:
        """`place` is where the last chunk's line begins; trailers and a blank line end the body."""
        end = held.find(END, max(place, self._scan_from))
        self.has_ended = end >= 0
        section = held[place : end + 4] if self.has_ended else held[place:]
        check_fields(section, section.count(b"\n") - 2, self._limits)
        if self.has_ended:
            return end + 4
        self._scan_from = max(0, len(section) - 3)
        return place
