"""From a form as it was sent to a checked value, or to everything that is wrong with it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Sequence
from functools import lru_cache
from typing import Any, Final, TypeAlias  # Any: values are of the types of the fields

from msgspec import Struct, inspect
from msgspec.structs import replace

from bistro.forms.checks import (
    Partial,
    check_value,
    check_value_now,
    find_checks,
    has_waiting,
    run_checks,
    run_waiting_checks,
)
from bistro.forms.fields import FormField, FormTypeError, find_fields, walk
from bistro.forms.rows import drop_surplus
from bistro.forms.sent import FlatSent, Sent, SentTree
from bistro.forms.values import MISSING, Reader, in_zone, make_reader, read_files
from bistro.ground.problems import Problem
from bistro.http import FormData, Upload
from bistro.validation import UnsupportedType, ValidationFailed
from bistro.validation.build import build
from bistro.validation.convert import PROBLEMS_MAX
from bistro.validation.describe import broken_limit
from bistro.validation.paths import join_path

Values: TypeAlias = dict[str, Any]


class Reading(Struct):
    """What came of a form: a value, or problems."""

    value: Any = None
    problems: list[Problem] = []


class FormReader:
    """Reads forms of one type. Raises `FormTypeError` (B953) for what can't be shown as a form."""

    def __init__(self, kind: type) -> None:
        self.kind = kind
        self.fields = find_fields(kind)
        everything = walk(self.fields)
        self.is_nested = any(each.kind in ("group", "rows") for each in self.fields)
        self.takes_zone = any(each.takes_zone for each in everything)
        self.has_files = any(each.kind == "file" for each in everything)
        self.has_sources = any(each.source is not None for each in everything)
        self.in_steps: bool = getattr(kind, "__form_steps__", False)
        kinds = [kind, *(_class_of(each) for each in everything if each.fields)]
        self._has_checks = any(find_checks(each) for each in kinds)
        self.must_wait = (
            self.has_sources
            or any(has_waiting(each) for each in kinds)
            or any(each.file_checks for each in everything)
        )
        """Whether reading has to be awaited."""
        self._readers = _readers_of(self.kind, self.fields)

    def sent(self, data: FormData) -> Sent:
        """What was sent, by the names of the type's fields."""
        if not self.is_nested:
            return FlatSent(data)
        tree = SentTree.of(data)
        drop_surplus(self.fields, tree)
        return tree

    def read(self, sent: Sent, zone: dt.tzinfo, only: str = "") -> Reading:
        """The value, or the problems. `only` is the name of the one group to look at."""
        values, problems = self._read(sent, zone, only)
        if not problems and not only:
            reading = self._build(values)
            if self._has_checks and not reading.problems:
                reading.problems = check_value_now(reading.value)
            return self._sorted(reading)
        if self._has_checks:
            problems += _check_partly(self.kind, self.fields, values, "", only)
        return self._sorted(Reading(None, problems))

    async def read_waiting(self, sent: Sent, zone: dt.tzinfo, only: str = "") -> Reading:
        """The same with checks that have to be awaited."""
        values, problems = self._read(sent, zone, only)
        problems += await _look_up(self.fields, values, "")
        if not problems and not only:
            reading = self._build(values)
            if self._has_checks and not reading.problems:
                reading.problems = await check_value(reading.value)
            return self._sorted(reading)
        wrong = {each.path for each in problems}
        problems += await _check_partly_waiting(self.kind, self.fields, values, "", only, wrong)
        return self._sorted(Reading(None, problems))

    def _read(self, sent: Sent, zone: dt.tzinfo, only: str) -> tuple[Values, list[Problem]]:
        problems: list[Problem] = []
        readers = [each for each in self._readers if each[0].name == only] if only else self._readers
        values = _read_fields(readers, sent, zone, "", problems)
        return values, problems

    def _build(self, values: Values) -> Reading:
        try:
            return Reading(build(values, self.kind))
        except ValidationFailed as failed:
            return Reading(None, failed.problems)

    def _sorted(self, reading: Reading) -> Reading:
        """In the order in which the page shows the fields, whoever found the problems."""
        if reading.problems:
            reading.value = None
            order = {each.name: index for index, each in enumerate(self.fields)}
            reading.problems.sort(key=lambda each: order.get(first_step(each.path), -1))
            del reading.problems[PROBLEMS_MAX:]
        return reading


def first_step(path: str) -> str:
    return path.partition(".")[0].partition("[")[0]


FieldReaders: TypeAlias = "list[tuple[FormField, Reader | FieldReaders | None]]"


def _readers_of(kind: type, fields: Sequence[FormField]) -> Any:
    readers: list[tuple[FormField, Any]] = []
    for each in fields:
        try:
            if each.fields:
                readers.append((each, _readers_of(kind, each.fields)))
            else:
                readers.append((each, None if each.kind == "file" else make_reader(each)))
        except UnsupportedType as error:
            raise FormTypeError(f"{kind.__name__} can't be shown as a form: {error.what}") from None
    return readers


