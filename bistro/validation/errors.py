"""The errors of this room.

BistroError
├── ValidationFailed   B601   input doesn't fit its type; the app answers it with 400, 404 or 422
├── EncodingError      B602   a value has no JSON form: a mistake in the site, answered with 500
├── OutputMismatch     B604   a handler returned what its declared type can't hold: the same
└── SetupError
    ├── UnsupportedType  B603   an annotation that nothing can be converted to, found at freeze
    └── SchemaConflict   B605   two models want one name in the schema, found at freeze
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from msgspec.structs import replace

from bistro.ground.errors import BistroError, SetupError
from bistro.ground.problems import Problem
from bistro.validation.paths import join_path

UNREADABLE_CODES: Final = frozenset({"malformed", "encoding", "too-deep", "too-many"})


class ValidationFailed(BistroError):
    """Input that doesn't fit its type: every fault that was found, each with its place."""

    code = "B601"

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = list(problems)
        super().__init__(_summary(self.problems))

    @property
    def is_unreadable(self) -> bool:
        """Whether the input could not be read at all (400) rather than held wrong values (422)."""
        return any(
            problem.code in UNREADABLE_CODES
            or (problem.place == "body" and not problem.path and problem.code == "missing")
            for problem in self.problems
        )

    def with_place(self, place: str, prefix: str = "") -> ValidationFailed:
        """The same problems at `place`, their paths below `prefix`."""
        return ValidationFailed(
            replace(problem, place=place, path=join_path(prefix, problem.path)) for problem in self.problems
        )


class EncodingError(BistroError):
    """A value that has no JSON form. `value` is the culprit, `path` leads to it where it is known."""

    code = "B602"

    # Any: it is about values of whatever type the site tried to send.
    def __init__(self, what: str, *, value: Any, path: str = "", fix: str = "") -> None:
        super().__init__(f"{path}: {what}" if path else what, fix=fix)
        self.value = value
        self.path = path


class UnsupportedType(SetupError):
    """A type that values of this kind can't be converted to."""

    code = "B603"


class OutputMismatch(BistroError):
    """A handler returned something that its declared return type can't hold."""

    code = "B604"


class SchemaConflict(SetupError):
    """Two models would share one name in the JSON Schema."""

    code = "B605"


def failure(message: str, code: str, path: str = "", place: str = "") -> ValidationFailed:
    """A ValidationFailed with one problem."""
    return ValidationFailed([Problem(place, path, message, code)])


def _summary(problems: list[Problem]) -> str:
    shown = "; ".join(f"{problem.path} {problem.message}".strip() for problem in problems[:3])
    return f"{shown}; and {len(problems) - 3} more" if len(problems) > 3 else shown
