"""From built-in values (dicts, lists, texts) to a type in one go, and msgspec's errors in our own words."""

from __future__ import annotations

import re

# Any: values and types of every kind go through this file.
from typing import Any, Final

import msgspec
from msgspec.structs import replace

from bistro.ground.problems import Problem
from bistro.ground.stored_files import IncomingFile, StoredFile
from bistro.validation.errors import ValidationFailed
from bistro.validation.paths import join_path, printable
from bistro.validation.pydantic_models import is_pydantic, validate_json

OUT_OF_RANGE: Final = "is out of range"

# Where msgspec says it: "… - at `$.items[0].price`", "… - at `key` in `$.prices`".
_PLACE: Final = re.compile(r" - at (?:`[^`]*` in )?`\$([^`]*)`\Z")


def build(value: Any, type_: Any, *, from_attributes: bool = False) -> Any:
    """A `type_` made from `value`; raises ValidationFailed with the first problem."""
    try:
        return msgspec.convert(value, type_, dec_hook=build_custom, from_attributes=from_attributes)
    except msgspec.ValidationError as error:
        raise ValidationFailed(read_problems(error)) from None


def build_custom(type_: Any, value: Any) -> Any:
    """msgspec's hook for types that it doesn't know: pydantic models are built from what JSON held."""
    if is_pydantic(type_) and not isinstance(value, type_):
        # By way of JSON, because a strict model takes a date's text only from there.
        try:
            return validate_json(type_, msgspec.json.encode(value))
        except ValidationFailed as error:
            raise _Nested(error.problems) from None
    if (
        isinstance(type_, type)
        and issubclass(type_, IncomingFile | StoredFile)
        and not isinstance(value, type_)
    ):
        raise _Nested([Problem("", "", "must be a file, which only a form can send", "type")])
    return value


def read_problems(error: msgspec.ValidationError) -> list[Problem]:
    """The problem that msgspec found, or all those that pydantic found in one model inside."""
    text = str(error)
    place = _PLACE.search(text)
    path = place.group(1).lstrip(".") if place else ""
    if isinstance(error.__cause__, _Nested):
        return [replace(inner, path=join_path(path, inner.path)) for inner in error.__cause__.problems]
    message = text[: place.start()] if place else text
    if message.startswith("Object missing required field"):
        return [Problem("", join_path(path, message.split("`")[1]), "is required", "missing")]
    if message.endswith("out of range"):
        return [Problem("", path, OUT_OF_RANGE, "out-of-range")]
    return [Problem("", path, printable(_lower_first(message.replace("`", ""))), "invalid")]


class _Nested(ValueError):
    """Carries problems through msgspec, which turns a ValueError into its own error with the path."""

    def __init__(self, problems: list[Problem]) -> None:
        super().__init__("doesn't fit its model")
        self.problems = problems


def _lower_first(message: str) -> str:
    # Messages go behind the field's name; those of a site's own checks keep their capital letter.
    head, _, _ = message.partition(" ")
    return (
        message[:1].lower() + message[1:]
        if head in {"Expected", "Invalid", "Object", "Duration"}
        else message
    )
