"""The words of which the keys of expressions are made, beside operators and columns."""

from __future__ import annotations

from typing import Final

from bistro.db.model_errors import QueryError


class Mark:
    """A word in a key that no value can be mistaken for."""

    __slots__ = ("name",)

    def __init__(self, name: str) -> None:
        self.name = name

    def __repr__(self) -> str:
        return self.name


VALUE: Final = Mark("VALUE")
NULL: Final = Mark("NULL")


def check_name(name: str) -> str:
    """`name` if it may be the name of a column in SQL that we write; raises QueryError otherwise."""
    # Quoted by the database's own rules as well; a name that needs quoting is never wanted.
    if not name.isascii() or not name.isidentifier() or len(name) > 60:
        raise QueryError(f"{name!r} can't be a name in a query", fix="Use letters, digits and underscores.")
    return name
