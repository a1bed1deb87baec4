"""What types tell about the names behind a dot; used for speed and for checks, never for escaping."""

from __future__ import annotations

import types
import typing
from collections.abc import Mapping
from functools import cached_property, lru_cache
from inspect import getattr_static

# Any: a hint is any object: a class, `list[int]`, `int | None`, a NewType.
from typing import Annotated, Any, Union, get_args, get_origin

UNKNOWN: Any = Any
COUNT: Any = "a count"
"""The type of what the compiler itself has counted: an int for certain, and not only by somebody's word."""
NOT_GIVEN: Any = "not given"
"""The type of a macro's argument in a call that leaves it out."""


def strip_optional(hint: Any) -> tuple[Any, bool]:
    """`T` of `T | None`, and whether None was there; a union of several is unknown."""
    if get_origin(hint) is Annotated:
        return strip_optional(get_args(hint)[0])
    if get_origin(hint) in (Union, types.UnionType):
        kept = [each for each in get_args(hint) if each is not type(None)]
        return (strip_optional(kept[0])[0] if len(kept) == 1 else UNKNOWN), len(kept) < len(get_args(hint))
    return hint, False


def element_of(hint: Any) -> Any:
    """The type of what a loop over `hint` gives."""
    hint, _ = strip_optional(hint)
    origin, arguments = get_origin(hint) or hint, get_args(hint)
    if origin is str:
        return str
    if origin is tuple and arguments and arguments[-1] is not ...:
        return arguments[0] if len(set(arguments)) == 1 else UNKNOWN
    return arguments[0] if arguments and isinstance(origin, type) else UNKNOWN


def item_of(hint: Any) -> Any:
    """The type of `value[key]` for a value of type `hint`."""
    hint, _ = strip_optional(hint)
    if get_origin(hint) is dict:
        return get_args(hint)[1]
    return element_of(hint) if get_origin(hint) in (list, tuple) or hint is str else UNKNOWN


def class_of(hint: Any) -> type | None:
    """The class whose attributes are known, or None where nothing is known."""
    hint, _ = strip_optional(hint)
    kind = get_origin(hint) or hint
    # Any is a class since Python 3.11.
    if kind is UNKNOWN or not isinstance(kind, type) or kind is object or kind.__module__ == "builtins":
        return None
    if typing.is_typeddict(kind) or issubclass(kind, dict) or "__getattr__" in dir(kind):
        return None
    return kind


@lru_cache(maxsize=4096)
def members_of(kind: type) -> dict[str, Any]:
    """The attributes of `kind` with what is known of their types."""
    members: dict[str, Any] = {}
    for name in dir(kind):
        if not name.startswith("__"):
            members[name] = _type_of_member(getattr_static(kind, name))
    try:
        members.update(typing.get_type_hints(kind))
    except (NameError, TypeError, AttributeError):
        members.update(dict.fromkeys(getattr(kind, "__annotations__", {}), UNKNOWN))
    # What a class says of its instances itself: a model's columns and relations are no annotations.
    members.update(getattr(kind, "__instance_types__", {}))
    return members


def member_of(hint: Any, name: str) -> Any:
    """The type of an attribute, with what `hint` says of the class's own parameters: `Page[Note].items`."""
    kind = class_of(hint)
    found = members_of(kind).get(name, UNKNOWN) if kind is not None else UNKNOWN
    given = dict(zip(getattr(kind, "__parameters__", ()), get_args(strip_optional(hint)[0]), strict=False))
    return _filled_in(found, given) if given else found


def _filled_in(hint: Any, given: Mapping[Any, Any]) -> Any:
    if hint in given:
        return given[hint]
    parameters = getattr(hint, "__parameters__", ())
    if not parameters:
        return hint
    return hint[tuple(given.get(each, UNKNOWN) for each in parameters)]


def _type_of_member(member: Any) -> Any:
    function = None
    if isinstance(member, property):
        function = member.fget
    elif isinstance(member, cached_property):
        function = member.func
    if function is None:
        return UNKNOWN
    try:
        return typing.get_type_hints(function).get("return", UNKNOWN)
    except (NameError, TypeError):
        return UNKNOWN
