"""Text to values: `text_converter` for one text, `values_converter` for a name that comes repeatedly.

Both do their thinking once, at freeze, and return a function. For the plain types that is one of the
readers in text.py itself; limits (`Meta(ge=1)`), optional values and unions put one function around it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from enum import Enum

# Any: an annotation is any object, and what comes out has whatever type it names.
from typing import Any, Final

from msgspec import inspect
from msgspec.structs import replace

from bistro.ground.problems import Problem
from bistro.validation import text as readers
from bistro.validation.describe import broken_limit, describe
from bistro.validation.errors import UnsupportedType, ValidationFailed, failure
from bistro.validation.limits import INTEGER_MAX, INTEGER_MIN
from bistro.validation.paths import join_path
from bistro.validation.types import Node, get_union_node, is_many, plain, type_name, without_none

TextConverter = Callable[[str], Any]
ValuesConverter = Callable[[list[str]], Any]

PROBLEMS_MAX: Final = 100

_READERS: Final[Mapping[type[Node], TextConverter]] = {
    inspect.AnyType: str,
    inspect.StrType: str,
    inspect.IntType: readers.read_int,
    inspect.FloatType: readers.read_float,
    inspect.BoolType: readers.read_bool,
    inspect.DecimalType: readers.read_decimal,
    inspect.DateType: readers.read_date,
    inspect.TimeType: readers.read_time,
    inspect.DateTimeType: readers.read_datetime,
    inspect.TimeDeltaType: readers.read_timedelta,
    inspect.UUIDType: readers.read_uuid,
}
# Which of several types gets the first try. A text fits `str` always, so that one comes last.
_UNION_ORDER: Final = (inspect.StrType, inspect.AnyType)


def text_converter(type_: Any) -> TextConverter:
    """A function that turns one text into a `type_`, or raises ValidationFailed with one problem.

    For values of the path, the query, headers, cookies and forms. Raises UnsupportedType now if no text
    can become a `type_`. For `str` the result is `str` itself, so that a caller can leave the call out.
    """
    converter = find_converter(get_union_node(type_))
    if converter is None:
        raise UnsupportedType(
            f"{type_name(type_)} can't be read from a text",
            fix="Use str, int, float, bool, Decimal, dates and times, UUID, Enum, Literal or unions of them.",
        )
    return converter


def values_converter(type_: Any) -> ValuesConverter:
    """A function that turns the repeated values of one name into a list, set, frozenset or tuple.

    Raises ValidationFailed with a problem for each wrong value, at `[0]`, `[1]` and so on.
    """
    node, _ = without_none(get_union_node(type_))
    converter = find_values_converter(node)
    if converter is None:
        raise UnsupportedType(
            f"{type_name(type_)} can't be read from repeated texts",
            fix="Use list[T], set[T], frozenset[T] or tuple[T, ...], where T can be read from a text.",
        )
    return converter


def find_converter(node: Node) -> TextConverter | None:
    """The converter for one text to `node`, or None where there can't be one."""
    node = plain(node)
    if isinstance(node, inspect.EnumType | inspect.LiteralType):
        return _choice_reader(node)
    if isinstance(node, inspect.UnionType):
        return _union_reader(node)
    if isinstance(node, inspect.CustomType) and node.cls is object:
        return str
    reader = _READERS.get(type(node))
    return None if reader is None else _within_limits(node, reader)


def find_values_converter(node: Node) -> ValuesConverter | None:
    """The converter for repeated texts to `node`, or None where there can't be one."""
    if not is_many(node):
        return None
    if isinstance(node, inspect.TupleType):
        members = [find_converter(item) for item in node.item_types]
        return _tuple_reader([member for member in members if member is not None]) if all(members) else None
    item = find_converter(node.item_type)
    return None if item is None else _many_reader(node, item)


def convert_each(values: Sequence[str], converters: Sequence[TextConverter]) -> list[Any]:
    """Each value through its converter; raises ValidationFailed with the problems of all of them."""
    results, problems = [], list[Problem]()
    for index, (value, converter) in enumerate(zip(values, converters, strict=True)):
        try:
            results.append(converter(value))
        except ValidationFailed as error:
            problems += (replace(p, path=join_path(f"[{index}]", p.path)) for p in error.problems)
            if len(problems) >= PROBLEMS_MAX:
                break
    if problems:
        raise ValidationFailed(problems)
    return results


