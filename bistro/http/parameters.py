"""The grammar that many headers share: lists, and `value; name=value; name="quoted value"`.

How it works: a text is cut at a separator first, and the pieces are put together again where a cut
fell into quotes. Each character is looked at a fixed number of times, whatever the quotes are like;
regular expressions for the same grammar were quadratic elsewhere (CVE-2024-24762, CVE-2026-28356).
"""

from __future__ import annotations

import re
from typing import Final

from bistro.http.headers import TOKEN


def split_outside_quotes(text: str, separator: str) -> list[str] | None:
    """The parts of `text` between separators that stand in no quoted string; None for an open quote."""
    if '"' not in text:
        return text.split(separator)
    parts: list[str] = []
    pending: list[str] = []
    is_open = False
    for piece in text.split(separator):
        pending.append(piece)
        # An odd number of quotes opens or closes; a separator is neither quote nor backslash, so an
        # escape can't reach over a cut.
        if '"' in piece and _count_quotes(piece) % 2:
            is_open = not is_open
        if not is_open:
            parts.append(separator.join(pending))
            pending = []
    return None if is_open else parts


def parse_parameters(
    text: str, *, count_max: int = 32, keep_backslashes: bool = False
) -> tuple[str, dict[str, str]] | None:
    """The value before the first `;` and the parameters behind it (RFC 9110 §5.6.6), or None.

    Names are lower case, the value and the parameters' values are as sent, without their quotes.
    With `keep_backslashes` only `\\"` and `\\\\` are escapes, as in forms, where file names have backslashes.
    None stands for anything malformed: an open quote, a missing name, a name given twice, more than
    `count_max` parameters.
    """
    head, semicolon, rest = text.partition(";")
    parameters: dict[str, str] = {}
    escape = _ESCAPED_IN_FORM if keep_backslashes else _ESCAPED
    if not semicolon:
        return head.strip(" \t"), parameters
    pieces = split_outside_quotes(rest, ";")
    if pieces is None or len(pieces) > count_max:
        return None
    for piece in pieces:
        # RFC 9110 §5.6.6 allows empty parameters: `a; ;b=c`.
        if stripped := piece.strip(" \t"):
            name, equals, value = stripped.partition("=")
            name, unquoted = name.rstrip(" \t").lower(), _unquote(value.lstrip(" \t"), escape)
            if not equals or unquoted is None or name in parameters or not TOKEN.fullmatch(name):
                return None
            parameters[name] = unquoted
    return head.strip(" \t"), parameters


def _count_quotes(piece: str) -> int:
    return piece.replace("\\\\", "").replace('\\"', "").count('"') if "\\" in piece else piece.count('"')


def _unquote(value: str, escape: re.Pattern[str]) -> str | None:
    if value[:1] != '"':
        # Browsers and curl put blanks into unquoted values; quotes there are a sign of smuggling.
        return None if '"' in value else value
    if not _QUOTED_STRING.fullmatch(value):
        return None
    inside = value[1:-1]
    return escape.sub(r"\1", inside) if "\\" in inside else inside


# The two alternatives begin with different characters, so nothing is tried twice.
_QUOTED_STRING: Final = re.compile(r'"(?:[^"\\]|\\.)*"', re.DOTALL)
_ESCAPED: Final = re.compile(r"\\(.)", re.DOTALL)
_ESCAPED_IN_FORM: Final = re.compile(r'\\(["\\])')
