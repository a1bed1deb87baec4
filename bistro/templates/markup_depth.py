"""How deep a place of a template stands: which elements of HTML and which blocks are open there."""

from __future__ import annotations

import re

VOID = frozenset(
    [
        "area",
        "base",
        "br",
        "col",
        "embed",
        "hr",
        "img",
        "input",
        "link",
        "meta",
        "param",
        "source",
        "track",
        "wbr",
        "!doctype",
        "?xml",
    ]
)
KEPT = frozenset(["pre", "script", "style", "textarea"])
"""Elements whose content stays as it is."""
CLOSED_BY_NEXT = {
    "li": ("li",), "dt": ("dt", "dd"), "dd": ("dt", "dd"), "option": ("option",), "tr": ("tr",),
    "td": ("td", "th"), "th": ("td", "th"), "thead": ("tbody", "tfoot"), "tbody": ("tbody", "tfoot"),
}  # fmt: skip
"""Elements that need no end: which others end them (HTML, optional tags)."""

_NAME = re.compile(r"</?([!?]?[a-zA-Z][^\s/>]*)")
_BLOCK = "%"


class MarkupDepth:
    """Reads text from left to right, and knows what is open. Each step is linear in what it reads."""

    def __init__(self) -> None:
        self._open: list[str] = []
        self._branches: list[list[str]] = []
        """What was open where each block began."""
        self._element = ""
        """The element whose tag has begun and not ended."""
        self._quote = ""
        self._until = ""
        """The text that ends a comment, or an element whose content is kept."""

    @property
    def is_kept(self) -> bool:
        """Whether a line that begins here stays as it is."""
        return bool(self._until or self._quote)

    def depth_before(self, text: str) -> int:
        """How deep a line stands that begins with `text`."""
        depth = len(self._open) + bool(self._element)
        match = _NAME.match(text)
        if match is None or self._element:
            return depth
        name = match[1].lower()
        if text.startswith("</"):
            return self._index_of(name)
        ends = self._open and name in CLOSED_BY_NEXT.get(self._open[-1], ())
        return depth - 1 if ends else depth

    def depth_before_block(self, *, is_closing: bool) -> int:
        """How deep a line stands that begins with a tag of the template."""
        if is_closing and self._branches:
            return len(self._branches[-1])
        return len(self._open) + bool(self._element)

    def open_block(self, kind: str) -> None:
        """A block begins."""
        self._branches.append(list(self._open))
        self._open.append(_BLOCK + kind)

    def next_branch(self) -> None:
        """The block's next branch begins, with what was open at its first."""
        if self._branches:
            kind = next((each for each in reversed(self._open) if each.startswith(_BLOCK)), _BLOCK)
            self._open = [*self._branches[-1], kind]

    def close_block(self, kind: str) -> None:
        """A block ends; elements that it has opened stay open."""
        if not self._branches:
            return
        self._branches.pop()
        for index in range(len(self._open) - 1, -1, -1):
            if self._open[index] == _BLOCK + kind:
                del self._open[index]
                break

    def read(self, text: str) -> None:
        """Read a piece of text that lies in one line."""
        position = 0
        while position < len(text):
            if self._until:
                position = self._skip(text, position)
            elif self._quote:
                end = text.find(self._quote, position)
                position, self._quote = (len(text), self._quote) if end < 0 else (end + 1, "")
            elif self._element:
                position = self._inside_tag(text, position)
            else:
                position = self._outside(text, position)

    def _skip(self, text: str, position: int) -> int:
        end = text.lower().find(self._until, position)
        if end < 0:
            return len(text)
        found, self._until = self._until, ""
        return end if found.startswith("</") else end + len(found)

    def _outside(self, text: str, position: int) -> int:
        begin = text.find("<", position)
        if begin < 0:
            return len(text)
        if text.startswith("<!--", begin):
            self._until = "-->"
            return begin + 4
        match = _NAME.match(text, begin)
        if match is None:
            return begin + 1
        name = match[1].lower()
        if text.startswith("</", begin):
            index = self._index_of(name)
            if index < len(self._open):
                del self._open[index:]
            self._element = "/"
        else:
            self._element = name
        return match.end()

    def _inside_tag(self, text: str, position: int) -> int:
        for index in range(position, len(text)):
            if text[index] in "\"'":
                self._quote = text[index]
                return index + 1
            if text[index] == ">":
                self._begin(is_closed=text[index - 1 : index] == "/")
                return index + 1
        return len(text)

    def _begin(self, *, is_closed: bool) -> None:
        name, self._element = self._element, ""
        if name == "/" or name in VOID or is_closed:
            return
        if self._open and name in CLOSED_BY_NEXT.get(self._open[-1], ()):
            self._open.pop()
        self._open.append(name)
        if name in KEPT:
            self._until = f"</{name}"

    def _index_of(self, name: str) -> int:
        """Where the element stands that `</name>` ends; the depth itself if there is none."""
        for index in range(len(self._open) - 1, -1, -1):
            if self._open[index] == name:
                return index
            if self._open[index].startswith(_BLOCK):
                break
        return len(self._open)
