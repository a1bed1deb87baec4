"""What a form asks for, read from its type: a field for each of the type's, with widget and limits."""

from __future__ import annotations

import datetime as dt
import enum
import types
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Annotated, Any, Final, Literal, TypeAlias, Union, get_args, get_origin, get_type_hints

from msgspec import NODEFAULT, Struct, field, inspect

from bistro.ground.errors import SetupError

WidgetKind: TypeAlias = Literal[
    "text", "textarea", "email", "url", "tel", "search", "password", "color", "number", "range", "date",
    "datetime-local", "time", "month", "week", "checkbox", "select", "radio", "checkboxes", "hidden",
]  # fmt: skip


class FormTypeError(SetupError):
    """A type can't be shown as a form."""

    code = "B953"


class Widget(Struct, frozen=True, kw_only=True):
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


def _none() -> None:
    return None


class FormField(Struct, frozen=True, kw_only=True):
    """One field of a form."""

    name: str
    """As the form sends it."""
    attribute: str
    """As the type calls it."""
    label: str
    kind: WidgetKind
    help: str = ""
    is_required: bool = False
    choices: tuple[tuple[str, str], ...] = ()
    """Value and text of each."""
    attributes: Mapping[str, str] = field(default_factory=dict)
    """More attributes of the input, such as `maxlength`."""
    make_default: Callable[[], Any] = _none  # Any: whatever the type of the field has
    """Called for each page: the default of a date may be today's."""


@lru_cache(maxsize=1024)
def find_fields(kind: type) -> tuple[FormField, ...]:
    """The fields of a Struct, dataclass or TypedDict. Raises `FormTypeError` (B953) for what is none."""
    try:
        node = inspect.type_info(kind)
        hints = get_type_hints(kind, include_extras=True)
    except (TypeError, NameError) as error:
        raise _no_form(kind, str(error)) from None
    if not isinstance(node, inspect.StructType | inspect.DataclassType | inspect.TypedDictType):
        raise _no_form(kind, "it has no named fields")
    return tuple(_field_of(kind, each, hints[each.name]) for each in node.fields)


def _field_of(kind: type, found: inspect.Field, hint: Any) -> FormField:
    notes = _notes_of(hint)
    widget = next((note for note in notes if isinstance(note, Widget)), Widget())
    inner, is_optional = _without_none(_plain(found.type))
    item = _plain(inner.item_type) if isinstance(inner, inspect.CollectionType) else None
    choices = _choices_of(item or inner, widget.labels)
    shown = widget.kind or _kind_of(inner, item is not None, bool(choices))
    if shown is None or (item is not None and shown != "checkboxes"):
        raise _no_form(kind, f"nothing shows its field {found.name!r}")
    if shown in ("select", "radio", "checkboxes") and not choices:
        raise _no_form(kind, f"its field {found.name!r} has no choices: make it a Literal or an Enum")
    limits = _limits_of(inner, shown)
    if widget.autocomplete:
        limits["autocomplete"] = widget.autocomplete
    if widget.placeholder:
        limits["placeholder"] = widget.placeholder
    return FormField(
        name=found.encode_name,
        attribute=found.name,
        label=widget.label or found.name.replace("_", " ").strip().capitalize(),
        kind=shown,
        help=widget.help,
        is_required=found.required and not is_optional and _must_be_filled(inner, shown),
        choices=choices,
        attributes=limits,
        make_default=_default_of(found),
    )


def _must_be_filled(node: inspect.Type, shown: WidgetKind) -> bool:
    # An empty text is a text, for JSON as well, unless the type asks for a length.
    if isinstance(node, inspect.StrType) and shown in _TYPED:
        return bool(node.min_length)
    return shown not in ("checkbox", "checkboxes")


def _kind_of(node: inspect.Type, many: bool, has_choices: bool) -> WidgetKind | None:
    if has_choices:
        return "checkboxes" if many else "select"
    return next((shown for kind, shown in _KINDS if isinstance(node, kind)), None)


_KINDS: Final[tuple[tuple[type, WidgetKind], ...]] = (
    (inspect.BoolType, "checkbox"),
    (inspect.IntType, "number"),
    (inspect.FloatType, "number"),
    (inspect.DecimalType, "number"),
    (inspect.DateType, "date"),
    (inspect.DateTimeType, "datetime-local"),
    (inspect.TimeType, "time"),
    (inspect.StrType, "text"),
    (inspect.UUIDType, "text"),
)
_TYPED: Final = frozenset(
    {"text", "textarea", "email", "url", "tel", "search", "password"}
)  # where a length counts (HTML, §4.10.5.1)


def _limits_of(node: inspect.Type, shown: WidgetKind) -> dict[str, str]:
    limits: dict[str, str] = {}
    if isinstance(node, inspect.StrType) and shown in _TYPED:
        if node.max_length is not None:
            limits["maxlength"] = str(node.max_length)
        if node.min_length:
            limits["minlength"] = str(node.min_length)
    if isinstance(node, inspect.IntType | inspect.FloatType) and shown in ("number", "range"):
        is_whole = isinstance(node, inspect.IntType)
        low, high = node.ge, node.le
        if is_whole and node.gt is not None:
            low = int(node.gt) + 1
        if is_whole and node.lt is not None:
            high = int(node.lt) - 1
        limits |= {name: str(each) for name, each in (("min", low), ("max", high)) if each is not None}
    if isinstance(node, inspect.FloatType | inspect.DecimalType) and shown in ("number", "range"):
        limits["step"] = "any"
    return limits


def _choices_of(node: inspect.Type, labels: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    if isinstance(node, inspect.LiteralType):
        values = [str(value) for value in node.values]
    elif isinstance(node, inspect.EnumType):
        values = [str(member.value) for member in node.cls]
    else:
        return ()
    return tuple((value, labels.get(value) or value.replace("_", " ").capitalize()) for value in values)


def _plain(node: inspect.Type) -> inspect.Type:
    while isinstance(node, inspect.Metadata):
        node = node.type
    return node


def _without_none(node: inspect.Type) -> tuple[inspect.Type, bool]:
    if not isinstance(node, inspect.UnionType):
        return node, False
    kept = [each for each in node.types if not isinstance(_plain(each), inspect.NoneType)]
    return (_plain(kept[0]) if len(kept) == 1 else node), len(kept) < len(node.types)


def _default_of(found: inspect.Field) -> Callable[[], Any]:
    if found.default_factory is not NODEFAULT:
        factory: Callable[[], Any] = found.default_factory
        return factory
    return _none if found.default is NODEFAULT else lambda: found.default


def _notes_of(hint: Any) -> list[Any]:
    if get_origin(hint) is Annotated:
        inner, *notes = get_args(hint)
        return [*notes, *_notes_of(inner)]
    if get_origin(hint) in (Union, types.UnionType):
        return [note for each in get_args(hint) for note in _notes_of(each)]
    return []


def text_of(value: Any) -> str:
    """A value as an input of HTML holds it."""
    if value is None:
        return ""
    if isinstance(value, enum.Enum):
        return str(value.value)
    if isinstance(value, bool):
        return "true" if value else ""
    if isinstance(value, dt.datetime | dt.date | dt.time):
        return value.isoformat()
    return str(value)


def _no_form(kind: type, why: str) -> FormTypeError:
    name = getattr(kind, "__name__", str(kind))
    return FormTypeError(
        f"{name} can't be shown as a form: {why}",
        fix="Use a Struct of texts, numbers, dates, bools, Literals, Enums and lists of the last two.",
    )
