"""SQL that a model or a migration holds as text: which names are in it, and the same with other names."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from msgspec import Struct

from bistro.db.lowering.dialects import dialect_of
from bistro.db.lowering.sql_types import quoted_name

# A literal, a quoted name or a plain word; whatever stands between them is left as it is.
_PARTS: Final = re.compile(r"'(?:[^']|'')*'|\"(?:[^\"]|\"\")*\"|[A-Za-z_][A-Za-z0-9_$]*")

# What SQLite reserves beside PostgreSQL, and what SQLAlchemy does not know of PostgreSQL's own.
_RESERVED: Final = frozenset(
    [
        "add",
        "alter",
        "autoincrement",
        "commit",
        "delete",
        "drop",
        "escape",
        "exists",
        "index",
        "insert",
        "nothing",
        "raise",
        "set",
        "transaction",
        "update",
        "values",
        "collation",
        "concurrently",
        "lateral",
        "tablesample",
    ]
)


class SQL(Struct, frozen=True, omit_defaults=True):
    """A piece of SQL where a value could stand: `SQL("lower(title)")`.

    The words of one database go into its own field, where the two differ.
    """

    text: str = ""
    sqlite: str = ""
    postgresql: str = ""

    def for_dialect(self, dialect: str) -> str:
        """The words for a database."""
        return (self.sqlite if dialect == "sqlite" else self.postgresql) or self.text


def names_in(text: str) -> set[str]:
    """All words of `text` that may be names of columns."""
    return {_bare(part) for part in _PARTS.findall(text) if not part.startswith("'")}


def with_names(text: str, names: Mapping[str, str]) -> str:
    """`text` with other names in it, in quotes where they need them; literals are left alone."""

    def replace(match: re.Match[str]) -> str:
        part = match[0]
        if part.startswith("'") or _bare(part) not in names:
            return part
        new = names[_bare(part)]
        return quoted_name(new) if part.startswith('"') or _needs_quotes(new) else new

    return _PARTS.sub(replace, text)


def _needs_quotes(name: str) -> bool:
    """Whether a database would read it as another name or as a word of SQL."""
    return name in _RESERVED or dialect_of("postgresql").identifier_preparer.quote(name) != name


def _bare(part: str) -> str:
    return part[1:-1].replace('""', '"') if part.startswith('"') else part
