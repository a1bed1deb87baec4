"""A declared return type decides what leaves the site, whatever else the handler's object holds.

A `PrivateUser` returned as a `User` is sent with the fields of `User`, also inside lists and other
objects. What is exactly of the declared class is sent as it is; single values are left alone.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable, Mapping, Sequence

# Any: handlers return values of every type.
from typing import Any, Final, get_origin

import msgspec
from msgspec import UNSET, inspect

from bistro.validation.build import build
from bistro.validation.errors import OutputMismatch, ValidationFailed, failure
from bistro.validation.members import find_member
from bistro.validation.pydantic_models import PydanticType, field_name, is_pydantic, validate_value
from bistro.validation.types import (
    Fields,
    Node,
    get_union_node,
    has_fields,
    is_many,
    plain,
    type_name,
    without_none,
)

OutputConverter = Callable[[Any], Any]


def output_converter(type_: Any) -> OutputConverter:
    """A function that narrows what a handler returned to the declared `type_`.

    It raises OutputMismatch where `type_` can't be made of it. Where there is nothing to narrow, it is
    `unchanged`, so that a caller can leave the call out.
    """
    narrow = _pydantic_narrower(type_) if is_pydantic(type_) else _Narrowers().find(get_union_node(type_))
    if narrow is None:
        return unchanged

    def convert_output(value: Any) -> Any:
        try:
            return narrow(value)
        except ValidationFailed as error:
            raise OutputMismatch(
                f"the handler returned {type_name(type(value))} instead of {type_name(type_)}: {error.what}",
                fix="Return the declared type, or declare what is returned.",
            ) from error

    return convert_output


def unchanged(value: Any) -> Any:
    """The converter of types that need no narrowing."""
    return value


class _Narrowers:
    """Makes one function for each node that holds objects; recursive types refer to their own."""

    def __init__(self) -> None:
        self._made: dict[int, OutputConverter] = {}

    def find(self, node: Node) -> OutputConverter | None:
        node = plain(node)
        if has_fields(node):
            return self._fields(node)
        if isinstance(node, inspect.CustomType):
            return _pydantic_narrower(node.cls) if is_pydantic(node.cls) else None
        if isinstance(node, inspect.UnionType):
            return self._union(node)
        if isinstance(node, inspect.CollectionType):
            item = self.find(node.item_type)
            return None if item is None else _many_narrower(item)
        if isinstance(node, inspect.TupleType):
            items = [self.find(item) or unchanged for item in node.item_types]
            return None if all(item is unchanged for item in items) else _tuple_narrower(items)
        if isinstance(node, inspect.DictType | inspect.FrozenDictType):
            item = self.find(node.value_type)
            return None if item is None else _dict_narrower(item)
        return None

    def _fields(self, node: Fields) -> OutputConverter:
        key = id(node)
        if key not in self._made:
            self._made[key] = self._later(key)
            inner = {field.name: narrow for field in node.fields if (narrow := self.find(field.type))}
            self._made[key] = _fields_narrower(node, inner)
        return self._made[key]

    def _later(self, key: int) -> OutputConverter:
        """Stands for the node's function inside itself, until that is made."""

        def narrow_later(value: Any) -> Any:
            return self._made[key](value)

        return narrow_later

    def _union(self, node: inspect.UnionType) -> OutputConverter | None:
        inner, _ = without_none(node)
        members = inner.types if isinstance(inner, inspect.UnionType) else (inner,)
        narrowers = [(plain(member), narrow) for member in members if (narrow := self.find(member))]
        return _union_narrower(node, narrowers) if narrowers else None


def _fields_narrower(node: Fields, inner: Mapping[str, OutputConverter]) -> OutputConverter:
    if isinstance(node, inspect.TypedDictType):
        return _typed_dict_narrower(node, inner)
    cls = _class_of(node)

    def narrow_fields(value: Any) -> Any:
        if value.__class__ is not cls:
            value = build(_plain_mapping(value), node.cls, from_attributes=True)
        changes = _changes(inner, lambda name: getattr(value, name))
        return _with_changes(value, changes) if changes else value

    return narrow_fields


