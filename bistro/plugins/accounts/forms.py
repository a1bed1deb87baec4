"""What the pages of accounts ask for."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, Final  # Any: a type that is made here has no name for checkers

import msgspec
from msgspec import Meta, Struct

from bistro.forms import Widget
from bistro.plugins.accounts.names import EMAIL_LENGTH_MAX, NAME_LENGTH_MAX
from bistro.plugins.accounts.passwords import LENGTH_MAX
from bistro.plugins.accounts.site import LogInWith

Password = Annotated[
    str,
    Meta(min_length=1, max_length=LENGTH_MAX),
    Widget(kind="password", autocomplete="current-password"),
]
NewPassword = Annotated[
    str,
    Meta(min_length=1, max_length=LENGTH_MAX),
    Widget(kind="password", autocomplete="new-password", label="New password"),
]
Email = Annotated[
    str,
    Meta(min_length=1, max_length=EMAIL_LENGTH_MAX),
    Widget(kind="email", autocomplete="email", label="E-mail address"),
]
Hidden = Annotated[str, Meta(max_length=2_000), Widget(kind="hidden")]
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


def log_in_form(way: LogInWith, autocomplete: str) -> Any:
    """`LogInForm` with the label of what users log in by, and what browsers may fill in there."""
    login = Annotated[
        str,
        Meta(min_length=1, max_length=EMAIL_LENGTH_MAX),
        Widget(
            label=LOGIN_LABELS[way], kind="email" if way == "email" else "text", autocomplete=autocomplete
        ),
    ]
    remember = Annotated[bool, Widget(label="Stay signed in on this device")]
    fields: list[Any] = [
        ("login", login), ("password", Password), ("remember", remember, False), ("next", Hidden, "")
    ]  # fmt: skip
    return msgspec.defstruct("LogInForm", fields, bases=(LogInForm,))


class SignUpForm(Struct):
    """The fields of the sign-up page."""

    email: str
    password: str
    name: str = ""


def sign_up_form(way: LogInWith, length_min: int, own: Sequence[tuple[Any, ...]] = ()) -> Any:
    """`SignUpForm`, with a name to log in by where the site has such, and fields of its `own`."""
    name = Annotated[
        str,
        Meta(min_length=0 if way == "email" else 1, max_length=NAME_LENGTH_MAX),
        Widget(label="Name", autocomplete="name" if way == "email" else "username"),
    ]
    password = Annotated[
        str,
        Meta(min_length=1, max_length=LENGTH_MAX),
        Widget(kind="password", autocomplete="new-password", help=f"At least {length_min} characters"),
    ]
    # The type of a form shows its fields in their order.
    fields: list[Any] = [("name", name, ""), ("email", Email), ("password", password)]
    if way != "email":
        fields[0] = ("name", name)
    fields += own
    return msgspec.defstruct("SignUpForm", fields, kw_only=True, namespace={"__doc__": SignUpForm.__doc__})


class EmailForm(Struct):
    """An address that a mail goes to."""

    email: Email


class ResetForm(Struct):
    """A new password, and the token of the link that lets one set it."""

    password: NewPassword
    token: Hidden = ""


class ResetWithTokensForm(ResetForm):
    """The same for who has tokens for programs, which end unless somebody says otherwise."""

    keep_tokens: Annotated[bool, Widget(label="Keep my tokens for programs")] = False


class ChangePasswordForm(Struct):
    """The old password and a new one (ASVS 5.0, 6.2.3)."""

    current: Annotated[
        str,
        Meta(min_length=1, max_length=LENGTH_MAX),
        Widget(kind="password", autocomplete="current-password", label="Current password"),
    ]
    password: NewPassword


class ChangeWithTokensForm(ChangePasswordForm):
    """The same for who has tokens for programs."""

    end_tokens: Annotated[bool, Widget(label="End my tokens for programs too")] = False


class ConfirmForm(Struct):
    """The password, once more."""

    password: Password
    next: Hidden = ""


class DeleteForm(Struct):
    """What makes sure that somebody means it."""

    sure: Annotated[bool, Widget(label="Delete my account and everything in it")] = False


class CodeForm(Struct):
    """A code out of a mail."""

    code: Annotated[
        str,
        Meta(min_length=1, max_length=20),
        Widget(label="Code", autocomplete="one-time-code", help="Six digits, from the mail"),
    ]
