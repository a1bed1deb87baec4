"""A limit such as `10/minute`, and what is left of it for somebody.

How it works: the bucket that fills up evenly (GCRA). All that is kept of a client is one moment: when
its bucket will be full again. A request moves it by the time in which one request is earned, and is
refused where that would put it further away than the whole period.
"""

from __future__ import annotations

import math
import re
from typing import Final

from msgspec import Struct

from bistro.ground import SetupError

PERIODS: Final = {"second": 1, "minute": 60, "hour": 3600, "day": 86400}


class RateLimitError(SetupError):
    """A limit that can't be read.

    If you see this: write how many requests in which time, `"10/minute"` or `"5/30 seconds"`.
    """

    code = "B315"


class Limit(Struct, frozen=True):
    """At most `requests` at once, and as many in each `seconds`."""

    requests: int
    seconds: int

    @property
    def interval_seconds(self) -> float:
        """In which time one request is earned."""
        return self.seconds / self.requests

    def take(self, full_at: float, now: float) -> tuple[float, Taken]:
        """Take one request at `now` from a bucket that would be full at `full_at`; the new moment."""
        moved = max(full_at, now) + self.interval_seconds
        left = self.seconds - (moved - now)
        # Moments are seconds since the machine started: what is lost in their last digits is no refusal.
        if left < -1e-6:
            return full_at, Taken(False, 0, full_at - now, -left)
        return moved, Taken(True, int(left / self.interval_seconds + 1e-6), moved - now, 0.0)


class Taken(Struct, frozen=True):
    """Whether a request may go on, how many more may follow at once, and when there are more."""

    is_allowed: bool
    remaining: int
    reset_seconds: float
    """Until all of the limit is there again."""
    retry_seconds: float
    """Until the next request is allowed; 0 if it is now."""

    @property
    def retry_after(self) -> str:
        """The value of `Retry-After` (RFC 9110 §10.2.3): whole seconds, at least 1."""
        return str(max(1, math.ceil(self.retry_seconds - 1e-6)))


def read_limit(text: str) -> Limit:
    """The limit that `text` describes; raises `RateLimitError`."""
    match = _LIMIT.fullmatch(text)
    if match is None or not int(match["requests"]) or not int(match["count"] or 1):
        fix = 'Write requests and time: "10/minute", "1000/day" or "5/30 seconds".'
        raise RateLimitError(f"{text!r:.80} is no limit", fix=fix)
    return Limit(int(match["requests"]), int(match["count"] or 1) * PERIODS[match["period"]])


_LIMIT: Final = re.compile(
    r"(?P<requests>[0-9]{1,9}) ?/ ?(?:(?P<count>[0-9]{1,6}) )?(?P<period>second|minute|hour|day)s?"
)
