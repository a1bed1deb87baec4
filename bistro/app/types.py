"""Questions about type hints, answered once at freeze."""

from __future__ import annotations

import dataclasses
import enum
import types
import typing
from datetime import date, datetime, time, timedelta
from decimal import Decimal

# Any: a type hint is any object: a class, `int | None`, `Annotated[…]`, a NewType.
from typing import Annotated, Any, Literal, Union, get_args, get_origin
from uuid import UUID

import msgspec

SCALARS = (str, int, float, bool, Decimal, date, datetime, time, timedelta, UUID)


def strip_annotated(hint: Any) -> tuple[Any, tuple[Any, ...]]:
    """The type inside `Annotated[…]`, and what it was annotated with."""
    if get_origin(hint) is Annotated:
        inner, *notes = get_args(hint)
        return inner, tuple(notes)
    return hint, ()


def strip_optional(hint: Any) -> Any:
    """`T` of `T | None`; other hints are themselves."""
    if get_origin(hint) in (Union, types.UnionType):
        kept = [each for each in get_args(hint) if each is not type(None)]
        if len(kept) == 1:
            return kept[0]
    return hint


def is_scalar(hint: Any) -> bool:
    """Whether a text can hold it: a number, a date, an enum, a literal, or one of them or None."""
    hint = strip_optional(strip_annotated(hint)[0])
    hint = strip_annotated(hint)[0]
    while hasattr(hint, "__supertype__"):
        hint = hint.__supertype__
    if get_origin(hint) is Literal:
        return True
    if get_origin(hint) in (Union, types.UnionType):
        return all(is_scalar(each) for each in get_args(hint))
    return isinstance(hint, type) and issubclass(hint, (*SCALARS, enum.Enum))


def is_list(hint: Any) -> bool:
    """Whether it is a list, set or tuple of any length."""
    hint = strip_optional(strip_annotated(hint)[0])
    return (get_origin(hint) or hint) in (list, set, frozenset, tuple)


def item_type(hint: Any) -> Any:
    """`T` of `list[T]`."""
    arguments = get_args(strip_optional(strip_annotated(hint)[0]))
    return arguments[0] if arguments else str


def is_struct(hint: Any) -> bool:
    """Whether it has named fields: a Struct, dataclass, TypedDict, attrs or pydantic class."""
    hint = strip_optional(strip_annotated(hint)[0])
    kind = get_origin(hint) or hint
    if not isinstance(kind, type):
        return False
    return (
        issubclass(kind, msgspec.Struct)
        or dataclasses.is_dataclass(kind)
        or typing.is_typeddict(kind)
        or hasattr(kind, "__attrs_attrs__")
        or hasattr(kind, "__pydantic_core_schema__")
    )


def name_of_type(hint: Any) -> str:
    """The type as a person would write it."""
    return (
        hint.__name__ if isinstance(hint, type) and not get_args(hint) else str(hint).replace("typing.", "")
    )
