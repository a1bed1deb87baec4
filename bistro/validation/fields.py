"""A whole Struct, dataclass, TypedDict … from texts by name: `Query[Filters]`, `Form[SignUp]`.

HTML decides some rules: an unticked checkbox sends nothing, so an absent bool is its default or False;
an empty input sends an empty text, so an empty text counts as not given wherever a text isn't wanted.
"""

from __future__ import annotations

from collections.abc import Callable

# Any: an annotation is any object, and what comes out has whatever type it names.
from typing import Any, Final, Protocol

from msgspec import Struct, inspect
from msgspec.structs import replace

from bistro.ground.problems import Problem
from bistro.validation.build import build
from bistro.validation.convert import PROBLEMS_MAX, find_converter, find_values_converter
from bistro.validation.errors import UnsupportedType, ValidationFailed, failure
from bistro.validation.paths import join_path, key_path
from bistro.validation.pydantic_models import (
    FieldInfo,
    PydanticType,
    config_of,
    field_name,
    is_pydantic,
    validate_value,
)
from bistro.validation.types import (
    Node,
    get_node,
    get_union_node,
    has_fields,
    is_many,
    plain,
    type_name,
    without_none,
)

MISSING: Final = object()
_REQUIRED: Final = object()


class TextSource(Protocol):
    """Where the texts come from: a MultiDict, or anything else with these two methods.

    A type that forbids unknown fields also needs to iterate over the names.
    """

    def get_all(self, name: str, /) -> list[str]:
        """All values of `name` in their order, none if there is none."""
        ...

    def __contains__(self, name: object, /) -> bool:
        """Whether `name` came at all."""
        ...


StructConverter = Callable[[TextSource], Any]
FieldReader = Callable[[list[str]], Any]


def struct_converter(type_: Any) -> StructConverter:
    """A function that builds a `type_` from texts by name, or raises ValidationFailed with every problem.

    Names that the type doesn't know are passed over, unless it forbids them. Where a name comes more
    than once for one value, the first counts, as it does in `MultiDict`.
    """
    shape = _pydantic_shape(type_) if is_pydantic(type_) else _shape(type_)

    def read_fields(source: TextSource) -> Any:
        values: dict[str, Any] = {}
        problems: list[Problem] = []
        for name, reader in shape.readers:
            try:
                value = reader(source.get_all(name) if name in source else [])
                if value is not MISSING:
                    values[name] = value
            except ValidationFailed as error:
                problems += (replace(p, path=join_path(name, p.path)) for p in error.problems)
        if shape.known is not None:
            problems += _unknown(source, shape.known)
        if problems:
            raise ValidationFailed(problems[:PROBLEMS_MAX])
        return shape.build(values)

    return read_fields


class _Shape(Struct, frozen=True):
    """How a type is built: a reader for each name, and `known` names where others are forbidden."""

    readers: list[tuple[str, FieldReader]]
    build: Callable[[dict[str, Any]], Any]
    known: frozenset[str] | None


def _shape(type_: Any) -> _Shape:
    node = get_node(type_)
    if not has_fields(node) or isinstance(node, inspect.NamedTupleType) or _is_array_like(node):
        raise UnsupportedType(
            f"{type_name(type_)} can't be read from named texts",
            fix="Use a Struct, a dataclass, a TypedDict, an attrs class or a pydantic model.",
        )
    readers = [
        (field.encode_name, _field_reader(type_, field.name, plain(field.type), field.required))
        for field in node.fields
    ]
    known = None
    if isinstance(node, inspect.StructType) and node.forbid_unknown_fields:
        known = frozenset(name for name, _ in readers) | {node.tag_field or ""}
    return _Shape(readers, lambda values: build(values, type_), known)


def _pydantic_shape(type_: type[PydanticType]) -> _Shape:
    readers = [
        (field_name(name, field), _pydantic_reader(type_, name, field))
        for name, field in type_.__pydantic_fields__.items()
    ]
    known = None
    if config_of(type_).get("extra") == "forbid":
        known = frozenset(name for name, _ in readers)
    return _Shape(readers, lambda values: validate_value(type_, values), known)


def _pydantic_reader(type_: type[PydanticType], name: str, field: FieldInfo) -> FieldReader:
    try:
        node = get_union_node(field.annotation)
    except UnsupportedType:
        return _one_reader(_read_foreign, _absent(field.is_required(), False))
    inner, is_optional = without_none(node)
    if isinstance(inner, inspect.CustomType) and not is_pydantic(inner.cls):
        return _one_reader(_read_foreign, _absent(field.is_required(), is_optional))
    return _field_reader(type_, name, node, field.is_required())


def _read_foreign(text: str) -> str:
    """EmailStr, HttpUrl and the like: pydantic itself reads them from the text."""
    if not text:
        raise failure("is required", "missing")
    return text


def _field_reader(type_: Any, name: str, node: Node, is_required: bool) -> FieldReader:
    inner, is_optional = without_none(node)
    if is_many(inner):
        many = find_values_converter(inner)
        if many is not None:
            return _many_reader(many, _absent(is_required, is_optional))
    one = find_converter(inner)
    if one is None:
        raise UnsupportedType(
            f"{type_name(type_)}.{name} can't be read from a text, so the type fits no query and no form",
            fix="Use single values and lists of them as fields, or take the object as a JSON body.",
        )
    if is_required and isinstance(inner, inspect.BoolType) and not is_optional:
        return _one_reader(one, False)
    return _one_reader(one, _absent(is_required, is_optional))


def _absent(is_required: bool, is_optional: bool) -> Any:
    if not is_required:
        return MISSING
    return None if is_optional else _REQUIRED


def _many_reader(convert: Callable[[list[str]], Any], absent: Any) -> FieldReader:
    def read_many(values: list[str]) -> Any:
        if values:
            return convert(values)
        if absent is _REQUIRED:
            raise failure("is required", "missing")
        return absent

    return read_many


def _one_reader(convert: Callable[[str], Any], absent: Any) -> FieldReader:
    takes_empty = _takes_empty(convert)

    def read_one(values: list[str]) -> Any:
        if values and (values[0] or takes_empty):
            return convert(values[0])
        if absent is _REQUIRED:
            raise failure("is required", "missing")
        return absent

    return read_one


def _takes_empty(convert: Callable[[str], Any]) -> bool:
    try:
        convert("")
    except ValidationFailed:
        return False
    return True


def _is_array_like(node: Node) -> bool:
    return isinstance(node, inspect.StructType) and node.array_like


def _unknown(source: Any, known: frozenset[str]) -> list[Problem]:
    names = [name for name in source if name not in known]
    return [
        Problem("", key_path("", name), "is not a known field", "unknown-field")
        for name in names[:PROBLEMS_MAX]
    ]
