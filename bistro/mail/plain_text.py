"""The text of a mail made from its HTML, so that both come from one source.

Read with a few lines of its own and not by `html.parser`, whose time grows with the square of what is
not closed in the Pythons before 3.14 (CVE-2025-6069): each character is looked at once.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import unescape
from typing import Final

from msgspec import Struct

_BLOCKS: Final = frozenset(
    ["address", "article", "blockquote", "body", "div", "dl", "dt", "dd", "footer", "h1", "h2", "h3", "h4",
     "header", "main", "ol", "p", "pre", "section", "table", "tr", "ul"]
)  # fmt: skip
_SPACED: Final = frozenset(["blockquote", "h1", "h2", "h3", "h4", "ol", "p", "pre", "table", "ul"])
_HIDDEN: Final = ("head", "script", "style", "template", "title")
_ENDS: Final = {tag: re.compile(rf"</{tag}\b[^>]*", re.IGNORECASE) for tag in _HIDDEN}
_SPACES: Final = re.compile(r"[ \t\n\r\f]+")
_NAME: Final = re.compile(r"/?[A-Za-z][A-Za-z0-9-]*")
_QUOTE_OR_END: Final = re.compile("[>\"']")
_ATTRIBUTE: Final = re.compile(r"""\b(href|alt)\s*=\s*("[^"]*"|'[^']*'|[^\s>"']+)""", re.IGNORECASE)
# Python converts no more than 4,300 digits, and no character has more than 7.
_HUGE_REFERENCE: Final = re.compile(r"&#[xX]?[0-9a-fA-F]{9,};?")


class Tag(Struct, frozen=True):
    """A tag: its name in lower case, with a slash before it where it ends something."""

    name: str
    attributes: dict[str, str]


def html_to_text(html: str) -> str:
    """The words of `html`: paragraphs apart, lists with dashes, links with their address behind them."""
    writer = _Writer()
    for each in _read(html):
        if isinstance(each, Tag):
            writer.take_tag(each)
        else:
            writer.take_words(each)
    return writer.text()


def _read(html: str) -> Iterator[Tag | str]:
    """Tags and the words between them; what is hidden, or not closed before the end, is left out."""
    at = 0
    while at < len(html):
        begin = html.find("<", at)
        if begin != at:
            yield html[at : begin if begin >= 0 else len(html)]
        if begin < 0:
            return
        name = _NAME.match(html, begin + 1)
        if html.startswith("<!--", begin):
            at = html.find("-->", begin + 4) + 3
            if at < 3:
                return
        elif name is None and html[begin + 1 : begin + 2] not in ("!", "?", "/"):
            yield "<"
            at = begin + 1
        else:
            end = _find_end(html, begin + 1)
            if end < 0:
                return
            at = end + 1
            if name is not None:
                tag = Tag(name[0].lower(), _attributes(html[name.end() : end]))
                at = _skip_hidden(html, tag.name, at)
                yield tag


def _find_end(html: str, at: int) -> int:
    """Where the tag ends; a `>` within quotes is no end."""
    while (found := _QUOTE_OR_END.search(html, at)) is not None:
        if found[0] == ">":
            return found.start()
        at = html.find(found[0], found.end()) + 1
        if at == 0:
            return -1
    return -1


def _attributes(text: str) -> dict[str, str]:
    return {match[1].lower(): _unescape(match[2].strip("\"'")) for match in _ATTRIBUTE.finditer(text)}


def _skip_hidden(html: str, name: str, at: int) -> int:
    if name not in _ENDS:
        return at
    end = _ENDS[name].search(html, at)
    return len(html) if end is None else end.end() + 1


def _unescape(text: str) -> str:
    return unescape(_HUGE_REFERENCE.sub("\ufffd", text))


class _Writer:
    def __init__(self) -> None:
        self._lines: list[str] = []
        self._line: list[str] = []
        self._links: list[tuple[str, int]] = []

    def take_words(self, text: str) -> None:
        self._line.append(_SPACES.sub(" ", _unescape(text)))

    def take_tag(self, tag: Tag) -> None:
        name = tag.name.removeprefix("/")
        if name in _BLOCKS:
            self._end_line(is_spaced=name in _SPACED)
        elif name in ("br", "hr", "li"):
            self._end_line(is_spaced=name == "hr")
        if tag.name == "li":
            self._line.append("- ")
        elif tag.name == "hr":
            self._lines += ["-" * 20, ""]
        elif tag.name in ("td", "th"):
            self._line.append(" ")
        elif tag.name == "img":
            self._line.append(tag.attributes.get("alt", ""))
        elif tag.name == "a":
            # A link within a link is none (HTML §4.5.1).
            self._links = [(tag.attributes.get("href", ""), len(self._line))]
        elif tag.name == "/a" and self._links:
            self._end_link(*self._links.pop())

    def text(self) -> str:
        """What was read, without empty lines at both ends."""
        self._end_line()
        return "\n".join(self._lines).strip("\n")

    def _end_link(self, address: str, start: int) -> None:
        words = "".join(self._line[start:]).strip()
        target = address.removeprefix("mailto:")
        if target and not target.startswith("#") and words != target:
            # RFC 3986, appendix C: programs that find links take a parenthesis behind one for a part of it.
            self._line.append(f" <{target}>" if words else target)

    def _end_line(self, *, is_spaced: bool = False) -> None:
        line = _SPACES.sub(" ", "".join(self._line)).strip(" ")
        self._line.clear()
        # A link that goes on over the end of a line begins anew there.
        self._links = [(address, 0) for address, _ in self._links]
        if line:
            self._lines.append(line)
        if is_spaced and self._lines and self._lines[-1]:
            self._lines.append("")
