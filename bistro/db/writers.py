"""What values go through on their way into SQL, by name, so that a plan on disk can say it."""

from __future__ import annotations

import re

# Any: values are of any type.
from typing import Any, Final, Literal

from msgspec import Struct

from bistro.db.column_types import ColumnType
from bistro.db.storage import Convert, find_writer, item_writer, list_writer

PATTERN_LENGTH_MAX: Final = 10_000
"""SQLite refuses patterns of more than 50,000 bytes."""
LIKE_SPECIAL: Final = re.compile(r"[\\%_]")
GLOB_SPECIAL: Final = re.compile(r"[*?\[]")


class Writer(Struct, frozen=True):
    """One way of writing a value.

    `value` and `list` write one or several values of `type`. `like` and `glob` make a pattern of a
    text that stands for itself, `like_small` one in small letters; `before` and `after` say on
    which sides there may be more. `json_name`
    and `json_index` make a path in JSON for SQLite.
    """

    kind: Literal["value", "list", "like", "like_small", "glob", "json_name", "json_index"]
    type: ColumnType | None = None
    before: bool = False
    after: bool = False

    def function(self, dialect: str) -> Convert | None:
        """What does it; None where the driver takes the value as it is."""
        match self.kind:
            case "value":
                return None if self.type is None else find_writer(self.type, dialect)
            case "list":
                assert self.type is not None
                return item_writer(self.type) if dialect == "postgresql" else list_writer(self.type)
            case "like":
                return self._like
            case "like_small":
                return self._like_small
            case "glob":
                return self._glob
            case "json_name":
                return _json_path
            case "json_index":
                return _json_index

    def _like(self, value: str) -> str:
        return self._pattern(LIKE_SPECIAL.sub(r"\\\g<0>", value), "%")

    def _like_small(self, value: str) -> str:
        return self._like(value.lower())

    def _glob(self, value: str) -> str:
        return self._pattern(GLOB_SPECIAL.sub(r"[\g<0>]", value), "*")

    def _pattern(self, escaped: str, anything: str) -> str:
        if "\0" in escaped:
            # SQLite's patterns end there: `iexact="ann\0…"` would find "ann", and contains="\0" everything.
            raise ValueError("a text to search for has no NUL")
        if len(escaped) > PATTERN_LENGTH_MAX:
            raise ValueError(f"a text to search for has at most {PATTERN_LENGTH_MAX} characters")
        return f"{anything if self.before else ''}{escaped}{anything if self.after else ''}"


def _json_path(name: str) -> str:
    # SQLite reads "$…" as a path. In quotes a name is a name, but there is no way to write a quote in one.
    if '"' in name or "\\" in name or "\0" in name:
        raise ValueError("SQLite can't look for a name in JSON that has a quotation mark, backslash or NUL")
    return f'$."{name}"'


def _json_index(number: Any) -> str:
    return f"$[{number}]" if number >= 0 else f"$[#{number}]"
