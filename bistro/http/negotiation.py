"""What to send, from what the client says it takes: `Accept`, `Accept-Language`, `Accept-Encoding`.

Preferences that are malformed are left out rather than refused, and no more than 64 are read: these
headers are wishes (RFC 9110 §12), and a wrong one is no reason not to answer.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from msgspec import Struct, field

from bistro.http.parameters import parse_parameters, split_outside_quotes


class Preference(Struct, frozen=True):
    """One element of an `Accept` header; `value` is lower case, `quality` between 0 and 1."""

    value: str
    quality: float = 1.0
    parameters: dict[str, str] = field(default_factory=dict)


def parse_accept(header: str, *, count_max: int = 64) -> list[Preference]:
    """The elements of an `Accept` header or one like it, in the order sent, at most `count_max`."""
    # More than this doesn't fit into a header that the server lets in; others may call us too.
    parts = split_outside_quotes(header[:_LENGTH_MAX], ",") or []
    found = (_read_preference(part) for part in parts[:count_max])
    return [preference for preference in found if preference is not None]


def choose_media_type(accept: str | None, offered: Sequence[str]) -> str | None:
    """The media type of `offered` that fits best, or None if the client wants none of them.

    `offered` stands in the order that the site prefers. Higher quality wins, then the type that the
    client named more exactly (so `application/json, */*` gets JSON), then the site's order.
    """
    preferences = parse_accept(accept or "")
    if not preferences:
        return offered[0] if offered else None
    ranked = [(*_quality_of_media_type(each, preferences), -place) for place, each in enumerate(offered)]
    return _best(ranked, offered)


def choose_language(accept_language: str | None, offered: Sequence[str]) -> str | None:
    """The language tag of `offered` that fits best, or None.

    A wish for `de-CH` is met by `de-CH`, else by `de` (lookup, RFC 4647 §3.4); one for `de` by `de`,
    else by `de-CH` (filtering, §3.3.1). Higher quality wins, then the client's order.
    """
    preferences = parse_accept(accept_language or "")
    if not preferences:
        return offered[0] if offered else None
    refused = {preference.value for preference in preferences if preference.quality == 0}
    allowed = [tag for tag in offered if tag.lower() not in refused]
    # sorted keeps the client's order among equal qualities.
    for preference in sorted(preferences, key=lambda each: -each.quality):
        if preference.quality > 0 and (tag := _find_language(preference.value, allowed)):
            return tag
    return None


def choose_encoding(accept_encoding: str | None, offered: Sequence[str]) -> str | None:
    """The content coding of `offered` that fits best, or None to send the content as it is.

    None too where the client refuses that as well: RFC 9110 §12.5.3 prefers an answer to a refusal.
    """
    if accept_encoding is None:
        return None
    qualities: dict[str, float] = {}
    for preference in parse_accept(accept_encoding):
        qualities.setdefault(preference.value, preference.quality)
    other = qualities.get("*", 0.0)
    ranked = [(qualities.get(each, other), 0, -place) for place, each in enumerate(offered)]
    best = _best(ranked, offered)
    if best is not None and qualities.get("identity", 0.0) > qualities.get(best, other):
        return None
    return best


def _read_preference(part: str) -> Preference | None:
    if not (part := part.strip(" \t")):
        return None
    # What browsers send, without a walk through the whole grammar.
    value, semicolon, rest = part.partition(";")
    if not semicolon:
        return Preference(part.lower())
    if value and rest.startswith("q=") and _QUALITY.fullmatch(rest, 2):
        return Preference(value.rstrip(" \t").lower(), float(rest[2:]))
    parsed = parse_parameters(part)
    if parsed is None or not parsed[0]:
        return None
    quality = parsed[1].pop("q", "1")
    return Preference(parsed[0].lower(), float(quality), parsed[1]) if _QUALITY.fullmatch(quality) else None


def _best(ranked: list[tuple[float, int, int]], offered: Sequence[str]) -> str | None:
    quality, _, place = max(ranked, default=(0.0, 0, 0))
    return offered[-place] if quality > 0 else None


def _quality_of_media_type(offered: str, preferences: list[Preference]) -> tuple[float, int]:
    """Quality and exactness of the most exact preference that covers `offered` (RFC 9110 §12.5.1)."""
    media_type, parameters = parse_parameters(offered) or (offered, {})
    media_type = media_type.lower()
    any_of_kind = media_type.partition("/")[0] + "/*"
    quality, exactness = 0.0, 0
    for preference in preferences:
        if preference.value == media_type:
            if not preference.parameters.items() <= parameters.items():
                continue
            rank = 3 + len(preference.parameters)
        elif preference.value == any_of_kind:
            rank = 2
        elif preference.value == "*/*":
            rank = 1
        else:
            continue
        if rank > exactness:
            quality, exactness = preference.quality, rank
    return quality, exactness


def _find_language(wish: str, offered: Sequence[str]) -> str | None:
    if wish == "*":
        return offered[0] if offered else None
    if not _LANGUAGE.fullmatch(wish):
        return None
    tags = {tag.lower(): tag for tag in reversed(offered)}
    shortened = wish
    while shortened:
        if shortened in tags:
            return tags[shortened]
        shortened = shortened.rpartition("-")[0]
    return next((tag for tag in offered if tag.lower().startswith(wish + "-")), None)


_LENGTH_MAX: Final = 16 * 1024
# RFC 9110 §12.4.2: at most three digits behind the point.
_QUALITY: Final = re.compile(r"0(?:\.[0-9]{0,3})?|1(?:\.0{0,3})?")
_LANGUAGE: Final = re.compile(r"[a-z]{1,8}(?:-[a-z0-9]{1,8}){0,4}")
