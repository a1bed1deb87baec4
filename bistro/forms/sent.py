"""What was sent, by the names of the fields: flat, or as a tree where a form has groups and rows.

Names are the paths at which problems are told, also for JSON: `address.street`, `lines[0].price`.
"""

from __future__ import annotations

from typing import Final, Protocol

from bistro.ground.multidict import MultiDict
from bistro.http import FormData, Upload

DEPTH_MAX: Final = 8
INDEX_LENGTH_MAX: Final = 4


class Sent(Protocol):
    """The texts and files of one level of a form."""

    def texts(self, name: str, /) -> list[str]:
        """The values of a field, none where it was not sent."""
        ...

    def files(self, name: str) -> list[Upload]:
        """The files of a field."""
        ...

    def group(self, name: str) -> Sent:
        """The fields of a group."""
        ...

    def rows(self, name: str) -> list[Sent]:
        """The rows of a list, in the order of their numbers, which may have gaps."""
        ...


class FlatSent:
    """A form without groups and rows: what was sent, as it is."""

    __slots__ = ("_files", "texts")

    def __init__(self, data: FormData) -> None:
        self.texts = data.fields.get_all
        self._files = data.files

    def files(self, name: str) -> list[Upload]:
        """The files of a field."""
        return self._files.get_all(name)

    def group(self, name: str) -> Sent:
        """Nothing: the type has none."""
        return SentTree()

    def rows(self, name: str) -> list[Sent]:
        """Nothing: the type has none."""
        return []


class SentTree:
    """One level of a form with groups and rows; made in one pass over all names."""

    __slots__ = ("_files", "_groups", "_rows", "_texts")

    def __init__(self) -> None:
        self._texts: dict[str, list[str]] = {}
        self._files: dict[str, list[Upload]] = {}
        self._groups: dict[str, SentTree] = {}
        self._rows: dict[str, dict[int, SentTree]] = {}

    @classmethod
    def of(cls, data: FormData) -> SentTree:
        """The tree of a whole form. Names that lead too deep or have odd numbers belong to no field."""
        root = cls()
        for name in data.fields:
            if (found := root._find(name)) is not None:
                found[0]._texts[found[1]] = data.fields.get_all(name)
        for name in data.files:
            if (found := root._find(name)) is not None:
                found[0]._files[found[1]] = data.files.get_all(name)
        return root

    def texts(self, name: str) -> list[str]:
        """The values of a field."""
        return self._texts.get(name, [])

    def files(self, name: str) -> list[Upload]:
        """The files of a field."""
        return self._files.get(name, [])

    def group(self, name: str) -> SentTree:
        """The fields of a group."""
        found = self._groups.get(name)
        return SentTree() if found is None else found

    def rows(self, name: str) -> list[Sent]:
        """The rows of a list in which something was filled in, in the order of their numbers."""
        return [*self.filled_rows(name)]

    def filled_rows(self, name: str) -> list[SentTree]:
        """The same as trees."""
        return [row for row in self.all_rows(name) if not row.is_blank]

    def all_rows(self, name: str) -> list[SentTree]:
        """The rows of a list with those in which nothing was filled in."""
        rows = self._rows.get(name, {})
        return [rows[index] for index in sorted(rows)]

    def set_rows(self, name: str, rows: list[SentTree]) -> None:
        """Put other rows in their place."""
        self._rows[name] = dict(enumerate(rows))

    def set_texts(self, name: str, texts: list[str]) -> None:
        """Put other texts into a field."""
        self._texts[name] = texts

    def sub_tree(self, path: str) -> SentTree | None:
        """The level at `path`, such as `order` or `order.lines[2]`; None where there is no such row."""
        found: SentTree | None = self
        for step in path.split("."):
            name, index = split_step(step)
            if found is None or index is BAD:
                return None
            # A group in which nothing was filled in may not have been sent at all.
            found = found._group_at(name) if index is None else found._row_at(name, index)
        return found

    def _group_at(self, name: str) -> SentTree:
        return self._groups.setdefault(name, SentTree())

    def _row_at(self, name: str, position: int) -> SentTree | None:
        rows = self.all_rows(name)
        return rows[position] if position < len(rows) else None

    @property
    def is_blank(self) -> bool:
        """Whether nothing was filled in."""
        own = (texts for name, texts in self._texts.items() if name[:1] != "_")
        if self._files or any(text for texts in own for text in texts):
            return False
        inner = [*self._groups.values(), *(row for rows in self._rows.values() for row in rows.values())]
        return all(each.is_blank for each in inner)

    @property
    def is_new(self) -> bool:
        """Whether nothing of it was sent, as of a row that was added just now."""
        return not (self._texts or self._files or self._groups or self._rows)

    def _find(self, name: str) -> tuple[SentTree, str] | None:
        """The level that `name` leads to, made if it must be, and the last part of the name."""
        *steps, last = name.split(".", DEPTH_MAX)
        level = self
        for step in steps:
            own, index = split_step(step)
            if index is BAD:
                return None
            if index is None:
                level = level._groups.setdefault(own, SentTree())
            else:
                level = level._rows.setdefault(own, {}).setdefault(index, SentTree())
        return level, last


BAD: Final = -1


def split_step(step: str) -> tuple[str, int | None]:
    """`lines[2]` as name and number; None where there is none, `BAD` where it is odd."""
    name, bracket, rest = step.partition("[")
    if not bracket:
        return name, None
    digits = rest[:-1]
    is_number = digits.isdigit() and digits.isascii() and len(digits) <= INDEX_LENGTH_MAX
    return name, int(digits) if is_number and rest[-1:] == "]" else BAD


def as_form_data(sent: MultiDict[str] | FormData) -> FormData:
    """Fields alone are a form without files."""
    return sent if isinstance(sent, FormData) else FormData(sent)
