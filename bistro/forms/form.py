"""A submitted form as a handler receives it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any, Generic, NoReturn, TypeVar  # Any: the type may be a TypedDict, and values are of any

from msgspec import UNSET, Struct, structs

from bistro.forms.fields import last_step_of
from bistro.forms.refusal import FormRefused
from bistro.forms.sent import FlatSent, Sent
from bistro.ground.multidict import MultiDict
from bistro.ground.problems import Problem
from bistro.http import FormData, Upload

T = TypeVar("T")


class Form(Struct, Generic[T], frozen=True):
    """`form: Form[T]` gives a handler the fields of a form as a checked `T`, in `form.value`.

    `T` is a Struct, dataclass or TypedDict. Where something is wrong the handler is not called: a
    browser is shown the page of the same path again, with what was filled in and a message at each
    wrong field (422), if its GET handler takes a `FormView[T]`. Everybody else gets 422 and one
    problem for each. `data` holds the fields and files as they were sent.
    """

    value: T
    data: FormData
    kind: Any = None
    zone: dt.tzinfo = dt.UTC
    """In which dates and times without an offset were meant."""
    sent: Sent | None = None

    @property
    def fields(self) -> MultiDict[str]:
        """The fields as text."""
        return self.data.fields

    @property
    def files(self) -> MultiDict[Upload]:
        """The uploaded files by field name."""
        return self.data.files

    @property
    def changes(self) -> dict[str, Any]:
        """The fields that were sent, by name: of a `Note.Update`, those that are to be changed."""
        value: Any = self.value
        named = value if isinstance(value, dict) else structs.asdict(value)
        return {name: each for name, each in named.items() if each is not UNSET}

    def refuse(self, name: str, message: str, code: str = "invalid") -> NoReturn:
        """Show the form again with `message` at the field `name`, or at the top where that is empty.

        For what only shows while the handler works, such as a payment that fails; what can be known
        before belongs into a `check` of the type. Raises `FormRefused` (B956).
        """
        raise self.refused([Problem("form", name, message, code)])

    def refused(self, problems: Sequence[Problem]) -> FormRefused:
        """The error that shows the form again with these problems."""
        sent = self.sent or FlatSent(self.data)
        at_form = [structs.replace(each, place="form") for each in problems]
        return FormRefused(self.kind, sent, at_form, self.zone, step=last_step_of(self.kind))
