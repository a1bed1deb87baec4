"""The path to route, out of what servers of other people say about it, and what they leave unlimited."""

from __future__ import annotations

from typing import Final
from urllib.parse import quote, unquote_to_bytes

from bistro.serving.limits import Limits

# What RFC 3986 §3.3 allows in a path besides letters and digits.
SAFE_IN_PATH: Final = "/:@!$&'()*+,;=~-._"


PATHS_COUNT_MAX: Final = 1024
KNOWN_SIZE_MAX: Final = 256
"""In characters, of a path that is kept as known."""


class KnownPaths:
    """From a path as a server says it to the path to route: those of a site are few, and come again."""

    __slots__ = ("_paths", "find")

    def __init__(self) -> None:
        self._paths: dict[str | bytes | None, str] = {}
        self.find = self._paths.get
        """`find(path)`: the path to route, or None where it is not known yet."""

    def add(self, path: str | bytes, raw_path: str) -> None:
        """Keep one, if it is neither empty nor long; where clients have filled it, it begins anew."""
        if 0 < len(raw_path) <= KNOWN_SIZE_MAX:
            if len(self._paths) >= PATHS_COUNT_MAX:
                self._paths.clear()
            self._paths[path] = raw_path


def encode_path(path: str | bytes) -> str:
    """A decoded path, percent-encoded again. Raises ValueError for a lone surrogate."""
    return quote(path, safe=SAFE_IN_PATH)


def beneath(path: str, root: str) -> str:
    """`path`, percent-encoded, without the decoded `root` that it is mounted at; `/` for the root itself."""
    # Most specifications have the root in the path; hypercorn, and proxies that strip it, leave it out.
    prefix = encode_path(root.rstrip("/"))
    if path == prefix:
        return "/"
    return path[len(prefix) :] if path.startswith(prefix + "/") else path


def from_absolute_form(path: str) -> str:
    """The path of `http://host/path`, empty for anything else (RFC 9112 §3.2.2 asks to accept it)."""
    scheme, separator, rest = path.partition("://")
    if not separator or scheme.lower() not in ("http", "https"):
        return ""
    return "/" + rest.partition("/")[2]


def find_sent_path(target: str, root: bytes, path: bytes) -> str | None:
    """The part of `target` beneath `root` if it is `path` with escapes, as a server must have read it."""
    sent = target.partition("?")[0]
    raw = sent if sent.startswith("/") else from_absolute_form(sent)
    rest = "".join(f"/{segment}" for segment in raw.split("/")[root.count(b"/") + 1 :])
    return rest if rest.isascii() and unquote_to_bytes(rest) == path else None


def find_refusal(
    raw_path: str, target_size: int, headers_count: int, limits: Limits
) -> tuple[int, str] | None:
    """Status and sentence for a request that the server should not have let through; None for others."""
    if not raw_path:
        return 400, "The path of the request is no valid path."
    if headers_count > limits.headers_count_max:
        return 431, f"The request has more than {limits.headers_count_max} headers."
    if target_size > limits.request_line_size_max:
        return 414, f"The URL is longer than {limits.request_line_size_max:,} bytes."
    return None
