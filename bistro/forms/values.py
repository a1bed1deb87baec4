"""From the texts of one input to a value, as HTML means them.

A checkbox that is not ticked is not sent; an input that was left empty is sent as an empty text; line
breaks come as CR LF (HTML, "constructing the entry list"), and count as one character for `maxlength`.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any, Final, TypeAlias  # Any: values are of the types of the fields

from msgspec import inspect

from bistro.forms.fields import FormField
from bistro.http import Upload
from bistro.validation import UnsupportedType
from bistro.validation.convert import find_converter, find_values_converter
from bistro.validation.describe import broken_limit
from bistro.validation.errors import failure
from bistro.validation.text import read_bool, read_datetime

Reader: TypeAlias = Callable[[list[str]], Any]
MISSING: Final = object()
"""The field keeps its default, or stays unset."""


def make_reader(field: FormField) -> Reader:
    """What reads the texts of `field`: gives a value or `MISSING`, or raises `ValidationFailed`."""
    if isinstance(field.node, inspect.BoolType) and not field.is_optional:
        return _read_partial_box if field.is_partial else _read_box
    if field.is_many:
        return _many_reader(field)
    return _one_reader(field)


def _read_box(texts: list[str]) -> Any:
    return read_bool(texts[-1]) if texts and texts[-1] else False


def _read_partial_box(texts: list[str]) -> Any:
    # A hidden input in front of the box says that it was shown, so the last one counts.
    return _read_box(texts) if texts else MISSING


def _many_reader(field: FormField) -> Reader:
    convert = find_values_converter(field.node)
    if convert is None:
        raise UnsupportedType(f"the field {field.name!r} can't be read from repeated texts")
    is_partial = field.is_partial

    def read_many(texts: list[str]) -> Any:
        if is_partial and not texts:
            return MISSING
        return convert([text for text in texts if text])

    return read_many


def _one_reader(field: FormField) -> Reader:
    convert: Callable[[str], Any] | None
    if isinstance(field.node, inspect.DateTimeType) and field.takes_zone:
        convert = read_datetime  # people write no offset; the zone comes in later
    else:
        convert = find_converter(field.node)
    if convert is None:
        raise UnsupportedType(f"the field {field.name!r} can't be read from a text")
    chosen: Callable[[str], Any] = convert
    is_text = isinstance(field.node, inspect.StrType)
    takes_empty = is_text and not field.is_optional and not field.node.min_length  # type: ignore[attr-defined]  # of a StrType
    must_be_there = field.is_required_by_type and not field.is_optional
    refuses_empty = must_be_there or (field.is_partial and not field.is_optional)
    absent = None if field.is_required_by_type and field.is_optional else MISSING
    empty = None if field.is_optional else MISSING

    def read_one(texts: list[str]) -> Any:
        if texts:
            text = texts[0]
            if is_text and "\r" in text:
                text = text.replace("\r\n", "\n").replace("\r", "\n")
            if text or takes_empty:
                return chosen(text)
            if refuses_empty:
                raise failure("is required", "missing")
            return empty
        if must_be_there:
            raise failure("is required", "missing")
        return absent

    return read_one


def read_files(field: FormField, files: list[Upload]) -> Any:
    """The uploads of a field, or `MISSING`; raises `ValidationFailed` where there must be one."""
    if field.is_many:
        if not files and field.is_partial:
            return MISSING
        if broken := broken_limit(field.node, files):
            raise failure(*broken)
        return files
    if files:
        return files[0]
    if field.is_required_by_type and not field.is_optional:
        raise failure("is required", "missing")
    return None if field.is_required_by_type else MISSING


def in_zone(moment: dt.datetime, zone: dt.tzinfo) -> dt.datetime:
    """A date and time as somebody in `zone` means it; of an hour that comes twice, the first.

    Raises `ValidationFailed` for one that the clocks jump over.
    """
    if moment.tzinfo is not None:
        return moment
    meant = moment.replace(tzinfo=zone)
    if meant.astimezone(dt.UTC).astimezone(zone).replace(tzinfo=None) != moment:
        raise failure(f"is no time in {zone}: the clocks are put forward there", "format")
    return meant
