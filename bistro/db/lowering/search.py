"""Searches in text: patterns that stand for themselves, in each database's own way.

PostgreSQL has LIKE, and ILIKE for any case. SQLite's LIKE never minds the case (of A to Z), so that
GLOB does the searches that do; where a text to search for has other letters, both are made small by
a function of the connection's (`drivers/sqlite/connect.py`). A value becomes a pattern where it
becomes a parameter; each character that means something in a pattern is escaped there, so that a
client can't search for more than it says (`%`), nor make the database search long (`%_%_%_`).
"""

from __future__ import annotations

# Any: SQLAlchemy's elements share no useful type.
from typing import Any, Final, Literal

import sqlalchemy as sa

from bistro.db.lowering.hidden import hide
from bistro.db.lowering.parameters import Parameters
from bistro.db.writers import Writer


class Search:
    """One kind of search: what stands before and after the text in a pattern, and whether case matters."""

    __slots__ = ("after", "any_case", "before", "is_wide")

    def __init__(self, *, before: bool, after: bool, any_case: bool, is_wide: bool = False) -> None:
        self.before = before
        self.after = after
        self.any_case = any_case
        self.is_wide = is_wide

    def of_value(self, text: Any, parameters: Parameters) -> Any:
        """The test for a text of the program's or a client's."""
        if parameters.dialect == "sqlite" and not self.any_case:
            return text.op("GLOB", is_comparison=True)(self._pattern("glob", parameters))
        if parameters.dialect == "sqlite" and self.is_wide:
            pattern = self._pattern("like_small", parameters)
            return sa.func.bistro_lower(text).like(pattern, escape="\\")
        pattern = self._pattern("like", parameters)
        # PostgreSQL escapes with a backslash by itself.
        if parameters.dialect == "postgresql":
            return text.ilike(pattern) if self.any_case else text.like(pattern)
        return text.like(pattern, escape="\\")

    def of_expression(self, text: Any, part: Any, dialect: str) -> Any:
        """The test for a text that the row itself has."""
        if self.any_case:
            lower = sa.func.bistro_lower if dialect == "sqlite" else sa.func.lower
            text, part = lower(text), lower(part)
        if self.before and self.after:
            find = sa.func.instr if dialect == "sqlite" else sa.func.strpos
            return find(text, part) > sa.literal_column("0")
        if self.after:
            return sa.func.substr(text, sa.literal_column("1"), sa.func.length(part)) == part
        if self.before:
            start = sa.func.length(text) - sa.func.length(part) + sa.literal_column("1")
            return sa.and_(sa.func.length(text) >= sa.func.length(part), sa.func.substr(text, start) == part)
        return text == part

    def _pattern(self, kind: Literal["like", "like_small", "glob"], parameters: Parameters) -> Any:
        pattern = parameters.raw(sa.Text(), Writer(kind, before=self.before, after=self.after))
        # One that begins with a wildcard can't become a range of an index.
        return hide(pattern) if self.before and parameters.dialect == "sqlite" else pattern


_PLAIN: Final[dict[str, Search]] = {
    "contains": Search(before=True, after=True, any_case=False),
    "startswith": Search(before=False, after=True, any_case=False),
    "endswith": Search(before=True, after=False, any_case=False),
    "icontains": Search(before=True, after=True, any_case=True),
    "istartswith": Search(before=False, after=True, any_case=True),
    "iendswith": Search(before=True, after=False, any_case=True),
    "iexact": Search(before=False, after=False, any_case=True),
}
SEARCHES: Final[dict[str, Search]] = _PLAIN | {
    f"{name}_wide": Search(before=each.before, after=each.after, any_case=True, is_wide=True)
    for name, each in _PLAIN.items()
    if each.any_case
}
