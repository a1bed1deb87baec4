"""The `Content-Disposition` of downloads: names that browsers show as meant and nobody can break out of."""

from __future__ import annotations

import re
import unicodedata
from typing import Final, Literal

from bistro.ground.text import safe_file_name


def content_disposition(disposition: Literal["attachment", "inline"], file_name: str | None = None) -> str:
    """The header's value, e.g. `attachment; filename="plan.pdf"` (RFC 6266, RFC 8187).

    The name is made safe first (`safe_file_name`), so that neither a quote nor a line break in it can
    turn a download into another one (CVE-2022-36359). One outside of ASCII is sent twice: in plain
    letters for old programs, and as UTF-8 in `filename*`, which RFC 6266 §4.3 prefers.
    """
    if file_name is None:
        return disposition
    name = safe_file_name(file_name)
    if name.isascii() and not _NOT_PLAIN.search(name):
        return f'{disposition}; filename="{name}"'
    encoded = _NOT_IN_EXTENDED.sub(_percent_encode, name)
    return f"{disposition}; filename=\"{_plain(name)}\"; filename*=UTF-8''{encoded}"


def _plain(name: str) -> str:
    """`name` in ASCII letters; what has none becomes `_`."""
    # safe_file_name bounds the length to 255 bytes, so normalising is cheap (CVE-2025-64458).
    decomposed = unicodedata.normalize("NFKD", name)
    marks_removed = "".join(letter for letter in decomposed if not unicodedata.combining(letter))
    # Normalising may bring quotes and slashes back (U+FF0F, U+FF02), hence the cleaning comes last.
    return _NOT_PLAIN.sub("_", marks_removed)


def _percent_encode(match: re.Match[str]) -> str:
    return "%" + match[0].encode().hex("%").upper()


# A percent sign is left out because some browsers decode %XX in `filename` (RFC 6266 appendix D).
_NOT_PLAIN: Final = re.compile(r'[^\x20-\x7e]|["%/\\]')
_NOT_IN_EXTENDED: Final = re.compile(r"[^A-Za-z0-9!#$&+\-.^_`|~]+")
