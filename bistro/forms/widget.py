"""How a field is shown: the kinds of inputs, and what a site may say of one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal, Protocol, TypeAlias, TypeVar, runtime_checkable

from msgspec import Struct, field

WidgetKind: TypeAlias = Literal[
    "text", "textarea", "email", "url", "tel", "search", "password", "color", "number", "range", "date",
    "datetime-local", "time", "month", "week", "checkbox", "select", "radio", "checkboxes", "hidden", "file",
    "group", "rows",
]  # fmt: skip

T = TypeVar("T")


# By identity, since unions of types hash what their members are annotated with.
class Widget(Struct, frozen=True, kw_only=True, eq=False):
    """How a field is shown: `title: Annotated[str, Widget(kind="textarea", help="Markdown")]`.

    What is left out is read from the type: `label` from the name, `kind` from the kind of value.
    """

    kind: WidgetKind | None = None
    label: str = ""
    help: str = ""
    autocomplete: str = ""
    """What browsers may fill in, such as "email" or "new-password" (WCAG 1.3.5)."""
    placeholder: str = ""
    labels: Mapping[str, str] = field(default_factory=dict)
    """Texts of the choices, by their value."""
    template: str = ""
    """A template that shows this field, instead of those for its kind."""


@runtime_checkable
class ChoiceSource(Protocol):
    """Where the choices of a field come from that are not written in its type, such as rows of a table.

    `author: Annotated[int, ModelChoices(Author.objects)]`. Each choice is a value, as the form sends
    it, and the text that people see.
    """

    async def find_choices(self, text: str, limit: int) -> Sequence[tuple[str, str]]:
        """At most `limit` choices, those with `text` in what people see; all where it is empty."""
        ...

    async def get_choices(self, values: Sequence[str]) -> Sequence[tuple[str, str]]:
        """Those of `values` that are choices; others are left out, whatever they look like."""
        ...


@runtime_checkable
class FieldHints(Protocol):
    """What a field of a model says of its place in forms; a `Widget` beside it has the last word."""

    @property
    def label(self) -> str: ...
    @property
    def help(self) -> str: ...
    @property
    def multiline(self) -> bool: ...


def in_steps(kind: type[T]) -> type[T]:
    """Let the form of this type be filled in one field after the other, each a Struct: a wizard.

    What was filled in goes along in the page, and all of it is checked again at the last step, so
    nothing of it need be kept on the server.
    """
    kind.__form_steps__ = True  # type: ignore[attr-defined]  # read by find_fields
    return kind
