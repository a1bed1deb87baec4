"""Dates of HTTP headers (RFC 9110 §5.6.7), without a locale."""

from __future__ import annotations

import re
import time
from datetime import UTC, datetime
from functools import lru_cache
from typing import Final


def format_http_date(moment: datetime | float) -> str:
    """`moment` as `Sun, 06 Nov 1994 08:49:37 GMT`; a number is seconds since 1970.

    Raises ValueError for a datetime without a time zone: nobody can know which moment it is.
    """
    if isinstance(moment, datetime):
        if moment.tzinfo is None:
            raise ValueError(f"{moment!r} has no time zone; use datetime.now(UTC), or set tzinfo")
        # Not by way of timestamp(): a float rounds the last microsecond up to the next second.
        parts = moment.utctimetuple()
    else:
        parts = time.gmtime(moment)
    year, month, day, hour, minute, second, weekday, _, _ = parts
    date = f"{_DAYS[weekday]}, {day:02d} {_MONTHS[month - 1]} {year:04d}"
    return f"{date} {hour:02d}:{minute:02d}:{second:02d} GMT"


def parse_http_date(text: str) -> datetime | None:
    """The moment that `text` names in any of the three forms of RFC 9110, or None.

    None is what RFC 9110 §13.1.3 asks for: a condition with an invalid date is ignored.
    """
    if len(text) > _LENGTH_MAX:
        return None
    fixdate, asctime, rfc_850 = _forms()
    match = fixdate.fullmatch(text) or asctime.fullmatch(text)
    if match is not None:
        return _moment(match, int(match["year"]))
    match = rfc_850.fullmatch(text)
    return None if match is None else _moment(match, _full_year(int(match["year"])))


@lru_cache(maxsize=1)
def _forms() -> tuple[re.Pattern[str], re.Pattern[str], re.Pattern[str]]:
    # Compiled late, since many sites never read a date.
    return re.compile(_IMF_FIXDATE), re.compile(_ASCTIME), re.compile(_RFC_850)


def _moment(match: re.Match[str], year: int) -> datetime | None:
    hour, minute, second = match["time"].split(":")
    try:
        # A leap second has no datetime of its own; the second before it is the nearest.
        return datetime(
            year,
            _MONTHS.index(match["month"]) + 1,
            int(match["day"]),
            int(hour),
            int(minute),
            min(int(second), 59) if second == "60" else int(second),
            tzinfo=UTC,
        )
    except ValueError:
        return None


def _full_year(two_digits: int) -> int:
    # RFC 9110 §5.6.7: more than 50 years in the future means the past.
    this_year = datetime.now(UTC).year
    year = this_year - this_year % 100 + two_digits
    return year - 100 if year > this_year + 50 else year


_DAYS: Final = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS: Final = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_LENGTH_MAX: Final = 40

_MONTH: Final = f"(?P<month>{'|'.join(_MONTHS)})"
_TIME: Final = r"(?P<time>[0-9]{2}:[0-9]{2}:[0-9]{2})"
_DAY_NAME: Final = f"(?:{'|'.join(_DAYS)})"
_LONG_DAY_NAME: Final = "(?:Monday|Tuesday|Wednesday|Thursday|Friday|Saturday|Sunday)"
_IMF_FIXDATE: Final = rf"{_DAY_NAME}, (?P<day>[0-9]{{2}}) {_MONTH} (?P<year>[0-9]{{4}}) {_TIME} GMT"
_RFC_850: Final = rf"{_LONG_DAY_NAME}, (?P<day>[0-9]{{2}})-{_MONTH}-(?P<year>[0-9]{{2}}) {_TIME} GMT"
_ASCTIME: Final = rf"{_DAY_NAME} {_MONTH} (?P<day>[0-9 ][0-9]) {_TIME} (?P<year>[0-9]{{4}})"
