"""JSON bodies: bytes to a validated value, or every problem at once.

How it works: one prepared msgspec decoder does the work in C. Around it stands one written function
that adds what msgspec has no setting for, and only as much of it as the type needs:

    decode(data)                         the value, or
      refuse_crowd(data)                   where the body is so large that making it would take long
      decode_body(data)                    refused: explain(data, error) says why, field by field
      a test of each integer's range       where the type's own fields hold its only numbers, or
      a search for long numbers            where they may stand anywhere, and
      check_limits(data, value)            where one of these, or the length of the body, asks for it
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import islice

# Any: an annotation is any object, and what comes out has whatever type it names.
from typing import Any, Final

import msgspec
from msgspec import inspect

from bistro.ground.codegen import check_identifier, compile_function
from bistro.ground.problems import Problem
from bistro.validation.build import OUT_OF_RANGE, build_custom, read_problems
from bistro.validation.collect import PROBLEMS_MAX, Collector
from bistro.validation.errors import ValidationFailed
from bistro.validation.limits import (
    DECIMAL_EXPONENT_MAX,
    DIGITS,
    INTEGER_MAX,
    INTEGER_MIN,
    SIZE_WITHOUT_CROWD,
    SIZE_WITHOUT_DEPTH,
    find_excess,
    is_crowded,
    is_too_deep,
    may_hold_long_number,
)
from bistro.validation.malformed import TOO_DEEP, TOO_MANY, explain_malformed
from bistro.validation.pydantic_models import PydanticType, is_pydantic, validate_json
from bistro.validation.types import Node, get_json_node, is_open_ended, plain, type_name, walk, without_none

JsonDecoder = Callable[[bytes], Any]

# All problems are collected from bodies up to this size; of larger ones only the first is told,
# because walking them in Python would hold up other requests.
COLLECT_SIZE_MAX: Final = 65_536
# TypeError: a list in a set. A TypeError in a site's own check arrives as a ValidationError.
_REFUSALS: Final = (msgspec.DecodeError, UnicodeDecodeError, RecursionError, TypeError)
_NO_LONG_NUMBER: Final = "(len(data) < 19 or b'000' not in data[::6].translate(DIGITS))"


def json_decoder(type_: Any) -> JsonDecoder:
    """A function that reads a JSON body as a `type_`, or raises ValidationFailed with every problem.

    The problems' place is "body". Raises UnsupportedType now if JSON can't hold a `type_`.
    """
    if is_pydantic(type_):
        return _pydantic_decoder(type_)
    return _write_decoder(type_, get_json_node(type_))


def _write_decoder(type_: Any, node: Node) -> JsonDecoder:
    # Written as text, because a loop over the tests would cost more than decoding does.
    source = f"""\
def decode(data):
    if len(data) > {SIZE_WITHOUT_CROWD}:
        refuse_crowd(data)
    try:
        value = decode_body(data)
    except REFUSALS as error:
        raise explain(data, error) from None
    if {" and ".join(_quick_tests(node)) or "True"}:
        return value
    check_limits(data, value)
    return value
"""
    namespace = {
        "decode_body": msgspec.json.Decoder(type_, dec_hook=build_custom).decode,
        "explain": lambda data, error: _explain(node, data, error),
        "refuse_crowd": _refuse_crowd,
        "check_limits": _limits_checker(node),
        "REFUSALS": _REFUSALS,
        "DIGITS": DIGITS,
    }
    decoder: JsonDecoder = compile_function(source, "decode", f"<JSON decoder {type_name(type_)}>", namespace)
    return decoder


def _quick_tests(node: Node) -> list[str]:
    """Conditions, cheap in the usual case, under which a decoded value needs no closer look."""
    # What a type doesn't know is skipped, however deep, so depth matters to open-ended types only.
    depth = [f"len(data) < {SIZE_WITHOUT_DEPTH}"] if is_open_ended(node) else []
    own = _tests_of_own_fields(node)
    if own is not None:
        return depth + own
    if _holds(node, inspect.DecimalType):
        return ["False"]
    return [*depth, _NO_LONG_NUMBER]


def _tests_of_own_fields(node: Node) -> list[str] | None:
    """One test for each number in the type's own fields; None where numbers may stand deeper."""
    if not _holds_numbers(node):
        return []
    if not isinstance(node, inspect.StructType | inspect.DataclassType) or _changes_itself(node.cls):
        return None
    tests = []
    for field in node.fields:
        inner, is_optional = without_none(plain(field.type))
        if not _holds_numbers(inner):
            continue
        # A default may be of any type (UNSET, for one), and a comparison with that would fail.
        if not field.required and not (is_optional and field.default is None):
            return None
        test = _test_of(inner, f"value.{check_identifier(field.name)}")
        if test is None:
            return None
        tests.append(f"(value.{field.name} is None or {test})" if is_optional else test)
    return tests


