"""What CSS and JavaScript modules refer to, so that collected files name each other by their hashed names.

How it works: one pattern walks through the text token by token, so that comments and strings that
only look like a reference are stepped over. It is no parser: what it doesn't know (a computed
`import()`, an import map) it leaves alone, and such a file is asked for under its plain name.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Iterator, Mapping
from urllib.parse import unquote

from msgspec import Struct

from bistro.http import quote_path_segment


class Reference(Struct, frozen=True):
    """A place in a text that names another static file."""

    start: int
    stop: int
    """Where the path stands, without query and fragment."""
    text: str
    name: str
    """The name of the file that is meant."""
    is_map: bool
    """Whether it is a source map, which nobody misses but developers."""


def find_references(name: str, text: str, at: str) -> list[Reference]:
    """The references in the file `name` to static files, in order; those to elsewhere are left out.

    They are relative, or begin with the path `at` under which static files are served.
    """
    find_spans = _FINDERS.get(posixpath.splitext(name)[1].lower())
    if find_spans is None:
        return []
    found = []
    for start, stop, is_map in find_spans(text):
        path = re.split(r"[?#]", text[start:stop], maxsplit=1)[0]
        meant = resolve(name, path, at)
        if meant is not None:
            found.append(Reference(start, start + len(path), path, meant, is_map))
    return found


def rewrite(text: str, references: list[Reference], hashed: Mapping[str, str]) -> str:
    """`text` with the hashed names of `hashed` in the place of the names that it knows."""
    pieces, place = [], 0
    for reference in references:
        target = hashed.get(reference.name)
        if target is not None:
            # Hashed files lie beside the plain ones, so that only the last part of a path changes.
            folder, slash, _ = reference.text.rpartition("/")
            last = quote_path_segment(posixpath.basename(target))
            pieces += [text[place : reference.start], folder + slash + last]
            place = reference.stop
    return "".join([*pieces, text[place:]])


def resolve(name: str, path: str, at: str) -> str | None:
    """The name of the file that `path`, as written in the file `name`, leads to; None for elsewhere."""
    path = unquote(path.strip())
    if path.startswith(f"{at}/"):
        meant = posixpath.normpath(path[len(at) + 1 :])
    elif not path or path.startswith(("/", "#")) or _SCHEME.match(path):
        return None
    else:
        meant = posixpath.normpath(posixpath.join(posixpath.dirname(name), path))
    return None if meant.startswith("..") or meant == "." else meant


def _spans_of_css(text: str) -> Iterator[tuple[int, int, bool]]:
    for match in _CSS.finditer(text):
        kind = match.lastgroup
        if kind is not None:
            yield *match.span(kind), kind == "map"


def _spans_of_javascript(text: str) -> Iterator[tuple[int, int, bool]]:
    for match in _JAVASCRIPT.finditer(text):
        kind = match.lastgroup
        if kind == "map":
            yield *match.span(kind), True
        elif kind is not None and text.startswith(("./", "../", "/"), match.start(kind)):
            # By the HTML standard, other words are looked up in an import map.
            yield *match.span(kind), False


_FINDERS: Mapping[str, Callable[[str], Iterator[tuple[int, int, bool]]]] = {
    ".css": _spans_of_css,
    ".js": _spans_of_javascript,
    ".mjs": _spans_of_javascript,
}
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:")
# Each alternative takes what it has taken for good (the + behind + and *), so that the walk is linear.
_REST_OF_COMMENT = r"(?:[^*]|\*(?!/))*+(?:\*/|\Z)"
_CSS = re.compile(
    rf"""
      /\*[#@]\s*sourceMappingURL=(?P<map>[^\s*]++)\s*\*/
    | /\*{_REST_OF_COMMENT}
    | @import\s++"(?P<import1>[^"\n\\]++)"
    | @import\s++'(?P<import2>[^'\n\\]++)'
    | \burl\(\s*+(?:"(?P<url1>[^"\n\\]++)"|'(?P<url2>[^'\n\\]++)'|(?P<url3>[^"'()\s\\]++))\s*+\)
    | "(?:[^"\n\\]|\\.)*+"?
    | '(?:[^'\n\\]|\\.)*+'?
    """,
    re.VERBOSE | re.IGNORECASE | re.DOTALL,
)
# What stands between the word and the path: a name, all as a name, names in braces.
_CLAUSE = r"""(?:[\w$]++\s*+,?\s*+)?+(?:\*\s*+(?:as\s++[\w$]++\s*+)?+|\{[^{}"']*+\}\s*+)?+from\s*+"""
_JAVASCRIPT = re.compile(
    rf"""
      //[#@]\ sourceMappingURL=(?P<map>[^\s'"]++)
    | //[^\n]*+
    | /\*{_REST_OF_COMMENT}
    | (?<![\w$.])(?:import|export)\b\s*+(?:{_CLAUSE})?
      (?:"(?P<static1>[^"\n\\]++)"|'(?P<static2>[^'\n\\]++)')
    | (?<![\w$.])import\s*+\(\s*+(?:"(?P<call1>[^"\n\\]++)"|'(?P<call2>[^'\n\\]++)')\s*+(?=[,)])
    | "(?:[^"\n\\]|\\.)*+"?
    | '(?:[^'\n\\]|\\.)*+'?
    | `(?:[^`\\]|\\.)*+`?
    | (?<=[(,=:\[!&|?{{}};+\n])\s*+/(?![/*])(?:[^/\\\n\[]|\\.|\[(?:[^\]\\\n]|\\.)*+\])++/
    """,
    re.VERBOSE | re.DOTALL,
)
