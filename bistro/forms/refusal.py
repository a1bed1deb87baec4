"""A form that does not go to its handler, because something is wrong or because it is not finished."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from typing import Any  # Any: the type of a form is a class, a TypedDict or a generic

from bistro.forms.sent import Sent
from bistro.ground.problems import Problem
from bistro.validation import ValidationFailed


class FormRefused(ValidationFailed):
    """What was sent, and what is wrong with it; the app shows the page of the same path again with both.

    Without problems somebody has asked for another row, or for the next step of a wizard.
    If you see this: it was raised where no handler takes a form, so that nothing shows it again.
    """

    code = "B956"

    def __init__(
        self,
        kind: Any,
        sent: Sent,
        problems: Iterable[Problem],
        zone: dt.tzinfo,
        *,
        step: str = "",
        focus: str = "",
        is_live: bool = False,
    ) -> None:
        super().__init__(problems)
        self.kind = kind
        self.sent = sent
        self.zone = zone
        self.step = step
        """The step of a wizard to show."""
        self.focus = focus
        """The path of the row to go on with."""
        self.is_live = is_live
        """Whether a script asks while somebody types, and wants to hear of problems alone."""
