"""The time zone in which somebody writes dates and times."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

NAME_LENGTH_MAX = 64


@lru_cache(maxsize=512)
def find_zone(name: str) -> ZoneInfo | None:
    """The zone of that name, such as `Europe/Berlin`; None for what is none, as a client may send."""
    if not 0 < len(name) <= NAME_LENGTH_MAX:
        return None
    from zoneinfo import ZoneInfo, ZoneInfoNotFoundError  # late: few forms ask for a time

    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return None