def _within_limits(node: Node, reader: TextConverter) -> TextConverter:
    if not _has_limits(node):
        return reader
    if isinstance(node, inspect.IntType):
        return _int_within_limits(node)

    def read_within_limits(text: str) -> Any:
        value = reader(text)
        if broken := broken_limit(node, value):
            raise failure(*broken)
        return value

    return read_within_limits


def _int_within_limits(node: inspect.IntType) -> Callable[[str], int]:
    """The same for whole numbers, quicker: page numbers and ids are in every other request."""
    low = max(INTEGER_MIN if node.ge is None else node.ge, INTEGER_MIN if node.gt is None else node.gt + 1)
    high = min(INTEGER_MAX if node.le is None else node.le, INTEGER_MAX if node.lt is None else node.lt - 1)
    if node.multiple_of is not None:
        low, high = 1, 0  # nothing is quickly right

    def read_int_within_limits(text: str) -> int:
        value = readers.read_int(text)
        if low <= value <= high:
            return value
        if broken := broken_limit(node, value):
            raise failure(*broken)
        return value

    return read_int_within_limits


def _has_limits(node: Node) -> bool:
    return any(getattr(node, name) is not None for name in node.__struct_fields__)


def _choice_reader(node: inspect.EnumType | inspect.LiteralType) -> TextConverter:
    values = list(node.cls) if isinstance(node, inspect.EnumType) else list(node.values)
    # First come, first served: Literal["1", 1] reads "1" as the text. A bool is written as in JSON.
    choices: dict[str, Any] = {}
    for value in values:
        choices.setdefault(_choice_text(value.value if isinstance(value, Enum) else value), value)
    message = f"must be {describe(node)}"

    def read_choice(text: str) -> Any:
        try:
            return choices[text]
        except KeyError:
            raise failure(message, "choice") from None

    return read_choice


def _choice_text(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return "" if value is None else str(value)


def _union_reader(node: inspect.UnionType) -> TextConverter | None:
    inner, is_optional = without_none(node)
    if not isinstance(inner, inspect.UnionType):
        reader = find_converter(inner)
        return _optional_reader(inner, reader) if reader is not None and is_optional else reader
    members = sorted(
        (plain(member) for member in inner.types), key=lambda member: isinstance(member, _UNION_ORDER)
    )
    converters = [find_converter(member) for member in members]
    if not all(converters):
        return None
    message = f"must be {describe(inner)}"

    def read_first_that_fits(text: str) -> Any:
        if is_optional and not text:
            return None
        for converter in converters:
            try:
                return converter(text)  # type: ignore[misc]  # all() above, which mypy can't see
            except ValidationFailed:
                continue
        raise failure(message, "type")

    return read_first_that_fits


def _optional_reader(node: Node, reader: TextConverter) -> TextConverter:
    if isinstance(node, inspect.StrType | inspect.AnyType):
        return reader
    if isinstance(node, inspect.EnumType | inspect.LiteralType):
        try:
            reader("")
        except ValidationFailed:
            pass
        else:
            return reader

    def read_optional(text: str) -> Any:
        return reader(text) if text else None

    return read_optional


def _many_reader(node: inspect.CollectionType, item: TextConverter) -> ValuesConverter:
    make: Callable[[list[Any]], Any] = list
    if isinstance(node, inspect.SetType):
        make = set
    elif isinstance(node, inspect.FrozenSetType):
        make = frozenset
    elif isinstance(node, inspect.VarTupleType):
        make = tuple

    def read_many(values: list[str]) -> Any:
        try:
            result = make([item(value) for value in values])
        except ValidationFailed:
            # A second time, for the problems of all of them.
            convert_each(values, [item] * len(values))
            raise
        if broken := broken_limit(node, result):
            raise failure(*broken)
        return result

    return read_many


def _tuple_reader(converters: list[TextConverter]) -> ValuesConverter:
    def read_tuple(values: list[str]) -> Any:
        if len(values) != len(converters):
            raise failure(f"must be given {len(converters)} times", "length")
        return tuple(convert_each(values, converters))

    return read_tuple
