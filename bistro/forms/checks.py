"""Checks of a form's values beyond their types: of several fields together, or by asking a database.

How it works: `check` marks a method of the type. It runs once the fields that it looks at are right,
also where others are wrong, so that a visitor hears of everything at once: a check that asks for a
field that isn't there yet is left out. Forms and JSON bodies run the same checks.
"""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import fields, is_dataclass
from functools import lru_cache
from types import TracebackType
from typing import Any, Final, TypeVar  # Any: values are of the types of the fields

from msgspec import Struct
from msgspec.structs import replace

from bistro.ground.problems import Problem
from bistro.validation import UnsupportedType
from bistro.validation.paths import join_path
from bistro.validation.types import get_node, has_fields, walk

MARK: Final = "__form_check__"

F = TypeVar("F", bound=Callable[[Any], "str | Awaitable[str | None] | None"])


def check(path: str = "", *, code: str = "invalid") -> Callable[[F], F]:
    """Let the method say what is wrong, or None; `path` is the field, empty for the whole form.

        class SignUp(Struct):
            name: str

            @check("name", code="taken")
            async def name_is_free(self) -> str | None:
                return "is taken" if await is_taken(self.name) else None

    The method may be async. It is called only if the fields that it looks at are right.
    """

    def mark(function: F) -> F:
        setattr(function, MARK, Check(path, code))
        return function

    return mark


class Check(Struct, frozen=True):
    """What a check is about: a field, and the code of its problems."""

    path: str
    code: str


@lru_cache(maxsize=1024)
def find_checks(kind: type) -> tuple[tuple[Check, Callable[[Any], Any]], ...]:
    """The checks of a type, with the functions, in the order in which they are written."""
    found: dict[str, tuple[Check, Callable[[Any], Any]]] = {}
    for base in reversed(kind.__mro__):
        for name, function in vars(base).items():
            mark = getattr(function, MARK, None)
            if isinstance(mark, Check):
                found[name] = (mark, function)
            else:
                found.pop(name, None)  # overridden without the mark
    return tuple(found.values())


def has_waiting(kind: type) -> bool:
    """Whether some check has to be awaited."""
    return any(inspect.iscoroutinefunction(function) for _, function in find_checks(kind))


def run_checks(kind: type, value: Any) -> list[Problem]:
    """What checks that need no waiting find; `value` may be a `Partial`."""
    problems = []
    for mark, function in find_checks(kind):
        message = None
        with _Excuse(value):
            message = function(value)
        if message:
            problems.append(_problem(mark, message))
    return problems


async def run_waiting_checks(kind: type, value: Any) -> list[Problem]:
    """What all checks find, one after the other: they may share the connection of a transaction."""
    problems = []
    for mark, function in find_checks(kind):
        message = None
        with _Excuse(value):
            answer = function(value)
            message = await answer if inspect.isawaitable(answer) else answer
        if message:
            problems.append(_problem(mark, message))
    return problems


class _Excuse:
    """Lets a check say nothing where a field that it looks at is not right."""

    def __init__(self, value: Any) -> None:
        self._value = value

    def __enter__(self) -> None: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool:
        # What it does with a whole value, it may not be able to do with a part.
        is_part = isinstance(self._value, Partial) and isinstance(error, Exception)
        return is_part or isinstance(error, NotRight)


def find_checked(kind: Any) -> bool:
    """Whether a type, or one inside it, has checks."""
    return any(find_checks(each) for each in _classes_in(kind))


def must_wait_for(kind: Any) -> bool:
    """Whether some check of a type, or of one inside it, has to be awaited."""
    return any(has_waiting(each) for each in _classes_in(kind))


async def check_value(value: Any) -> list[Problem]:
    """What the checks of a whole value, and of those inside it, find; as for a JSON body."""
    found: list[Problem] = []
    for path, each in _values_in(value, ""):
        inner = await run_waiting_checks(type(each), each)
        found += [replace(problem, path=join_path(path, problem.path)) for problem in inner]
    return found


def check_value_now(value: Any) -> list[Problem]:
    """The same where no check has to be awaited."""
    return [
        replace(problem, path=join_path(path, problem.path))
        for path, each in _values_in(value, "")
        for problem in run_checks(type(each), each)
    ]


def _classes_in(kind: Any) -> list[type]:
    try:
        nodes = list(walk(get_node(kind)))
    except UnsupportedType:
        return []
    return [node.cls for node in nodes if has_fields(node)]


def _values_in(value: Any, path: str) -> Iterator[tuple[str, Any]]:
    if isinstance(value, list | tuple):
        for index, each in enumerate(value):
            yield from _values_in(each, f"{path}[{index}]")
    elif isinstance(value, Struct):
        yield path, value
        for name, sent_as in zip(value.__struct_fields__, value.__struct_encode_fields__, strict=True):
            yield from _values_in(getattr(value, name, None), join_path(path, sent_as))
    elif is_dataclass(value):
        yield path, value
        for each in fields(value):
            yield from _values_in(getattr(value, each.name, None), join_path(path, each.name))


def _problem(mark: Check, message: str) -> Problem:
    return Problem("", mark.path, message, mark.code)


class NotRight(Exception):
    """A check asked for a field whose value is wrong or missing."""


class Partial:
    """Stands in for a value of which only some fields are right."""

    def __init__(self, kind: type, values: Mapping[str, Any]) -> None:
        self._kind = kind
        self._values = values

    def __getattr__(self, name: str) -> Any:
        if name in self._values:
            return self._values[name]
        found = inspect.getattr_static(self._kind, name, None)
        if inspect.isfunction(found):
            return found.__get__(self)
        if isinstance(found, property) and found.fget is not None:
            return found.fget(self)
        if isinstance(found, staticmethod | classmethod):
            return getattr(self._kind, name)
        raise NotRight(name)
