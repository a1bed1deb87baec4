"""What tells one form of a query from another across runs: a text of its steps and of the tables in it.

Two forms have the same key only if the same SQL answers them. So a change of a model, of Bistro or
of SQLAlchemy makes other keys, and what was kept under the old ones is never found again.
"""

from __future__ import annotations

import enum
import hashlib
from collections.abc import Iterator
from functools import cache
from importlib.util import find_spec
from pathlib import Path as FilePath

# Any: steps are nested tuples.
from typing import Any

from bistro.db.column_types import ColumnType
from bistro.db.keys import Mark
from bistro.db.paths import Path, PathColumn
from bistro.db.shape import Shape
from bistro.db.table import ColumnInfo, RelationInfo, TableInfo


class NotKept(Exception):
    """A form has a part that means nothing in another run, e.g. a class that was made in a function."""


class KeyWriter:
    """Writes the key of a form, and collects the tables on the way."""

    def __init__(self) -> None:
        self.tables: dict[TableInfo, None] = {}

    def key(self, shape: Shape, dialect: str) -> str:
        """The key as 64 hexadecimal digits. Raises NotKept."""
        text = self.describe(shape)
        parts = [made_by(), dialect, text, *(fingerprint(table) for table in self.tables)]
        return hashlib.sha256("\n".join(parts).encode()).hexdigest()

    def describe(self, part: Any) -> str:
        """One part of a step."""
        if part is None or (isinstance(part, str | int | float) and not isinstance(part, enum.Enum)):
            return repr(part)
        if isinstance(part, tuple):
            return f"({','.join(map(self.describe, part))})"
        if isinstance(part, Mark):
            return part.name
        if isinstance(part, ColumnInfo):
            return f"column {self.table(part.table)}.{part.field}"
        if isinstance(part, PathColumn):
            return f"{self.describe(part.path)}/{self.describe(part.column)}"
        if isinstance(part, Path):
            return "path " + "/".join(map(self.describe, part.relations))
        if isinstance(part, RelationInfo):
            self.table(part.target)
            if part.kind == "through":
                self.table(part.through.table)
            return f"relation {self.table(part.table)}.{part.name}"
        if isinstance(part, Shape):
            return f"query {self.table(part.table)}{self.describe(tuple(part.steps()))}"
        if isinstance(part, TableInfo):
            return f"table {self.table(part)}"
        if isinstance(part, ColumnType):
            return describe_type(part)
        if isinstance(part, enum.Enum):
            return f"{self.describe(type(part))}.{part.name}={part.value!r}"
        if isinstance(part, type):
            return name_of(part)
        raise NotKept(repr(part))

    def table(self, info: TableInfo) -> str:
        """The name of a table's model; the table is part of the key from now on."""
        self.tables[info] = None
        return name_of(info.model) if info.model is not None else info.label


def name_of(thing: type) -> str:
    """`module:Name` of a class that other runs have too. Raises NotKept."""
    if "<" in thing.__qualname__:
        raise NotKept(thing.__qualname__)
    return f"{thing.__module__}:{thing.__qualname__}"


def fingerprint(info: TableInfo) -> str:
    """Everything about a table that its SQL, or what is made of its rows, depends on."""
    columns = (
        f"{column.field} {column.name} {describe_type(column.type)} {column.nullable} "
        f"{column.options.primary_key} {column.options.computed is not None} {column.options.on_update}"
        for column in info.columns.values()
    )
    relations = (
        f"{each.name} {each.kind} {each.nullable} {each.target.schema}.{each.target.name} {each.pairs!r}"
        for each in info.relations.values()
    )
    return "\n".join([f"{info.schema}.{info.name}", *columns, *relations])


def describe_type(type_: ColumnType) -> str:
    """What a column holds, as far as SQL minds; how values are read is asked of the model itself."""
    item = "" if type_.item is None else f" of {describe_type(type_.item)}"
    sizes = (
        type_.bits,
        type_.max_length,
        type_.max_digits,
        type_.decimal_places,
        type_.choices,
        type_.dimensions,
    )
    return f"{type_.kind}{sizes!r}{item}"


@cache
def made_by() -> str:
    """The state of what makes SQL: its files here, and SQLAlchemy's version, which need not be loaded."""
    library = find_spec("sqlalchemy")
    files = [FilePath(library.origin)] if library is not None and library.origin else []
    return " ".join(_state(file) for file in [*_own_files(), *files])


def _own_files() -> Iterator[FilePath]:
    here = FilePath(__file__).parent
    yield from sorted([*here.glob("*.py"), *(here / "lowering").glob("*.py")])


def _state(file: FilePath) -> str:
    status = file.stat()
    return f"{file.name}:{status.st_size}:{status.st_mtime_ns}"
