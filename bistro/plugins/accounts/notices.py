"""Pages that many of the others need: one that says something, one with a form, one of a link in a mail."""

from __future__ import annotations

from typing import Any, Final  # Any: forms of every type

from bistro.forms import FormView
from bistro.http import Response
from bistro.plugins.rendering import render
from bistro.templates import Page

# The address of the page holds a token, which must not be told to the next site.
OF_TOKENS: Final = {"referrer-policy": "no-referrer", "cache-control": "no-store"}


class Notice(Page, template="accounts/notice.html"):
    """What accounts/notice.html may use."""

    title: str
    text: str


class FormPage(Page):
    """A page with one form."""

    form: FormView[Any]


class TokenPage(Page, kw_only=True):
    """A page that a link in a mail leads to."""

    token: str
    name: str = ""


def notice(title: str, text: str, status: int = 200) -> Response:
    """A page that only says something."""
    return render(Notice(title, text), status=status)


def refused() -> Response:
    """What a link leads to that is forged, old, or was used already: nobody learns which."""
    return render(
        Notice("This link does not work", "It may be too old, or was used already. Ask for a new one."),
        status=400,
        headers=OF_TOKENS,
    )