def _read_fields(readers: Any, sent: Sent, zone: dt.tzinfo, path: str, problems: list[Problem]) -> Values:
    values: Values = {}
    texts = sent.texts
    for field, reader in readers:
        name = field.name
        try:
            if callable(reader):
                value = reader(texts(name))
                if type(value) is dt.datetime and field.takes_zone:
                    value = in_zone(value, zone)
            elif reader is None:
                value = read_files(field, sent.files(name))
            else:
                value = _read_inner(field, reader, sent, zone, join_path(path, name), problems)
        except ValidationFailed as failed:
            at = join_path(path, name)
            problems += [replace(each, path=join_path(at, each.path)) for each in failed.problems]
            continue
        if value is not MISSING:
            values[name] = value
    return values


def _read_inner(
    field: FormField, readers: Any, sent: Sent, zone: dt.tzinfo, path: str, problems: list[Problem]
) -> Any:
    if field.kind == "group":
        inner = sent.group(field.name)
        if isinstance(inner, SentTree) and inner.is_blank and not field.is_required_by_type:
            return None if field.is_optional else MISSING
        return _read_fields(readers, inner, zone, path, problems)
    rows = [
        _read_fields(readers, row, zone, f"{path}[{index}]", problems)
        for index, row in enumerate(sent.rows(field.name))
    ]
    if broken := broken_limit(field.node, rows):
        problems.append(Problem("", path, *broken))
    return rows


async def _look_up(fields: Sequence[FormField], values: Values, path: str) -> list[Problem]:
    """What is wrong with files and with choices from elsewhere."""
    found: list[Problem] = []
    for field in fields:
        if field.name in values and (field.file_checks or field.source is not None):
            found += _at(join_path(path, field.name), await _check_value(field, values[field.name]))
    for _, inner_fields, inner, at in _inner(fields, values, path):
        found += await _look_up(inner_fields, inner, at)
    return found


def _check_partly(
    kind: type, fields: Sequence[FormField], values: Values, path: str, only: str = ""
) -> list[Problem]:
    """What the checks find that look at nothing but right values; for `only`, those inside of it."""
    found = [] if only else _at(path, run_checks(kind, _subject(kind, fields, values)))
    for inner_kind, inner_fields, inner, at in _inner(fields, values, path):
        found += _check_partly(inner_kind, inner_fields, inner, at)
    return found


async def _check_partly_waiting(
    kind: type, fields: Sequence[FormField], values: Values, path: str, only: str, wrong: Collection[str]
) -> list[Problem]:
    right = {name: value for name, value in values.items() if join_path(path, name) not in wrong}
    found: list[Problem] = []
    if not only:
        found = _at(path, await run_waiting_checks(kind, _subject(kind, fields, right)))
    for inner_kind, inner_fields, inner, at in _inner(fields, values, path):
        found += await _check_partly_waiting(inner_kind, inner_fields, inner, at, "", wrong)
    return found


async def _check_value(field: FormField, value: Any) -> list[Problem]:
    found: list[Problem] = []
    uploads = value if isinstance(value, list) else [value]
    for each in field.file_checks:
        # Every one of several files, not the last alone (CVE-2023-31047).
        for index, upload in enumerate(uploads):
            if isinstance(upload, Upload):
                try:
                    await each.check(upload)
                except ValidationFailed as failed:
                    found += _at(f"[{index}]" if field.is_many else "", failed.problems)
    if field.source is not None and value is not None:
        chosen = [str(each) for each in value] if field.is_many else [str(value)]
        known = {each for each, _ in await field.source.get_choices(chosen)}
        if not known.issuperset(chosen):
            found.append(Problem("", "", "is none of the choices", "choice"))
    return found


def _subject(kind: type, fields: Sequence[FormField], values: Values) -> Partial:
    """What checks look at: the values that are right, and the defaults of what was not sent."""
    right: Values = {}
    for each in fields:
        if each.name in values:
            right[each.attribute] = _inner_subject(each, values[each.name])
        elif not each.is_required_by_type and not each.is_partial:
            right[each.attribute] = each.make_default()
    return Partial(kind, right)


def _inner_subject(field: FormField, value: Any) -> Any:
    if field.fields and isinstance(value, dict):
        return _subject(_class_of(field), field.fields, value)
    if field.fields and isinstance(value, list):
        return [_subject(_class_of(field), field.fields, each) for each in value]
    return value


def _inner(
    fields: Sequence[FormField], values: Values, path: str
) -> list[tuple[type, Sequence[FormField], Values, str]]:
    """The groups and rows among the values: their type, fields, values and path."""
    found: list[tuple[type, Sequence[FormField], Values, str]] = []
    for each in fields:
        value = values.get(each.name) if each.fields else None
        at = join_path(path, each.name)
        if isinstance(value, dict):
            found.append((_class_of(each), each.fields, value, at))
        elif isinstance(value, list):
            found += [
                (_class_of(each), each.fields, row, f"{at}[{index}]") for index, row in enumerate(value)
            ]
    return found


def _class_of(field: FormField) -> type:
    node: Any = field.node.item_type if isinstance(field.node, inspect.CollectionType) else field.node
    while isinstance(node, inspect.Metadata):
        node = node.type
    found: type = node.cls
    return found


def _at(path: str, problems: Sequence[Problem]) -> list[Problem]:
    return [replace(each, path=join_path(path, each.path)) for each in problems]


form_reader: Final = lru_cache(maxsize=1024)(FormReader)
"""The reader of a type; making one takes as long as using it a few hundred times."""
