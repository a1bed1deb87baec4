"""ETags and the conditions of a request (RFC 9110 §8.8, §13): 304 and 412 without work of the handler."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from datetime import datetime
from typing import Final, Literal

from bistro.http.dates import parse_http_date


def make_etag(body: bytes, *, weak: bool = False) -> str:
    """An ETag that is the same for the same bytes. A weak one says "means the same", not "same bytes"."""
    # 128 bits: two bodies never share a tag by chance, nor on purpose by anybody who can't log in.
    tag = f'"{hashlib.blake2b(body, digest_size=16).hexdigest()}"'
    return f"W/{tag}" if weak else tag


def evaluate_preconditions(
    method: str,
    find_header: Callable[[str], str | None],
    *,
    etag: str | None = None,
    last_modified: datetime | None = None,
    exists: bool = True,
) -> Literal[304, 412] | None:
    """The status that a request's conditions ask for, or None to go on (RFC 9110 §13.2.2).

    `find_header` gives all values of a header as one list, as `Headers.find_joined` does. `etag` and
    `last_modified` are those of what is there now; say `exists=False` if nothing is. Call it only
    where the answer would be a success. Invalid dates and tags are ignored.
    """
    is_read = method in ("GET", "HEAD")
    if (if_match := find_header("if-match")) is not None:
        if not _matches(if_match, etag, exists, weakly=False):
            return 412
    elif (since := _find_date(find_header, "if-unmodified-since")) and _is_changed(last_modified, since):
        return 412
    if (if_none_match := find_header("if-none-match")) is not None:
        if _matches(if_none_match, etag, exists, weakly=True):
            return 304 if is_read else 412
    elif (
        is_read
        and last_modified is not None
        and (since := _find_date(find_header, "if-modified-since"))
        and not _is_changed(last_modified, since)
    ):
        return 304
    return None


def is_range_current(if_range: str | None, *, etag: str | None, last_modified: datetime | None) -> bool:
    """Whether the client's part of the file still fits, so that `Range` may be honoured (RFC 9110 §13.1.5).

    Without `If-Range` it may. Tags are compared strongly, dates exactly; anything else says no.
    """
    if if_range is None:
        return True
    if if_range.startswith(('"', "W/")):
        return _same_strongly(if_range, etag)
    date = parse_http_date(if_range)
    return date is not None and last_modified is not None and date == last_modified.replace(microsecond=0)


def parse_etags(header: str, *, count_max: int = 100) -> list[str]:
    """The tags of an `If-Match` or `If-None-Match` list, up to the first that is malformed."""
    tags: list[str] = []
    place = 0
    while len(tags) < count_max and (match := _TAG.match(header, place)):
        tags.append(match[1])
        place = match.end()
    return tags


def _matches(header: str, etag: str | None, exists: bool, *, weakly: bool) -> bool:
    if header.strip(" \t") == "*":
        return exists
    if etag is None or not exists:
        return False
    if weakly:
        return etag.removeprefix("W/") in [tag.removeprefix("W/") for tag in parse_etags(header)]
    return any(_same_strongly(tag, etag) for tag in parse_etags(header))


def _same_strongly(tag: str, etag: str | None) -> bool:
    return tag == etag and not tag.startswith("W/")


def _find_date(find_header: Callable[[str], str | None], name: str) -> datetime | None:
    text = find_header(name)
    return None if text is None else parse_http_date(text)


def _is_changed(last_modified: datetime | None, since: datetime) -> bool:
    # Dates of HTTP have no fractions: a file written within the second isn't younger than its own date.
    return last_modified is not None and last_modified.replace(microsecond=0) > since


# An entity-tag (RFC 9110 §8.8.3) and the comma behind it; empty elements are allowed (§5.6.1.2).
_TAG: Final = re.compile(r'[ \t,]*((?:W/)?"[\x21\x23-\x7e\x80-\xff]*")[ \t]*(?:,|$)')
