"""What a type is made of: one small view on msgspec's own inspection, shared by the whole room."""

from __future__ import annotations

import re
from collections.abc import Iterator
from types import UnionType

# Any: an annotation is any object (a class, `int | None`, `Annotated[…]`, a NewType).
from typing import Any, Final, TypeGuard, Union, get_args, get_origin

from msgspec import inspect

from bistro.ground.stored_files import IncomingFile, StoredFile
from bistro.validation.errors import UnsupportedType
from bistro.validation.pydantic_models import is_pydantic

Node = inspect.Type
Fields = inspect.StructType | inspect.DataclassType | inspect.TypedDictType | inspect.NamedTupleType
Many = inspect.CollectionType | inspect.TupleType
FIELDS: Final = (inspect.StructType, inspect.DataclassType, inspect.TypedDictType, inspect.NamedTupleType)
# A file comes with a form alone; where JSON holds something in its place, that is refused as a wrong value.
_KNOWN: Final = (object, IncomingFile, StoredFile)
MANY: Final = (inspect.CollectionType, inspect.TupleType)


def get_node(type_: Any) -> Node:
    """The parts of `type_`; raises UnsupportedType where it has none that a value could be converted to."""
    try:
        return plain(inspect.type_info(type_))
    except (TypeError, NameError, NotImplementedError) as error:
        raise UnsupportedType(
            f"{type_name(type_)} can't be used as the type of input or output: {error}",
            fix="Use built-in types, Structs, dataclasses, TypedDicts, attrs classes or pydantic models.",
        ) from error


def get_json_node(type_: Any) -> Node:
    """Like `get_node`, and every class inside must be one that JSON can be turned into."""
    node = get_node(type_)
    for inner in walk(node):
        cls = getattr(inner, "cls", None)
        if isinstance(inner, inspect.CustomType) and cls not in _KNOWN and not is_pydantic(cls):
            raise UnsupportedType(
                f"{type_name(type_)} holds {type_name(cls)}, which JSON can't be turned into",
                fix=f"Make {type_name(cls)} a Struct or a dataclass, or take a str and convert it later.",
            )
        if isinstance(inner, inspect.DataclassType) and is_pydantic(cls):
            raise UnsupportedType(
                f"{type_name(type_)} holds the pydantic dataclass {type_name(cls)}, which must stand alone",
                fix=f"Make {type_name(cls)} a pydantic BaseModel or a plain dataclass.",
            )
    return node


def get_union_node(type_: Any) -> Node:
    """Like `get_node`, but for any union, such as `str | date`, whose members JSON couldn't tell apart."""
    if get_origin(type_) in (Union, UnionType):
        return inspect.UnionType(tuple(get_node(member) for member in get_args(type_)))
    return get_node(type_)


def plain(node: Node) -> Node:
    """`node` without the wrapper that holds its title and description."""
    while isinstance(node, inspect.Metadata):
        node = node.type
    return node


def without_none(node: Node) -> tuple[Node, bool]:
    """`node` without None, and whether None was allowed: `int | None` gives `int`, True."""
    if not isinstance(node, inspect.UnionType):
        return node, False
    members = tuple(plain(member) for member in node.types)
    rest = tuple(member for member in members if not isinstance(member, inspect.NoneType))
    inner = rest[0] if len(rest) == 1 else inspect.UnionType(rest)
    return inner, len(rest) < len(members)


def is_many(node: Node) -> TypeGuard[Many]:
    """Whether the type holds several values: list, set, frozenset, tuple."""
    return isinstance(node, MANY)


def has_fields(node: Node) -> TypeGuard[Fields]:
    """Whether the type has named fields."""
    return isinstance(node, FIELDS)


def walk(node: Node) -> Iterator[Node]:
    """`node` and every node below it, each once, recursive types included."""
    seen: set[int] = set()
    waiting = [node]
    while waiting:
        current = waiting.pop()
        if id(current) not in seen:
            seen.add(id(current))
            yield current
            waiting.extend(children(current))


def is_open_ended(node: Node, above: frozenset[int] = frozenset()) -> bool:
    """Whether values may be nested deeper than the type itself: it holds Any, a foreign class, or itself."""
    if isinstance(node, inspect.AnyType | inspect.CustomType) or id(node) in above:
        return True
    return any(is_open_ended(inner, above | {id(node)}) for inner in children(node))


def children(node: Node) -> tuple[Node, ...]:
    """The nodes directly below `node`."""
    if isinstance(node, inspect.Metadata):
        return (node.type,)
    if has_fields(node):
        return tuple(field.type for field in node.fields)
    if isinstance(node, inspect.CollectionType):
        return (node.item_type,)
    if isinstance(node, inspect.TupleType):
        return node.item_types
    if isinstance(node, inspect.DictType | inspect.FrozenDictType):
        return (node.key_type, node.value_type)
    # msgspec's own annotation says `type` where it means `Type`.
    return tuple(node.types) if isinstance(node, inspect.UnionType) else ()


def type_name(type_: Any) -> str:
    """The name that a person would write: `Note`, `list[int]`, `int | None`."""
    if isinstance(type_, type) and not get_args(type_):
        return type_.__qualname__
    return re.sub(r"\b(?:typing|builtins)\.", "", str(type_))