def _typed_dict_narrower(
    node: inspect.TypedDictType, inner: Mapping[str, OutputConverter]
) -> OutputConverter:
    names = [field.name for field in node.fields]

    def narrow_typed_dict(value: Any) -> Any:
        if not isinstance(value, Mapping):
            value = {name: getattr(value, name) for name in names if hasattr(value, name)}
        result = build(_plain_mapping(value), node.cls, from_attributes=True)
        held = {name: narrow for name, narrow in inner.items() if name in result}
        return result | _changes(held, result.__getitem__)

    return narrow_typed_dict


def _many_narrower(item: OutputConverter) -> OutputConverter:
    def narrow_many(values: Any) -> Any:
        if isinstance(values, str | bytes | Mapping) or not isinstance(values, Iterable):
            raise failure("must be a list", "type")
        return [item(value) for value in values]

    return narrow_many


def _tuple_narrower(items: Sequence[OutputConverter]) -> OutputConverter:
    def narrow_tuple(values: Any) -> Any:
        if not isinstance(values, Sequence) or len(values) != len(items):
            raise failure(f"must have {len(items)} items", "length")
        return tuple(narrow(value) for narrow, value in zip(items, values, strict=True))

    return narrow_tuple


def _dict_narrower(item: OutputConverter) -> OutputConverter:
    def narrow_dict(values: Any) -> Any:
        if not isinstance(values, Mapping):
            raise failure("must be an object", "type")
        return {key: item(value) for key, value in values.items()}

    return narrow_dict


def _union_narrower(
    node: inspect.UnionType, narrowers: Sequence[tuple[Node, OutputConverter]]
) -> OutputConverter:
    by_class = {_class_of(member): narrow for member, narrow in narrowers if has_fields(member)}
    by_id = {id(member): narrow for member, narrow in narrowers}
    of_lists = [narrow for member, narrow in narrowers if is_many(member)]
    of_objects = [narrow for member, narrow in narrowers if not is_many(member)]

    def narrow_union(value: Any) -> Any:
        if value is None or isinstance(value, _SINGLE):
            return value
        # The nearest class wins: a PrivateUser is a User, in a union with Team as well.
        for cls in type(value).__mro__:
            if cls in by_class:
                return by_class[cls](value)
        fitting = of_lists if isinstance(value, list | tuple | set | frozenset) else of_objects
        if len(fitting) == 1:
            return fitting[0](value)
        member = find_member(node, value)
        if member is None:
            raise failure("is of none of the declared types", "type")
        return by_id.get(id(member), unchanged)(value)

    return narrow_union


def _pydantic_narrower(type_: type[PydanticType]) -> OutputConverter:
    names = {name: field_name(name, field) for name, field in type_.__pydantic_fields__.items()}

    def narrow_pydantic(value: Any) -> Any:
        if value.__class__ is type_:
            return value
        if not isinstance(value, Mapping):
            # Taken apart, because pydantic lets an instance of a subclass pass as it is.
            value = {key: getattr(value, name) for name, key in names.items() if hasattr(value, name)}
        return validate_value(type_, value, from_attributes=True)

    return narrow_pydantic


_SINGLE: Final = (str, bytes, bool, int, float, type(UNSET))


def _class_of(node: Node) -> Any:
    cls = getattr(node, "cls", None)
    return get_origin(cls) or cls


def _plain_mapping(value: Any) -> Any:
    return dict(value) if isinstance(value, Mapping) and not isinstance(value, dict) else value


def _changes(inner: Mapping[str, OutputConverter], get: Callable[[str], Any]) -> dict[str, Any]:
    changes = {}
    for name, narrow in inner.items():
        before = get(name)
        after = before if before is UNSET else narrow(before)
        if after is not before:
            changes[name] = after
    return changes


def _with_changes(value: Any, changes: Mapping[str, Any]) -> Any:
    # Not replace(): that would run __post_init__ again, on an object that has passed it.
    if isinstance(value, tuple):
        return value._replace(**changes)  # type: ignore[attr-defined]  # only named tuples come here
    changed = copy.copy(value)
    write = msgspec.structs.force_setattr if isinstance(value, msgspec.Struct) else object.__setattr__
    for name, after in changes.items():
        write(changed, name, after)
    return changed
