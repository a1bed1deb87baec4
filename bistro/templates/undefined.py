"""What stands for a name without a value: an error when it is used, or a line in the log."""

from __future__ import annotations

import logging
import sys
from typing import Any, Literal  # Any: the object that lacks an attribute may be anything.

from jinja2 import StrictUndefined, make_logging_undefined
from jinja2 import Undefined as BlankUndefined
from jinja2.utils import missing

from bistro.ground.registry import Origin
from bistro.templates.errors import UndefinedName

UndefinedPolicy = Literal["error", "blank"]
"""`error`: using a name without a value fails. `blank`: it prints nothing, and is logged."""

FRAMES_MAX = 50


def _make_error(what: str | None = None) -> UndefinedName:
    fix = 'Give it a value, or say that it may be missing: name|default("").'
    return UndefinedName(what or "a name has no value", where=_find_place(), fix=fix)


class StrictName(StrictUndefined):
    """Raises `UndefinedName`, with the place in the template, wherever it is used."""

    __slots__ = ()

    # Any: what makes the error need not be a class, whatever Jinja2's own annotation says.
    def __init__(
        self,
        hint: str | None = None,
        obj: Any = missing,
        name: str | None = None,
        exc: Any = _make_error,
    ) -> None:
        super().__init__(hint, obj, name, exc)


def undefined_class(policy: UndefinedPolicy) -> type[BlankUndefined]:
    """The class whose objects stand for what has no value."""
    if policy == "error":
        return StrictName
    return make_logging_undefined(logging.getLogger("bistro.templates"), BlankUndefined)


def _find_place() -> tuple[Origin, ...]:
    """Where in a template the running code stands."""
    frame = sys._getframe(1)
    for _ in range(FRAMES_MAX):
        if "__bistro_template__" in frame.f_globals:
            return (Origin(frame.f_code.co_filename, frame.f_lineno),)
        if frame.f_back is None:
            break
        frame = frame.f_back
    return ()
