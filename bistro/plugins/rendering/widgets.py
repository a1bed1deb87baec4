"""Templates of a site's own for the fields of forms: `forms/text.html`, `forms/field.html`.

A template for a kind of input shows all fields of that kind, `forms/field.html` all that have no other.
It gets `field` (`bistro.forms.FieldView`) and what every template has.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any  # Any: a template prints whatever it is given

from bistro.forms import FieldView, FormField
from bistro.ground import Markup

FOLDER = "forms"
ANY = f"{FOLDER}/field.html"

Render = Callable[[str, Mapping[str, Any]], str]


class TemplateWidgets:
    """The widgets of one page: templates where the site has some, else the built-in ones."""

    def __init__(self, names: frozenset[str], render: Render) -> None:
        self._names = names
        self._render = render

    def find_widget(self, field: FormField) -> Callable[[FieldView], str] | None:
        """What shows this field; None for the built-in widget."""
        template = field.template or self._find_template(field)
        if not template:
            return None
        return lambda view: Markup(self._render(template, {"field": view}))

    def _find_template(self, field: FormField) -> str:
        if not self._names or field.kind == "hidden":
            return ""
        own = f"{FOLDER}/{field.kind}.html"
        if own in self._names:
            return own
        return ANY if ANY in self._names else ""
