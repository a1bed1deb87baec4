"""What the annotation of a command's parameter asks of the command line."""

from __future__ import annotations

import types
from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import Enum
from pathlib import Path
from typing import (
    Annotated,
    Any,  # Any: types and values of the site
    Literal,
    TypeAlias,
    Union,
    get_args,
    get_origin,
)

import click

# Any: a generic class since click 8.2, and a plain one before.
ParameterType: TypeAlias = Any

KNOWN = "str, int, float, bool, pathlib.Path, an Enum, a Literal, a list of one of these, or `… | None`"

_PLAIN: Mapping[object, ParameterType] = {
    str: click.STRING,
    int: click.INT,
    float: click.FLOAT,
    Path: click.Path(path_type=Path),
}


@dataclass(frozen=True, slots=True)
class Wanted:
    """A type of the command line, and how the parameter uses it."""

    type: ParameterType
    choices: Mapping[str, object] | None = None
    """The words that may be written, and the value that each stands for."""
    is_flag: bool = False
    is_list: bool = False
    is_optional: bool = False
    help: str = ""

    def word_for(self, value: object) -> object:
        """What one would write for `value`: the word of a choice, else the value itself."""
        if isinstance(value, list | tuple):
            return [self.word_for(each) for each in value]
        words = [word for word, each in (self.choices or {}).items() if each == value]
        return words[0] if words else value

    def value_of(self, given: object) -> object:
        """The value for what was written, after click has converted it."""
        if isinstance(given, list | tuple):
            return [self.value_of(each) for each in given]
        if self.choices is None or not isinstance(given, str):
            return given
        return self.choices[given]


# Any, here and below: annotations are objects of many kinds.
def find_wanted(hint: Any) -> Wanted | None:
    """What `hint` asks for; None where it can't come from a command line."""
    origin, arguments = get_origin(hint), get_args(hint)
    if origin is Annotated:
        inner = find_wanted(arguments[0])
        text = next((each for each in arguments[1:] if isinstance(each, str)), "")
        return inner and replace(inner, help=text)
    if origin in (Union, types.UnionType):
        others = [each for each in arguments if each is not types.NoneType]
        inner = find_wanted(others[0]) if len(others) == 1 else None
        return inner and replace(inner, is_optional=True)
    if origin is list:
        inner = find_wanted(arguments[0])
        if inner is None or inner.is_list or inner.is_flag or inner.is_optional:
            return None
        return replace(inner, is_list=True)
    return _find_single(hint)


def _find_single(hint: Any) -> Wanted | None:
    if hint is bool:
        return Wanted(click.BOOL, is_flag=True)
    if get_origin(hint) is Literal:
        return _one_of({str(value): value for value in get_args(hint)})
    if isinstance(hint, type) and issubclass(hint, Enum):
        return _one_of({str(member.value): member for member in hint})
    plain = _PLAIN.get(hint) if isinstance(hint, type) else None
    return None if plain is None else Wanted(plain)


def _one_of(choices: Mapping[str, object]) -> Wanted:
    return Wanted(click.Choice(list(choices)), choices)
