"""What a form asks for, read from its type: a field for each of the type's, with widget and limits."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any, get_type_hints  # Any: a hint is any object, and a default of any type

from msgspec import NODEFAULT, UNSET, Struct, field, inspect

from bistro.forms.files import FileCheck
from bistro.forms.hints import (
    NESTED,
    choices_of,
    default_of,
    kind_of,
    limits_of,
    must_be_filled,
    no_default,
    notes_of,
    plain,
    widget_of,
    without_none,
)
from bistro.forms.widget import ChoiceSource, WidgetKind
from bistro.ground.errors import SetupError


class FormTypeError(SetupError):
    """A type can't be shown as a form."""

    code = "B953"


class FormField(Struct, frozen=True, kw_only=True, eq=False):
    """One field of a form."""

    name: str
    """As the form sends it."""
    attribute: str
    """As the type calls it."""
    label: str
    kind: WidgetKind
    help: str = ""
    is_required: bool = False
    is_optional: bool = False
    """Whether None is a value of it; an empty input stands for that."""
    is_partial: bool = False
    """Whether it stays unset where the form doesn't send it, as in `Note.Update`."""
    choices: tuple[tuple[str, str], ...] = ()
    """Value and text of each."""
    source: ChoiceSource | None = None
    """Where the choices are looked up for each page, if they are not in the type."""
    attributes: Mapping[str, str] = field(default_factory=dict)
    """More attributes of the input, such as `maxlength`."""
    make_default: Callable[[], Any] = no_default  # Any: whatever the type of the field has
    """Called for each page: the default of a date may be today's."""
    fields: tuple[FormField, ...] = ()
    """Those of a group, or of each row."""
    rows_min: int = 0
    rows_max: int | None = None
    is_many: bool = False
    """Whether it takes several values or files."""
    is_required_by_type: bool = False
    """Whether the type has no default for it."""
    file_checks: tuple[FileCheck, ...] = ()
    template: str = ""
    node: inspect.Type
    """What values it has, without None."""

    @property
    def takes_zone(self) -> bool:
        """Whether its values are moments, which people write in their own time zone."""
        return isinstance(self.node, inspect.DateTimeType) and self.node.tz is not False


@lru_cache(maxsize=1024)
def find_fields(kind: type) -> tuple[FormField, ...]:
    """The fields of a Struct, dataclass or TypedDict. Raises `FormTypeError` (B953) for what is none."""
    return _fields_of(kind, ())


def _fields_of(kind: type, above: tuple[type, ...]) -> tuple[FormField, ...]:
    if kind in above:
        raise _no_form(kind, "it holds itself")
    try:
        node = inspect.type_info(kind)
        hints = get_type_hints(kind, include_extras=True)
    except (TypeError, NameError) as error:
        raise _no_form(kind, str(error)) from None
    if not isinstance(node, inspect.StructType | inspect.DataclassType | inspect.TypedDictType):
        raise _no_form(kind, "it has no named fields")
    found = tuple(_field_of(kind, each, hints[each.name], (*above, kind)) for each in node.fields)
    if getattr(kind, "__form_steps__", False) and not above:
        _check_steps(kind, found)
    return found


def _field_of(kind: type, found: inspect.Field, hint: Any, above: tuple[type, ...]) -> FormField:
    notes = notes_of(hint)
    widget = widget_of(notes)
    source = next((note for note in notes if isinstance(note, ChoiceSource)), None)
    inner, is_optional = without_none(plain(found.type))
    item = plain(inner.item_type) if isinstance(inner, inspect.CollectionType) else None
    choices = choices_of(item or inner, hint, widget.labels)
    has_choices = bool(choices) or source is not None
    shown = widget.kind or kind_of(inner, item, has_choices)
    _check_shown(kind, found.name, shown, item, has_choices)
    assert shown is not None
    is_partial = not found.required and found.default is NODEFAULT and found.default_factory is NODEFAULT
    is_partial = is_partial or found.default is UNSET
    limits = limits_of(inner, shown, notes)
    limits |= {"autocomplete": widget.autocomplete} if widget.autocomplete else {}
    limits |= {"placeholder": widget.placeholder} if widget.placeholder else {}
    holds = item or inner
    return FormField(
        name=found.encode_name,
        attribute=found.name,
        label=widget.label or found.name.removesuffix("_id").replace("_", " ").strip().capitalize(),
        kind=shown,
        help=widget.help,
        is_required=(found.required or is_partial) and not is_optional and must_be_filled(inner, shown),
        is_optional=is_optional,
        is_partial=is_partial,
        choices=choices,
        source=source,
        attributes=limits,
        make_default=default_of(found),
        fields=_fields_of(holds.cls, above) if isinstance(holds, NESTED) else (),
        rows_min=getattr(inner, "min_length", None) or 0 if item else 0,
        rows_max=getattr(inner, "max_length", None) if item else None,
        is_many=item is not None,
        is_required_by_type=found.required,
        file_checks=tuple(note for note in notes if isinstance(note, FileCheck)),
        template=widget.template,
        node=inner,
    )


def _check_shown(
    kind: type, name: str, shown: WidgetKind | None, item: inspect.Type | None, has_choices: bool
) -> None:
    if shown is None or (item is not None and shown not in ("checkboxes", "select", "rows", "file")):
        raise _no_form(kind, f"nothing shows its field {name!r}")
    if shown in ("select", "radio", "checkboxes") and not has_choices:
        raise _no_form(kind, f"its field {name!r} has no choices: make it a Literal or an Enum")


def _check_steps(kind: type, fields: tuple[FormField, ...]) -> None:
    for each in fields:
        if each.kind != "group":
            raise _no_form(kind, f"its field {each.name!r} is no step: make it a Struct")
    for each in fields[:-1]:
        # What was filled in waits in hidden inputs, which hold no files and should hold no secrets.
        if any(inner.kind in ("file", "password") for inner in walk(each.fields)):
            raise _no_form(kind, f"its step {each.name!r} has a file or password, which must come last")


def walk(fields: tuple[FormField, ...]) -> list[FormField]:
    """The fields and all those inside them."""
    return [inner for each in fields for inner in (each, *walk(each.fields))]


def last_step_of(kind: Any) -> str:
    """The name of the last step of a wizard; empty for other forms."""
    return find_fields(kind)[-1].name if getattr(kind, "__form_steps__", False) else ""


def _no_form(kind: type, why: str) -> FormTypeError:
    name = getattr(kind, "__name__", str(kind))
    return FormTypeError(
        f"{name} can't be shown as a form: {why}",
        fix="Use a Struct of texts, numbers, dates, bools, files, Literals, Enums, lists of the last three, "
        "and Structs and lists of Structs of these.",
    )
