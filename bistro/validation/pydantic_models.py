"""pydantic models and pydantic dataclasses, for sites that bring pydantic; it is never imported here.

What counts as one is told by its attributes. pydantic reads more than JSON's grammar allows (NaN, huge
integers), so bytes are read once strictly before pydantic sees them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

# Any: pydantic is not imported, so its models' values and schemas have no narrower type here.
from typing import Any, Final, Protocol, TypeGuard, runtime_checkable

import msgspec

from bistro.ground.problems import Problem
from bistro.validation.errors import ValidationFailed
from bistro.validation.paths import key_path, printable

PROBLEMS_MAX: Final = 100


class FieldInfo(Protocol):
    """The part of pydantic's FieldInfo that is used."""

    # Any: an annotation is any object; an alias may be a text or one of pydantic's alias classes.
    annotation: Any
    alias: Any
    validation_alias: Any

    def is_required(self) -> bool:
        """Whether the field has no default."""
        ...


class Validator(Protocol):
    """The part of pydantic-core's SchemaValidator that is used."""

    def validate_json(self, data: bytes, /) -> Any:
        """Read and validate JSON."""
        ...

    # Any: the result is an instance of the model; values are of any type.
    def validate_python(self, value: Any, /, *, from_attributes: bool | None = None) -> Any:
        """Validate a Python value."""
        ...


@runtime_checkable
class PydanticError(Protocol):
    """The part of pydantic-core's ValidationError, which is a ValueError, that is used."""

    def error_count(self) -> int:
        """How many faults there are."""
        ...

    def errors(
        self, *, include_url: bool, include_context: bool, include_input: bool
    ) -> list[dict[str, Any]]:
        """The faults."""
        ...


class PydanticType(Protocol):
    """What a pydantic model and a pydantic dataclass have in common."""

    __pydantic_validator__: Validator
    __pydantic_fields__: Mapping[str, FieldInfo]


def is_pydantic(type_: Any) -> TypeGuard[type[PydanticType]]:
    """Whether `type_` is a pydantic model or a pydantic dataclass."""
    return isinstance(type_, type) and "__pydantic_fields__" in vars(type_)


def is_pydantic_model(type_: Any) -> bool:
    """Whether `type_` is a model. (A pydantic dataclass is taken by msgspec for a plain one.)"""
    return is_pydantic(type_) and hasattr(type_, "model_validate_json")


def validate_json(type_: type[PydanticType], data: bytes) -> Any:
    """An instance of `type_` from JSON that has already been read strictly once."""
    try:
        return type_.__pydantic_validator__.validate_json(data)
    except ValueError as error:
        raise _failed(error) from None


def validate_value(type_: type[PydanticType], value: Any, *, from_attributes: bool = False) -> Any:
    """An instance of `type_` from a dict, or from any object's attributes."""
    try:
        return type_.__pydantic_validator__.validate_python(value, from_attributes=from_attributes)
    except ValueError as error:
        raise _failed(error) from None


def field_name(name: str, field: FieldInfo) -> str:
    """The name under which a client sends the field."""
    alias = field.validation_alias or field.alias or name
    choices = getattr(alias, "choices", None)
    if choices:
        alias = choices[0]
    return alias if isinstance(alias, str) else name


def config_of(type_: type[PydanticType]) -> Mapping[str, Any]:
    """The model's configuration."""
    config = getattr(type_, "model_config", None) or getattr(type_, "__pydantic_config__", None)
    return config or {}


def dump_json(model: Any) -> msgspec.Raw:
    """The model as JSON by its own serializer, with aliases, ready to stand inside other JSON."""
    return msgspec.Raw(type(model).__pydantic_serializer__.to_json(model, by_alias=True))


def model_schema(type_: type[PydanticType], ref_template: str, mode: str) -> dict[str, Any]:
    """The model's own JSON Schema; `ref_template` holds `{model}` for the name."""
    if is_pydantic_model(type_):
        schema: dict[str, Any] = type_.model_json_schema(by_alias=True, ref_template=ref_template, mode=mode)  # type: ignore[attr-defined]  # only models have it
        return schema
    # Late and only here: who has a pydantic dataclass has imported it already.
    from pydantic import TypeAdapter

    return TypeAdapter(type_).json_schema(by_alias=True, ref_template=ref_template, mode=mode)  # type: ignore[arg-type]  # checked by our caller


_CODES: Final[Mapping[str, str]] = {
    "missing": "missing",
    "extra_forbidden": "unknown-field",
    "greater_than": "too-small",
    "greater_than_equal": "too-small",
    "less_than": "too-large",
    "less_than_equal": "too-large",
    "multiple_of": "multiple-of",
    "too_short": "too-short",
    "too_long": "too-long",
    "string_too_short": "too-short",
    "string_too_long": "too-long",
    "bytes_too_short": "too-short",
    "bytes_too_long": "too-long",
    "string_pattern_mismatch": "pattern",
    "enum": "choice",
    "literal_error": "choice",
    "finite_number": "out-of-range",
    "uuid_parsing": "format",
}


def _failed(error: ValueError) -> Exception:
    if not isinstance(error, PydanticError):
        return error
    count = error.error_count()
    # Making the list costs microseconds for each of what may be hundreds of thousands.
    if count > 10 * PROBLEMS_MAX:
        return ValidationFailed([Problem("", "", f"has {count:,} problems", "invalid")])
    errors = error.errors(include_url=False, include_context=False, include_input=False)
    return ValidationFailed(_problems(errors))


def _problems(errors: list[dict[str, Any]]) -> Iterator[Problem]:
    for error in errors[:PROBLEMS_MAX]:
        path = ""
        for step in error["loc"]:
            path = f"{path}[{step}]" if isinstance(step, int) else key_path(path, step)
        kind: str = error["type"]
        if kind == "missing":
            yield Problem("", path, "is required", "missing")
        else:
            yield Problem("", path, printable(error["msg"]), _CODES.get(kind) or _family(kind))


def _family(kind: str) -> str:
    if kind.endswith("_type"):
        return "type"
    if kind.startswith(("date", "time", "url")):
        return "format"
    return "type" if kind.endswith("_parsing") else "invalid"
