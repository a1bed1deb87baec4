"""Which paths may name a file at all."""

from __future__ import annotations

import re

PATH_LENGTH_MAX = 1024


def is_plain_path(path: str) -> bool:
    """Whether every part of `path` is a name that means the same on every system, and is not hidden.

    Refused are empty parts, `.` and `..`, leading dots, backslashes, drives and streams (`C:`,
    `a.txt::$DATA`), devices (`con`, `aux.txt`), dots and blanks at the end, and control characters
    (CVE-2024-49766, CVE-2025-66221, CVE-2026-27199).
    """
    return len(path) <= PATH_LENGTH_MAX and all(is_plain_name(name) for name in path.split("/"))


def is_plain_name(name: str) -> bool:
    """The same for one part of a path."""
    return (
        0 < len(name) <= 255
        and name[0] != "."
        and name[-1] not in ". "
        and name.isprintable()
        and not _FORBIDDEN.search(name)
        and not _DEVICE.fullmatch(name.partition(".")[0].rstrip(" "))
    )


_FORBIDDEN = re.compile(r'[\\:<>"|?*]')
_DEVICE = re.compile(r"con|prn|aux|nul|conin\$|conout\$|clock\$|(?:com|lpt)[0-9¹²³]", re.IGNORECASE)
