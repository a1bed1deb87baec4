"""What `field()`, `auto()`, `generated()` and `related()` were told: values that the model is built from."""

from __future__ import annotations

from collections.abc import Callable

# Any: a default is a value of the field's own type, whatever that is.
from typing import Any, Final, Literal

from msgspec import UNSET, Struct

OnDelete = Literal["cascade", "restrict", "set null", "set default", "no action"]
AUTO: Final = "auto"
"""The database's own way of making a value of the column's type."""


class FieldOptions(Struct, frozen=True, eq=False):
    """Everything that a field may say about its column, its values and its place in forms."""

    default: Any = UNSET
    default_factory: Callable[[], Any] | None = None
    db_default: str | None = None
    computed: str | None = None
    computed_stored: bool = True
    primary_key: bool = False
    unique: bool = False
    index: bool = False
    column: str = ""
    bits: int = 64
    max_length: int | None = None
    min_length: int | None = None
    max_digits: int | None = None
    decimal_places: int | None = None
    dimensions: int | None = None
    ge: float | None = None
    gt: float | None = None
    le: float | None = None
    lt: float | None = None
    pattern: str | None = None
    private: bool = False
    encrypted: bool | str = False
    on_update: bool = False
    on_delete: OnDelete = "cascade"
    deferrable: bool = False
    multiline: bool = False
    label: str = ""
    help: str = ""

    @property
    def made_elsewhere(self) -> bool:
        """Whether the database makes the value, so that nobody has to give one."""
        return self.db_default is not None or self.computed is not None


class RelatedOptions(Struct, frozen=True, eq=False):
    """What the reverse side of a relation, or a relation through a table of its own, was told."""

    back: str = ""
    through: Any = None


PLAIN: Final = FieldOptions()
