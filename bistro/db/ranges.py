"""A span between two values, as PostgreSQL's range columns hold it."""

from __future__ import annotations

from typing import Generic, TypeVar

from msgspec import Struct

T = TypeVar("T")


class Range(Struct, Generic[T], frozen=True):
    """The values from `lower` to `upper`; None at an end means without end.

    As in Python's own ranges the lower end belongs to it and the upper end does not, unless told.
    PostgreSQL writes ranges of whole numbers and of days back in this form.
    """

    lower: T | None = None
    upper: T | None = None
    lower_included: bool = True
    upper_included: bool = False
    empty: bool = False
