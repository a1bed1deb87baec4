"""What is wrong with a template, and at which place."""

from __future__ import annotations

import re
from collections.abc import Iterable

from jinja2 import nodes
from msgspec import Struct

from bistro.ground.text import did_you_mean
from bistro.templates.source import Source

UNREADABLE = "templates.E001"
MISSING_TEMPLATE = "templates.E002"
UNKNOWN_NAME = "templates.E003"
UNKNOWN_ATTRIBUTE = "templates.E004"
MAY_BE_NONE = "templates.E005"
UNKNOWN_FILTER = "templates.E006"
UNKNOWN_TEST = "templates.E007"
WRONG_MACRO = "templates.E008"
LOST_BLOCK = "templates.E009"
WRONG_URL = "templates.E010"
WRONG_STATIC = "templates.E011"
NOT_LOADED = "templates.E012"
WRONG_COMPONENT = "templates.E013"


class Fault(Struct, frozen=True):
    """One mistake: a stable id, file, line and column (from 1), what is wrong, and how to mend it."""

    id: str
    file: str
    line: int
    column: int
    what: str
    fix: str = ""


class Faults:
    """Collects faults, each place and mistake once."""

    def __init__(self) -> None:
        self._found: dict[tuple[str, int, int, str], Fault] = {}

    def add(
        self,
        id: str,
        source: Source,
        node: nodes.Node,
        word: str,
        what: str,
        known: Iterable[str] = (),
        fix: str = "",
    ) -> None:
        """Note a fault where `word` stands in the line of `node`; `known` are names that may be meant."""
        near = did_you_mean(word, known)
        line = node.lineno or 1
        column = find_column(source.text, line, word)
        fix = fix or (f"Did you mean {near!r}?" if near else "")
        self._found.setdefault(
            (source.file, line, column, what), Fault(id, source.file, line, column, what, fix)
        )

    def add_plainly(self, id: str, file: str, line: int, what: str, fix: str = "") -> None:
        """Note a fault of a whole line."""
        self._found.setdefault((file, line, 1, what), Fault(id, file, line, 1, what, fix))

    def all(self) -> list[Fault]:
        """The faults in the order of their places."""
        return sorted(self._found.values(), key=lambda each: (each.file, each.line, each.column))


def find_column(text: str, line: int, word: str) -> int:
    """Where `word` begins in a line, counted from 1; Jinja2 itself keeps lines only."""
    lines = text.splitlines()
    if not 0 < line <= len(lines):
        return 1
    found = re.search(rf"(?<![\w]){re.escape(word)}(?![\w])", lines[line - 1])
    return found.start() + 1 if found else 1
