"""What the pages of accounts ask for."""

from __future__ import annotations

from typing import Annotated, Any, Final  # Any: a type that is made here has no name for checkers

import msgspec
from msgspec import Meta, Struct

from bistro.forms import Widget
from bistro.plugins.accounts.names import EMAIL_LENGTH_MAX
from bistro.plugins.accounts.passwords import LENGTH_MAX
from bistro.plugins.accounts.site import LogInWith

Password = Annotated[
    str,
    Meta(min_length=1, max_length=LENGTH_MAX),
    Widget(kind="password", autocomplete="current-password"),
]
LOGIN_LABELS: Final[dict[LogInWith, str]] = {
    "email": "E-mail address",
    "name": "Name",
    "either": "Name or e-mail address",
}


class LogInForm(Struct):
    """The fields of the log-in page."""

    login: str
    password: str
    remember: bool
    next: str


def log_in_form(way: LogInWith) -> Any:
    """`LogInForm` with the label of what users log in by."""
    login = Annotated[
        str,
        Meta(min_length=1, max_length=EMAIL_LENGTH_MAX),
        Widget(label=LOGIN_LABELS[way], kind="email" if way == "email" else "text", autocomplete="username"),
    ]
    remember = Annotated[bool, Widget(label="Stay signed in on this device")]
    hidden = Annotated[str, Meta(max_length=2_000), Widget(kind="hidden")]
    fields: list[Any] = [
        ("login", login), ("password", Password), ("remember", remember, False), ("next", hidden, "")
    ]  # fmt: skip
    return msgspec.defstruct("LogInForm", fields, bases=(LogInForm,))
