"""The words of every message: what a type wants, and which of its limits a value breaks."""

from __future__ import annotations

import re
from collections.abc import Sized
from datetime import datetime, time

# Any: an annotation is any object, and so is a value that breaks its limits.
from typing import Any, Final

from msgspec import inspect

from bistro.validation.types import Node, get_union_node, has_fields, is_many, plain

CHOICES_SHOWN_MAX: Final = 20

_WORDS: Final = {
    inspect.AnyType: "any value",
    inspect.NoneType: "null",
    inspect.BoolType: "true or false",
    inspect.IntType: "a whole number",
    inspect.FloatType: "a number",
    inspect.StrType: "a text",
    inspect.BytesType: "a text in base64",
    inspect.ByteArrayType: "a text in base64",
    inspect.MemoryViewType: "a text in base64",
    inspect.DateTimeType: "a date and time (YYYY-MM-DDTHH:MM:SS)",
    inspect.DateType: "a date (YYYY-MM-DD)",
    inspect.TimeType: "a time (HH:MM:SS)",
    inspect.TimeDeltaType: "a duration (ISO 8601, such as PT1H30M)",
    inspect.UUIDType: "a UUID",
    inspect.DecimalType: "a decimal number",
}


def describe_type(type_: Any) -> str:
    """What a value of `type_` is, in words that fit behind "must be": "a whole number", "one of: a, b"."""
    return describe(get_union_node(type_))


def describe(node: Node) -> str:
    """The same for a node."""
    node = plain(node)
    if isinstance(node, inspect.EnumType):
        return _choices([member.value for member in node.cls])
    if isinstance(node, inspect.LiteralType):
        return _choices(list(node.values))
    if isinstance(node, inspect.UnionType):
        # Two kinds of object are one word to the sender; a dict keeps the order and drops repeats.
        return " or ".join(dict.fromkeys(describe(member) for member in node.types))
    if is_many(node):
        return "a list"
    if has_fields(node) and isinstance(node, inspect.NamedTupleType):
        return "a list"
    return _WORDS.get(type(node), "an object")


def mismatch(node: Node, value: object) -> tuple[str, str]:
    """Message and code for a value that isn't of the node's type at all."""
    if isinstance(node, inspect.EnumType | inspect.LiteralType):
        code = "choice"
    elif isinstance(value, str) and isinstance(node, _FORMATS):
        code = "format"
    else:
        code = "type"
    return f"must be {describe(node)}", code


def broken_limit(node: Node, value: Any) -> tuple[str, str] | None:
    """Message and code of the first limit (`Meta(ge=…, max_length=…)`) that `value` breaks, or None."""
    if isinstance(node, inspect.IntType | inspect.FloatType):
        return _broken_range(node, value)
    if isinstance(node, inspect.StrType):
        return _broken_length(node, value, "character") or _broken_pattern(node, value)
    if isinstance(node, inspect.CollectionType | inspect.DictType | inspect.FrozenDictType):
        return _broken_length(node, value, "item")
    if isinstance(node, inspect.BytesType | inspect.ByteArrayType | inspect.MemoryViewType):
        return _broken_length(node, value, "byte")
    if isinstance(node, inspect.DateTimeType | inspect.TimeType):
        return _broken_zone(node, value)
    return None


_FORMATS: Final = (
    inspect.DateTimeType,
    inspect.DateType,
    inspect.TimeType,
    inspect.TimeDeltaType,
    inspect.UUIDType,
    inspect.DecimalType,
    inspect.BytesType,
    inspect.ByteArrayType,
    inspect.MemoryViewType,
)


def _choices(values: list[object]) -> str:
    shown = ", ".join("null" if value is None else str(value) for value in values[:CHOICES_SHOWN_MAX])
    return f"one of: {shown}" + (", …" if len(values) > CHOICES_SHOWN_MAX else "")


def _broken_range(node: inspect.IntType | inspect.FloatType, value: float) -> tuple[str, str] | None:
    if node.ge is not None and value < node.ge:
        return f"must be at least {node.ge}", "too-small"
    if node.gt is not None and value <= node.gt:
        return f"must be more than {node.gt}", "too-small"
    if node.le is not None and value > node.le:
        return f"must be at most {node.le}", "too-large"
    if node.lt is not None and value >= node.lt:
        return f"must be less than {node.lt}", "too-large"
    if node.multiple_of is not None and value % node.multiple_of:
        return f"must be a multiple of {node.multiple_of}", "multiple-of"
    return None


def _broken_length(node: Any, value: Sized, unit: str) -> tuple[str, str] | None:
    if node.min_length is not None and len(value) < node.min_length:
        return f"must have at least {_count(node.min_length, unit)}", "too-short"
    if node.max_length is not None and len(value) > node.max_length:
        return f"must have at most {_count(node.max_length, unit)}", "too-long"
    return None


def _broken_pattern(node: inspect.StrType, value: str) -> tuple[str, str] | None:
    if node.pattern is not None and re.search(node.pattern, value) is None:
        return f"must match the pattern {node.pattern}", "pattern"
    return None


def _broken_zone(
    node: inspect.DateTimeType | inspect.TimeType, value: datetime | time
) -> tuple[str, str] | None:
    if node.tz is None or node.tz == (value.tzinfo is not None):
        return None
    if node.tz:
        return "must have a time zone, such as Z or +02:00", "format"
    return "must not have a time zone", "format"


def _count(number: int, unit: str) -> str:
    return f"{number:,} {unit}" if number == 1 else f"{number:,} {unit}s"
