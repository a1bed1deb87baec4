"""Rules and indexes that a whole table has, given beside the class's bases.

    class Booking(Model, constraints=(Unique(("room", "day")), Check("price >= 0")),
                  indexes=(Index(("day",), where="price > 0"),)):

Names are those of fields; a condition is SQL, in terms of columns.
"""

from __future__ import annotations

import re
from typing import Final, Literal

from msgspec import Struct

from bistro.db.model_errors import ModelError

VECTOR_INDEXES: Final = frozenset({"hnsw", "ivfflat"})
"""Kinds of pgvector, which SQLite does without: it measures every row."""
_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,62}")


class Unique(Struct, frozen=True):
    """No two rows have the same values in these fields; with `where`, of the rows that it describes.

    With `nulls_distinct=False` two rows without a value count as the same (PostgreSQL). Neither that nor
    `deferrable` goes with `where`: raises `ModelError` (B830).
    """

    fields: tuple[str, ...]
    name: str = ""
    where: str = ""
    deferrable: bool = False
    nulls_distinct: bool = True

    def __post_init__(self) -> None:
        _check_fields(self, self.fields)
        # A rule for some rows is an index, which is checked at once; the model would promise what isn't so.
        if self.where and (self.deferrable or not self.nulls_distinct):
            raise ModelError(
                "a unique rule for some of the rows can't be deferrable, nor take nulls for the same",
                fix="Leave out where=, or deferrable= and nulls_distinct=.",
            )


class Check(Struct, frozen=True):
    """A condition in SQL that every row fulfils: `Check("price >= 0")`."""

    condition: str
    name: str = ""


class Exclude(Struct, frozen=True):
    """No two rows agree in all of these ways: `Exclude((("room", "="), ("span", "&&")))`.

    Each part is a field (or an expression) and an operator. PostgreSQL only; `=` beside `&&` in a
    GiST index needs its extension btree_gist.
    """

    parts: tuple[tuple[str, str], ...]
    name: str = ""
    using: str = "gist"
    where: str = ""
    deferrable: bool = False


class Index(Struct, frozen=True):
    """An index over fields or expressions: `Index(("day",))`, `Index(("lower(title)",))`.

    `where` indexes only the rows that it describes; `including` keeps more fields in the index, so
    that a query need not read the table (PostgreSQL); `using` is a kind such as "gin". An
    `operator_class` of PostgreSQL says what the kind looks for in the fields, and `storage` are the
    kind's own numbers: `Index(("embedding",), using="ivfflat", operator_class="vector_cosine_ops",
    storage=(("lists", 100),))`. SQLite leaves "hnsw" and "ivfflat" out, which are for vectors.
    A field with a minus sign before it, `"-day"`, is in descending order.
    """

    fields: tuple[str, ...]
    name: str = ""
    unique: bool = False
    where: str = ""
    including: tuple[str, ...] = ()
    using: Literal["", "btree", "hash", "gin", "gist", "brin", "spgist", "hnsw", "ivfflat"] = ""
    operator_class: str = ""
    storage: tuple[tuple[str, int], ...] = ()

    def __post_init__(self) -> None:
        _check_fields(self, self.fields)
        for name in filter(None, (self.operator_class, *(name for name, _ in self.storage))):
            if not _NAME.fullmatch(name):
                raise ModelError(f"{name!r} is no name of PostgreSQL", fix="Write it as its manual does.")
        if self.using == "hnsw" and not self.operator_class:
            raise ModelError(
                "an hnsw index has to know which distance it is for",
                fix='Write operator_class="vector_cosine_ops", "vector_l2_ops" or "vector_ip_ops".',
            )


Constraint = Unique | Check | Exclude


def _check_fields(rule: Unique | Index, fields: object) -> None:
    # A text would be read as the tuple of its letters.
    if isinstance(fields, str) or not isinstance(fields, tuple | list):
        kind = type(rule).__name__
        raise ModelError(
            f"{kind}({fields!r}): the fields are a tuple, also for one of them",
            fix=f'Write {kind}(("{fields}",)), or {kind}(("room", "day")) for several.',
        )
