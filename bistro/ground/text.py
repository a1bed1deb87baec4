"""Text that came from outside, made safe for HTML, for URLs, for file systems and for logs.

Every function here is linear in the length of its input (see tests/ground/test_text.py).
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable
from functools import lru_cache

import markupsafe
from markupsafe import Markup, escape

__all__ = [
    "Markup",
    "did_you_mean",
    "escape",
    "escape_control_characters",
    "escape_text",
    "safe_file_name",
    "slugify",
]


def _find_quick_escape() -> Callable[[str], str]:
    inner = getattr(markupsafe, "_escape_inner", None)
    if inner is not None and inner("<") == "&lt;":
        return inner  # type: ignore[no-any-return]  # a C function without annotations
    return lambda text: str.__str__(escape(text))


escape_text = _find_quick_escape()
"""Escapes a `str` without making a `Markup` of it, which costs more than the escaping."""

# Letters that Unicode does not decompose into an ASCII letter and a mark.
_PLAIN_LETTERS = str.maketrans(
    {"ß": "ss", "æ": "ae", "œ": "oe", "ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "ı": "i", "ħ": "h"}
)

_NOT_SLUG = re.compile(r"[^a-z0-9]+")

# C0, DEL and C1; line and paragraph separator; the marks that turn the direction of text, with
# which a line can be made to read differently from what it says; halves of surrogate pairs, which
# no encoding can write.
_CONTROLS = r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff]+"

# Characters that Windows refuses in names, or takes for a drive or a stream (`notes.txt::$DATA`).
_FORBIDDEN_IN_NAMES = re.compile(r'[<>:"|?*]')
_FILE_NAME_BYTES_MAX = 255
_SUFFIX_BYTES_MAX = 32

_WINDOWS_DEVICES = frozenset(
    ["CON", "PRN", "AUX", "NUL", "CONIN$", "CONOUT$", "CLOCK$"]
    + [f"{device}{digit}" for device in ("COM", "LPT") for digit in "0123456789¹²³"]
)

# Unicode categories: control, format (zero width, direction), surrogates, private use, unassigned,
# line and paragraph separators.
_INVISIBLE = frozenset(["Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"])

_WORD_LENGTH_MAX = 64


def slugify(text: str, *, length_max: int = 80) -> str:
    """`text` as lower-case ASCII words joined by `-`, for use in a URL: `Crème brûlée!` → `creme-brulee`.

    At most `length_max` characters, cut between words where there is a place to. Empty where no
    letter has a Latin form; then name the page by its id.
    """
    # Normalising costs more than linear time on long runs of combining marks (the class of
    # CVE-2025-64458), so that the length is limited before.
    text = text[: 8 * length_max].lower().translate(_PLAIN_LETTERS)
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode("ascii")
    slug = _NOT_SLUG.sub("-", plain.lower()).strip("-")
    if len(slug) <= length_max:
        return slug
    whole_words = slug[: length_max + 1].rpartition("-")[0]
    return whole_words or slug[:length_max]


def safe_file_name(name: str, *, default: str = "file") -> str:
    """A file name that is safe on every system, made from what a client sent.

    The base name only, without control or invisible characters, without characters or names that
    Windows keeps for itself, no leading dot, at most 255 bytes in UTF-8 (the suffix survives).
    Gives `default` where nothing is left. Two different names may come out the same: never use the
    result as the place to store an upload, only as the name to show and to offer for download.
    """
    base = name[max(name.rfind("/"), name.rfind("\\")) + 1 :]
    # One character has at most 4 bytes in UTF-8 and at least 1; what is cut here is the middle.
    if len(base) > 2 * _FILE_NAME_BYTES_MAX:
        base = base[:_FILE_NAME_BYTES_MAX] + base[-_FILE_NAME_BYTES_MAX:]
    visible = "".join(c for c in base if unicodedata.category(c) not in _INVISIBLE)
    clean = _strip_edges(_FORBIDDEN_IN_NAMES.sub("_", visible)) or default
    if clean.partition(".")[0].rstrip(" ").upper() in _WINDOWS_DEVICES:
        clean = "_" + clean
    return _shorten(clean)


def escape_control_characters(text: str) -> str:
    """`text` on one line and harmless to a terminal: control characters shown as `\\n`, `\\x1b`, `\\u2028`.

    Also escapes the marks that turn the direction of text, and lone surrogates, so that the result
    can always be encoded (ASVS 16.4.1; the class of CVE-2025-48432).
    """
    # isprintable is one pass in C, and false for everything that the pattern matches.
    return text if text.isprintable() else _controls().sub(_escape_run, text)


def did_you_mean(word: str, candidates: Iterable[str], *, likeness_min: float = 0.6) -> str | None:
    """The candidate that `word` was probably meant to be, or None.

    `likeness_min` goes from 0 (anything) to 1 (the same letters, but for upper and lower case).
    Looks at no more than 64 characters of `word`: comparing costs time in proportion to the square
    of the length, and the word may come from a client.
    """
    # Imported late: only messages about a mistake need it.
    from difflib import get_close_matches

    word = word[:_WORD_LENGTH_MAX]
    known = {candidate.lower(): candidate for candidate in candidates if len(candidate) <= _WORD_LENGTH_MAX}
    matches = get_close_matches(word.lower(), known, n=1, cutoff=likeness_min)
    return known[matches[0]] if matches else None


@lru_cache(maxsize=1)
def _controls() -> re.Pattern[str]:
    # Compiled late: it takes longer than the rest of this module, and most texts are printable.
    return re.compile(_CONTROLS)


def _escape_run(match: re.Match[str]) -> str:
    return match[0].encode("unicode_escape").decode("ascii")


def _strip_edges(name: str) -> str:
    # A leading dot hides the file and makes `..`; Windows drops dots and blanks at the end, so
    # that `con. ` would be `con`.
    return name.lstrip(". \u00a0").rstrip(". \u00a0")


def _shorten(name: str) -> str:
    if len(name.encode()) <= _FILE_NAME_BYTES_MAX:
        return name
    stem, dot, suffix = name.rpartition(".")
    if not dot or len(suffix.encode()) > _SUFFIX_BYTES_MAX:
        return _strip_edges(_cut_bytes(name, _FILE_NAME_BYTES_MAX))
    room = _FILE_NAME_BYTES_MAX - len(suffix.encode()) - 1
    return f"{_strip_edges(_cut_bytes(stem, room))}.{suffix}"


def _cut_bytes(text: str, size_max: int) -> str:
    return text.encode()[:size_max].decode("utf-8", "ignore")
