"""Which member of a union a JSON value belongs to.

A union that msgspec accepts has at most one member for each kind of JSON value; only objects (and
arrays) may have several, which are then told apart by their tag.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from decimal import Decimal

# Any: a value as JSON gives it may be of any type, and so may a leaf.
from typing import Any, Final, Literal
from uuid import UUID

import msgspec
from msgspec import inspect

from bistro.ground.problems import Problem
from bistro.validation.types import Node, has_fields, is_many, plain

# What a leaf is without its limits. Any: types of every kind.
_LEAVES: Final[Mapping[type[Node], Any]] = {
    inspect.NoneType: None,
    inspect.BoolType: bool,
    inspect.IntType: int,
    inspect.FloatType: float,
    inspect.StrType: str,
    inspect.BytesType: bytes,
    inspect.ByteArrayType: bytearray,
    inspect.MemoryViewType: memoryview,
    inspect.DateTimeType: datetime,
    inspect.DateType: date,
    inspect.TimeType: time,
    inspect.TimeDeltaType: timedelta,
    inspect.UUIDType: UUID,
    inspect.DecimalType: Decimal,
}


def leaf_type(node: Node) -> Any:
    """The type of a node that has nothing below it, without its limits."""
    if isinstance(node, inspect.EnumType | inspect.CustomType):
        return node.cls
    if isinstance(node, inspect.LiteralType):
        return Literal[node.values]
    return _LEAVES.get(type(node), Any)


def find_member(node: inspect.UnionType, value: Any) -> Node | None:
    """The member whose problems are those of `value`, or None where `value` is of no member's kind."""
    members = [plain(member) for member in node.types]
    rest = [member for member in members if not isinstance(member, inspect.NoneType)]
    if value is None and len(rest) < len(members):
        return inspect.NoneType()
    if len(rest) == 1:
        return rest[0]
    if isinstance(value, dict):
        return _tagged([member for member in rest if _is_object(member)], value)
    if isinstance(value, list):
        return _tagged([member for member in rest if _is_array(member)], value)
    return next((member for member in rest if _is_leaf(member) and _fits(member, value)), None)


def find_tag_problem(node: inspect.UnionType, value: Any) -> Problem | None:
    """What is wrong with the tag of `value`, where several members are told apart by one."""
    tagged = [member for member in map(plain, node.types) if isinstance(member, inspect.StructType)]
    fields = [member for member in tagged if member.tag_field is not None and not member.array_like]
    if not isinstance(value, dict) or not fields:
        return None
    name = fields[0].tag_field or ""
    if name not in value:
        return Problem("", name, "is required", "missing")
    tags = ", ".join(str(member.tag) for member in fields)
    return Problem("", name, f"must be one of: {tags}", "choice")


def _tagged(members: list[Node], value: Any) -> Node | None:
    if len(members) < 2:
        return members[0] if members else None
    for member in members:
        if (
            isinstance(member, inspect.StructType)
            and member.tag_field
            and member.tag == _tag_of(member, value)
        ):
            return member
    return None


def _tag_of(member: inspect.StructType, value: Any) -> Any:
    if member.array_like:
        return value[0] if value else None
    return value.get(member.tag_field)


def _is_array_like(node: Node) -> bool:
    return isinstance(node, inspect.NamedTupleType) or (
        isinstance(node, inspect.StructType) and node.array_like
    )


def _is_array(node: Node) -> bool:
    return is_many(node) or _is_array_like(node)


def _is_object(node: Node) -> bool:
    if has_fields(node):
        return not _is_array_like(node)
    return isinstance(node, inspect.DictType | inspect.FrozenDictType)


def _is_leaf(node: Node) -> bool:
    return not _is_array(node) and not _is_object(node)


def _fits(node: Node, value: Any) -> bool:
    try:
        msgspec.convert(value, leaf_type(node))
    except msgspec.ValidationError:
        return False
    return True
