"""The plugin: a small script among the static files, and the tag that brings it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Final

from bistro.app import Setup
from bistro.ground import Markup, escape
from bistro.plugins.static import Static, StaticUrls

FOLDER: Final = Path(__file__).with_name("static")
PREFIX: Final = "bistro"
SCRIPT: Final = "bistro/live-forms.js"


@dataclass(frozen=True)
class LiveForms:
    """Tell what is wrong with a field when it was filled in, by the same rules as when the form is sent.

    Put `{{ live_forms() }}` into the head of the page, and `data-live` at the form:
    `<form method="post" data-live>`. One request for each field that was changed asks the form's own
    route, behind all its hooks; its handler is not called. Choices that are too many to show are
    looked for while somebody types. Without JavaScript everything works as before.

    The script also keeps the browser's time zone in the cookie `timezone`, for `TimeZone`.
    """

    requires: ClassVar[tuple[type, ...]] = (Static,)

    def install(self, setup: Setup) -> None:
        """Add the script and the template's function."""
        setup.static(FOLDER, PREFIX)
        setup.template_global("live_forms", make_tag)


def make_tag(static: StaticUrls) -> Callable[[], Markup]:
    """`live_forms()`: the tag of the script."""
    return lambda: Markup(f'<script src="{escape(static(SCRIPT))}" defer></script>')
