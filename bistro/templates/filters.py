"""Filters that pages need next to Jinja2's own. Each is linear in the length of its input."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, time, timedelta
from typing import Any  # Any: a filter is given whatever stands in front of it.

from markupsafe import Markup, escape

from bistro.ground.text import slugify

UNITS = (
    (timedelta(days=365), "year"),
    (timedelta(days=30), "month"),
    (timedelta(days=7), "week"),
    (timedelta(days=1), "day"),
    (timedelta(hours=1), "hour"),
    (timedelta(minutes=1), "minute"),
)
MARKDOWN_LENGTH_MAX = 200_000
"""Longer texts are refused: what parses them must not hold up the site."""
CELLS_FREE = 2_000
"""A text may have so many cells of tables that nobody has written."""
BRACKETS_FREE = 1_000
"""So many `[`, and one more for each 30 letters, may begin a link. Where there are more, none does: looking
for the end of each takes ten times as long as all the rest."""


def format_date(value: date | datetime | time | None, pattern: str = "%Y-%m-%d") -> str:
    """A date or time in the form of `strftime`; empty for None."""
    return "" if value is None else value.strftime(pattern)


def isoformat(value: date | datetime | time | None) -> str:
    """A date or time as machines read it, for `<time datetime="…">`; empty for None."""
    return "" if value is None else value.isoformat()


def timesince(value: datetime, now: datetime | None = None) -> str:
    """How long ago `value` was, in its largest unit: `3 days`, `1 hour`, `now`."""
    moment = now or datetime.now(UTC if value.tzinfo else None)
    passed = abs(moment - value)
    for length, word in UNITS:
        count = passed // length
        if count:
            return f"{count} {word}{pluralize(count)}"
    return "now"


def pluralize(count: Any, endings: str = "s") -> str:
    """The ending for `count`: nothing or `s`, or those given, as in `y,ies`."""
    singular, comma, plural = endings.partition(",")
    number = len(count) if hasattr(count, "__len__") else count
    return (singular if comma else "") if number == 1 else (plural if comma else endings)


def yesno(value: object, words: str = "yes,no,no") -> str:
    """A word for true, false and None."""
    yes, no, *unknown = words.split(",")
    if value is None and unknown:
        return unknown[0]
    return yes if value else no


def intcomma(value: float | str) -> str:
    """A number with commas between thousands: `1,234,567`."""
    number = float(value) if isinstance(value, str) and "." in value else value
    return f"{int(number):,}" if isinstance(number, str) else f"{number:,}"


def linebreaks(value: Any) -> Markup:
    """A text in paragraphs, with `<br>` for single line ends; the text itself is escaped."""
    text = str(escape(value)).replace("\r\n", "\n").replace("\r", "\n")
    paragraphs = (part.strip("\n") for part in text.split("\n\n"))
    made = ("<p>{}</p>".format(part.replace("\n", "<br>")) for part in paragraphs if part)
    return Markup("\n".join(made))  # noqa: S704 - escaped above


def linebreaksbr(value: Any) -> Markup:
    """A text with `<br>` for each line end; the text itself is escaped."""
    text = str(escape(value)).replace("\r\n", "\n").replace("\r", "\n")
    return Markup(text.replace("\n", "<br>"))  # noqa: S704 - escaped above


def truncatewords(value: Any, count: int = 20, end: str = "…") -> str:
    """The first `count` words, and `end` where there are more."""
    words = str(value).split(None, count)
    return str(value) if len(words) <= count else " ".join(words[:count]) + end


def initials(value: Any, count: int = 2) -> str:
    """The first letters of the first words, in capitals."""
    return "".join(word[0] for word in str(value).split(None, count)[:count]).upper()


def add(value: Any, other: Any) -> Any:
    """`value + other`."""
    return value + other


def divisibleby(value: int, number: int) -> bool:
    """Whether `number` goes into `value` without a rest."""
    return value % number == 0


def getitem(value: Any, key: Any, default: Any = None) -> Any:
    """`value[key]`, or `default` where there is none."""
    try:
        return value[key]
    except (LookupError, TypeError):
        return default


def safe_url(value: Any) -> str:
    """A URL that may stand in `href` or `src`: http, https, mailto, tel, or one of this site; else `#`.

    Escaping does not make `javascript:` harmless (ASVS 1.2.2); this does.
    """
    text = "".join(character for character in str(value) if character > " ").lower()
    scheme = _SCHEME.match(text)
    if scheme is None or scheme[1] in ("http", "https", "mailto", "tel"):
        return str(value).strip()
    return "#"


def markdown(value: Any) -> Markup:
    """Markdown as HTML that is safe to show, whoever wrote it. Needs the extra `bistro[markdown]`.

    Raises ValueError for more than 200,000 characters.
    """
    # Loaded late: an extra, and few pages need it.
    import nh3
    from markdown_it import MarkdownIt

    text = str(value)
    if len(text) > MARKDOWN_LENGTH_MAX:
        raise ValueError(f"a text of {len(text):,} characters is too long for the filter markdown")
    parser = MarkdownIt("commonmark", {"html": False}).enable("strikethrough")
    if _has_few_cells(text):
        parser.enable("table")
    if text.count("[") > BRACKETS_FREE + len(text) // 30:
        parser.disable(["link", "image"])
    html = parser.render(text)
    return Markup(nh3.clean(html, link_rel="noopener nofollow"))  # noqa: S704 - sanitised


def _has_few_cells(text: str) -> bool:
    # A row may leave out what the head of its table has: 10 kB are 65,000 cells, and most of a second.
    # Each cell that somebody has written takes two letters, so that real tables are never too much.
    lines = text.splitlines()
    columns = max((line.count("|") for line in lines), default=0) + 1
    return columns == 1 or columns * len(lines) <= CELLS_FREE + len(text) // 2


FILTERS: Mapping[str, Callable[..., Any]] = {
    "add": add,
    "date": format_date,
    "divisibleby": divisibleby,
    "getitem": getitem,
    "initials": initials,
    "intcomma": intcomma,
    "isoformat": isoformat,
    "linebreaks": linebreaks,
    "linebreaksbr": linebreaksbr,
    "markdown": markdown,
    "pluralize": pluralize,
    "safe_url": safe_url,
    "slugify": slugify,
    "timesince": timesince,
    "truncatewords": truncatewords,
    "yesno": yesno,
}

_SCHEME = re.compile(r"([^/?#:]*):")
