"""Puts templates into one form: blanks inside of tags, indentation, ends of lines; never what a page says.

How it works: Jinja2's own lexer tells tags from text, so that nothing of the language is guessed at.
Lines are indented by the elements and blocks that are open where they begin. What may mean its blanks
stays as it is: `pre`, `textarea`, scripts and styles, comments, `raw`, the bodies of `filter` and `set`,
quoted attributes. Lines are neither broken nor joined, so a page changes by blanks at line starts alone.
"""

from __future__ import annotations

from collections.abc import Iterator

import jinja2
from jinja2 import Environment

from bistro.ground.registry import Origin
from bistro.templates.errors import TemplateSyntaxError
from bistro.templates.markup_depth import MarkupDepth

INDENT = "  "
HTML_SUFFIXES = (".html", ".htm", ".xml", ".svg")
BLOCKS = frozenset(
    [
        "autoescape",
        "block",
        "cache",
        "call",
        "component",
        "fill",
        "for",
        "if",
        "macro",
        "slot",
        "trans",
        "with",
    ]
)
MIDDLES = frozenset(["elif", "else", "pluralize"])
KEPT = frozenset(["filter", "raw", "set"])
"""Blocks whose bodies stay as they are: what is printed there is not shown as it stands."""


def format_template(environment: Environment, text: str, name: str) -> str:
    """`text` in one form; what it is, markup or plain text, its name tells. Raises `TemplateSyntaxError`."""
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    try:
        environment.parse(text, name)
    except jinja2.TemplateSyntaxError as error:
        raise TemplateSyntaxError(
            error.message or "it can't be read", where=(Origin(name, error.lineno),)
        ) from None
    is_html = bare_name(name).lower().endswith(HTML_SUFFIXES)
    formatter = _Formatter(is_html=is_html)
    for kind, value in _pieces(environment, text):
        formatter.add(kind, value)
    return formatter.finish()


def bare_name(name: str) -> str:
    """The name without the endings that say that it is a template."""
    for suffix in (".jinja", ".jinja2", ".j2"):
        name = name.removesuffix(suffix)
    return name


def _pieces(environment: Environment, text: str) -> Iterator[tuple[str, str]]:
    """The text in pieces: `data`, `comment`, and tags whole, as `print` or the name of a block."""
    waiting: list[str] = []
    name = ""
    is_raw = False
    for kind, value in _with_blanks(environment, text):
        if kind == "raw_begin":
            yield "raw", value
            is_raw = True
        elif kind == "raw_end":
            yield "endraw", value
            is_raw = False
        elif kind in ("variable_begin", "block_begin", "comment_begin"):
            waiting, name = [value], "" if kind == "block_begin" else kind.partition("_")[0]
        elif kind in ("variable_end", "block_end", "comment_end"):
            yield name, "".join([*waiting, value])
            waiting = []
        elif waiting:
            waiting.append(value)
            if not name and kind == "name":
                name = value
        else:
            yield "raw data" if is_raw else "data", value


def _with_blanks(environment: Environment, text: str) -> Iterator[tuple[str, str]]:
    """The tokens of the text, with the blanks around `-` as data, which the lexer leaves out or joins."""
    position = 0
    for _, kind, value in environment.lex(text):
        begin = position
        while not text.startswith(value, begin):
            begin += 1
        if begin > position:
            yield "data", text[position:begin]
        position = begin + len(value)
        kept = value.rstrip() if kind.endswith("_end") or kind == "raw_begin" else value
        yield kind, kept
        if len(kept) < len(value):
            yield "data", value[len(kept) :]
    if position < len(text):
        yield "data", text[position:]


class _Formatter:
    def __init__(self, *, is_html: bool) -> None:
        self._is_html = is_html
        self._markup = MarkupDepth()
        self._lines: list[str] = []
        self._line = ""
        self._first: str | None = None
        """What the line begins with, once that is known: how deep it stands depends on it."""
        self._depth = 0
        self._is_kept = False
        self._kept_until: list[str] = []

    def add(self, kind: str, value: str) -> None:
        if kind in ("data", "raw data"):
            for number, part in enumerate(value.split("\n")):
                if number:
                    self._end_line()
                self._text(part)
            return
        if kind == "comment":
            self._tag(value, kind)
            return
        self._tag(value if "\n" in value else _spaced(value), kind)

    def finish(self) -> str:
        self._end_line()
        return "\n".join(self._lines).rstrip("\n") + "\n"

    def _text(self, part: str) -> None:
        if self._first is None and part.strip():
            self._begin(self._markup.depth_before(part.lstrip()))
        self._line += part
        self._markup.read(part)

    def _tag(self, value: str, kind: str) -> None:
        is_end = kind.startswith("end") and (kind[3:] in BLOCKS or kind[3:] in KEPT)
        if self._first is None:
            self._begin(self._markup.depth_before_block(is_closing=is_end or kind in MIDDLES))
        if self._kept_until and kind == self._kept_until[-1]:
            self._kept_until.pop()
        head, *rest = value.split("\n")
        self._line += head
        for part in rest:  # a tag of several lines keeps them as they are
            self._lines.append(self._shown(self._line).rstrip())
            self._line, self._first, self._is_kept = part, "", True
        if self._kept_until:
            return
        if kind in KEPT and not (kind == "set" and "=" in value):
            self._kept_until.append(f"end{kind}")
        elif kind in BLOCKS and not (kind == "block" and "endblock" in value):
            self._markup.open_block(kind)
        elif kind in MIDDLES:
            self._markup.next_branch()
        elif is_end and kind[3:] in BLOCKS:
            self._markup.close_block(kind[3:])

    def _begin(self, depth: int) -> None:
        self._first, self._depth = "", depth
        self._is_kept = bool(self._kept_until) or self._markup.is_kept or not self._is_html

    def _shown(self, line: str) -> str:
        return line if self._is_kept else INDENT * self._depth + line.lstrip()

    def _end_line(self) -> None:
        if self._first is None:
            is_kept = bool(self._kept_until) or self._markup.is_kept
            self._lines.append(self._line if is_kept else "")
        else:
            shown = self._shown(self._line)
            ends_kept = bool(self._kept_until) or self._markup.is_kept
            self._lines.append(shown if ends_kept else shown.rstrip())
        self._line, self._first, self._is_kept = "", None, False


def _spaced(tag: str) -> str:
    """`{{x}}` as `{{ x }}`, `{%-if x%}` as `{%- if x %}`."""
    begin = 3 if tag[2:3] in ("-", "+") else 2
    end = 3 if tag[-3:-2] in ("-", "+") else 2
    inner = tag[begin : len(tag) - end].strip()
    return f"{tag[:begin]} {inner} {tag[len(tag) - end :]}" if inner else tag
