"""Texts of the environment, and values of TOML, as values of a setting's type."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable, Mapping
from datetime import timedelta
from enum import Enum
from pathlib import PurePath
from types import NoneType, UnionType

# Any: a setting may have any type that msgspec, a dataclass or a Struct can describe.
from typing import Annotated, Any, Literal, Union, get_args, get_origin

import msgspec

from bistro.ground.secret import Secret

SettingType = Any


class WrongValue(Exception):
    """A value does not fit the type; the text says why in a few words."""


def convert_setting(value: object, wanted: SettingType) -> Any:
    """`value` (text, or what TOML holds) as `wanted`; raises WrongValue.

    Text is read generously: 1/true/yes/on and their opposites, `30s`, `5m`, `2h`, `1d`, lists with
    commas, JSON for mappings, names of enums' values; numbers and dates as msgspec reads them.
    """
    try:
        return msgspec.convert(
            _prepare(value, plain_type(wanted)), wanted, strict=False, dec_hook=_make_own_type
        )
    except (msgspec.ValidationError, msgspec.DecodeError) as error:
        raise WrongValue(_shorten(str(error))) from None
    except (ValueError, TypeError, OverflowError, RecursionError) as error:
        raise WrongValue(_shorten(str(error))) from None


def describe_type(wanted: SettingType) -> str:
    """What to write for `wanted`, in words: `a whole number`, `one of 'a', 'b'`, `a duration like 30s`."""
    kind = plain_type(wanted)
    origin, arguments = _origin_of(kind), get_args(kind)
    if kind in _DESCRIPTIONS:
        return _DESCRIPTIONS[kind]
    if origin is Literal:
        return "one of " + ", ".join(repr(value) for value in arguments)
    if isinstance(kind, type) and issubclass(kind, Enum):
        return "one of " + ", ".join(repr(member.value) for member in kind)
    if _is_list(kind):
        items = [argument for argument in arguments if argument is not Ellipsis]
        return "a list with commas" + (f", each {describe_type(items[0])}" if items else "")
    if origin in (Union, UnionType):
        return " or ".join(describe_type(argument) for argument in arguments if argument is not NoneType)
    if _is_mapping(kind):
        return "a JSON object"
    if isinstance(kind, type) and issubclass(kind, PurePath):
        return "a path"
    return str(getattr(kind, "__name__", kind))


def plain_type(wanted: SettingType) -> SettingType:
    """The type below `Annotated`, `NewType` and `| None`."""
    while True:
        inner = _find_inner_type(wanted)
        if inner is None:
            return wanted
        wanted = inner


def is_config_type(kind: SettingType) -> bool:
    """Whether `kind` is a class of settings: a msgspec Struct or a dataclass."""
    return isinstance(kind, type) and (issubclass(kind, msgspec.Struct) or dataclasses.is_dataclass(kind))


def holds_text(wanted: SettingType) -> bool:
    """Whether an empty text is a value of `wanted`, and not the lack of one."""
    return plain_type(wanted) in (str, Secret, bytes, Any) or _is_list(plain_type(wanted))


def write_setting(value: object) -> str:
    """`value` as one would write it in the environment, for people to read."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, timedelta):
        return _write_duration(value)
    if isinstance(value, Enum):
        return str(value.value)
    if isinstance(value, list | tuple | set | frozenset):
        return ",".join(write_setting(item) for item in value)
    return str(value)


_DESCRIPTIONS: Mapping[Any, str] = {
    str: "a text",
    int: "a whole number",
    float: "a number",
    bool: "true or false",
    Secret: "a secret text",
    timedelta: "a duration like 30s, 5m, 2h or 1d",
    Any: "a value",
}

_TRUE = frozenset(["1", "true", "yes", "on"])
_FALSE = frozenset(["0", "false", "no", "off"])

_DURATION = re.compile(r"(\d{1,9}(?:\.\d{1,6})?)(ms|s|m|h|d|w)", re.ASCII | re.IGNORECASE)
_DURATION_LENGTH_MAX = 64
_UNITS = {
    "ms": timedelta(milliseconds=1),
    "s": timedelta(seconds=1),
    "m": timedelta(minutes=1),
    "h": timedelta(hours=1),
    "d": timedelta(days=1),
    "w": timedelta(weeks=1),
}


def read_bool(text: str) -> bool:
    """1, true, yes, on; 0, false, no, off; in any case. Raises WrongValue for another word."""
    word = text.strip().lower()
    if word not in _TRUE and word not in _FALSE:
        raise WrongValue("write true or false")
    return word in _TRUE


def _read_duration(text: str) -> timedelta | str:
    # `1h30m` is one hour and a half. Other texts are left to msgspec, which reads ISO 8601.
    compact = text.strip()
    if not 0 < len(compact) <= _DURATION_LENGTH_MAX or _DURATION.sub("", compact):
        return text
    return sum((float(n) * _UNITS[unit.lower()] for n, unit in _DURATION.findall(compact)), timedelta())


def _write_duration(value: timedelta) -> str:
    for unit in ("d", "h", "m", "s", "ms"):
        if value and value % _UNITS[unit] == timedelta():
            return f"{value // _UNITS[unit]}{unit}"
    return f"{value.total_seconds():g}s"


def _prepare(value: object, kind: SettingType) -> object:
    """`value` in a form that msgspec reads as `kind`, a type without wrapping."""
    if isinstance(value, list):
        item = _item_type(kind)
        return value if item in _KEPT else [_prepare(element, item) for element in value]
    if not isinstance(value, str) or kind in _KEPT:
        return value
    for fits, read in _READERS:
        if fits(kind):
            return read(value, kind)
    # White space around a number or a word is an accident.
    return value.strip()


# In a text, white space may be meant.
_KEPT = (str, Secret, bytes)


def _item_type(kind: SettingType) -> SettingType:
    arguments = get_args(kind) if _is_list(kind) else ()
    return plain_type(arguments[0]) if arguments else Any


def _read_list(text: str, kind: SettingType) -> object:
    if text.lstrip().startswith("["):
        return _prepare(msgspec.json.decode(text), kind)
    return _prepare([part.strip() for part in text.split(",") if part.strip()], kind)


def _find_inner_type(wanted: SettingType) -> SettingType:
    origin = _origin_of(wanted)
    if origin is Annotated:
        return get_args(wanted)[0]
    if origin in (Union, UnionType):
        others = [argument for argument in get_args(wanted) if argument is not NoneType]
        return others[0] if len(others) == 1 else None
    return getattr(wanted, "__supertype__", None)


def _origin_of(kind: SettingType) -> Any:
    return get_origin(kind)


def _is_list(kind: SettingType) -> bool:
    return (_origin_of(kind) or kind) in (list, tuple, set, frozenset)


def _is_mapping(kind: SettingType) -> bool:
    origin = _origin_of(kind) or kind
    return isinstance(origin, type) and issubclass(origin, Mapping)


_READERS: tuple[tuple[Callable[[Any], bool], Callable[[str, Any], object]], ...] = (
    (lambda kind: kind is bool, lambda text, _: read_bool(text)),
    (lambda kind: kind is timedelta, lambda text, _: _read_duration(text)),
    (_is_list, _read_list),
    (_is_mapping, lambda text, _: msgspec.json.decode(text)),
)


def _make_own_type(kind: type, value: object) -> object:
    """What msgspec does not know: Secret, Path, and any class that is made from one text."""
    if isinstance(value, kind):
        return value
    if not isinstance(value, str):
        raise WrongValue("write it as a text")
    return kind(value)


def _shorten(message: str) -> str:
    return message[:200]