def _test_of(node: Node, name: str) -> str | None:
    if isinstance(node, inspect.IntType):
        return f"{INTEGER_MIN} <= {name} <= {INTEGER_MAX}"
    if isinstance(node, inspect.DecimalType):
        # In a short body its digits are few, so that its exponent is bounded by its first digit's place.
        bounded = f"-{DECIMAL_EXPONENT_MAX} <= {name}.adjusted() <= {DECIMAL_EXPONENT_MAX}"
        return f"len(data) < 256 and {name}.is_finite() and {bounded}"
    return None


def _changes_itself(cls: Any) -> bool:
    return any(hasattr(cls, name) for name in ("__post_init__", "__attrs_attrs__"))


def _holds_numbers(node: Node) -> bool:
    """Whether a value may hold a number that msgspec doesn't bound."""
    return _holds(node, inspect.IntType, inspect.DecimalType, inspect.AnyType, inspect.CustomType)


def _holds(node: Node, *kinds: type[Node]) -> bool:
    return any(isinstance(inner, kinds) for inner in walk(node))


def _limits_checker(node: Node) -> Callable[[bytes, Any], None]:
    open_ended = is_open_ended(node)
    holds_numbers = _holds_numbers(node)
    holds_decimals = _holds(node, inspect.DecimalType)

    def check_limits(data: bytes, value: Any) -> None:
        if open_ended and is_too_deep(data):
            raise _failed([TOO_DEEP])
        if holds_decimals or (holds_numbers and may_hold_long_number(data)):
            paths = islice(find_excess(value), PROBLEMS_MAX)
            problems = [Problem("", path, OUT_OF_RANGE, "out-of-range") for path in paths]
            if problems:
                raise _failed(problems)

    return check_limits


def _refuse_crowd(data: bytes) -> None:
    if is_crowded(data):
        raise _failed([TOO_MANY])


def _explain(node: Node, data: bytes, error: Exception) -> ValidationFailed:
    if isinstance(error, msgspec.ValidationError):
        return _failed(_find_problems(node, data, error))
    if isinstance(error, RecursionError) and not is_too_deep(data):
        raise error  # not the client's fault: a check of the site's own calls itself
    if isinstance(error, TypeError):
        return _failed([Problem("", "", "holds a list or an object where only single values fit", "type")])
    return _failed([explain_malformed(data, error)])


def _find_problems(node: Node, data: bytes, error: msgspec.ValidationError) -> list[Problem]:
    if len(data) > COLLECT_SIZE_MAX:
        return read_problems(error)
    if is_too_deep(data):
        return [TOO_DEEP]
    try:
        # float_hook: so that 1e400 arrives as infinity and is reported with its path.
        value = msgspec.json.Decoder(float_hook=float).decode(data)
        return Collector().collect(node, value) or read_problems(error)
    except msgspec.ValidationError as beyond_any_type:
        return read_problems(beyond_any_type)
    except _REFUSALS as refusal:
        return [explain_malformed(data, refusal)]


def _failed(problems: list[Problem]) -> ValidationFailed:
    return ValidationFailed(problems).with_place("body")


def _pydantic_decoder(type_: type[PydanticType]) -> JsonDecoder:
    # Read twice: pydantic's reader takes NaN, and integers of any length.
    check_json = json_decoder(Any)

    def decode(data: bytes) -> Any:
        check_json(data)
        try:
            return validate_json(type_, data)
        except ValidationFailed as error:
            raise error.with_place("body") from None

    return decode
