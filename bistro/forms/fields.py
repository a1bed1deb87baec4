"""What a form asks for, read from its type: a field for each of the type's, with widget and limits."""

from __future__ import annotations

import datetime as dt
import enum
import types
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Annotated, Any, Final, Literal, Union, get_args, get_origin, get_type_hints

from msgspec import NODEFAULT, UNSET, Struct, field, inspect
from msgspec.structs import replace

from bistro.forms.files import FileCheck
from bistro.forms.widget import ChoiceSource, FieldHints, Widget, WidgetKind
from bistro.ground.errors import SetupError
from bistro.http import Upload


class FormTypeError(SetupError):
    """A type can't be shown as a form."""

    code = "B953"


def _none() -> None:
    return None


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
    make_default: Callable[[], Any] = _none  # Any: whatever the type of the field has
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
    notes = _notes_of(hint)
    widget = _widget_of(notes)
    source = next((note for note in notes if isinstance(note, ChoiceSource)), None)
    inner, is_optional = _without_none(_plain(found.type))
    item = _plain(inner.item_type) if isinstance(inner, inspect.CollectionType) else None
    choices = _choices_of(item or inner, hint, widget.labels)
    has_choices = bool(choices) or source is not None
    shown = widget.kind or _kind_of(inner, item, has_choices)
    _check_shown(kind, found.name, shown, item, has_choices)
    assert shown is not None
    is_partial = not found.required and found.default is NODEFAULT and found.default_factory is NODEFAULT
    is_partial = is_partial or found.default is UNSET
    limits = _limits_of(inner, shown, notes)
    limits |= {"autocomplete": widget.autocomplete} if widget.autocomplete else {}
    limits |= {"placeholder": widget.placeholder} if widget.placeholder else {}
    holds = item or inner
    return FormField(
        name=found.encode_name,
        attribute=found.name,
        label=widget.label or found.name.removesuffix("_id").replace("_", " ").strip().capitalize(),
        kind=shown,
        help=widget.help,
        is_required=(found.required or is_partial) and not is_optional and _must_be_filled(inner, shown),
        is_optional=is_optional,
        is_partial=is_partial,
        choices=choices,
        source=source,
        attributes=limits,
        make_default=_default_of(found),
        fields=_fields_of(holds.cls, above) if isinstance(holds, _NESTED) else (),
        rows_min=getattr(inner, "min_length", None) or 0 if item else 0,
        rows_max=getattr(inner, "max_length", None) if item else None,
        is_many=item is not None,
        is_required_by_type=found.required,
        file_checks=tuple(note for note in notes if isinstance(note, FileCheck)),
        template=widget.template,
        node=inner,
    )


def _widget_of(notes: list[Any]) -> Widget:
    found = next((note for note in notes if isinstance(note, Widget)), Widget())
    hints = next((note for note in notes if isinstance(note, FieldHints)), None)
    if hints is None:
        return found
    return replace(
        found,
        kind=found.kind or ("textarea" if hints.multiline else None),
        label=found.label or hints.label,
        help=found.help or hints.help,
    )


_NESTED: Final = (inspect.StructType, inspect.DataclassType, inspect.TypedDictType)


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


def _must_be_filled(node: inspect.Type, shown: WidgetKind) -> bool:
    # An empty text is a text, for JSON as well, unless the type asks for a length.
    if isinstance(node, inspect.StrType) and shown in _TYPED:
        return bool(node.min_length)
    if isinstance(node, inspect.CollectionType):
        return shown in ("file", "select") and bool(node.min_length)
    return shown not in ("checkbox", "checkboxes", "group", "rows")


def _kind_of(node: inspect.Type, item: inspect.Type | None, has_choices: bool) -> WidgetKind | None:
    if has_choices:
        return "checkboxes" if item is not None else "select"
    if is_file(item or node):
        return "file"
    if isinstance(item or node, _NESTED):
        return "group" if item is None else "rows"
    return next((shown for kind, shown in _KINDS if isinstance(node, kind)), None)


def is_file(node: inspect.Type) -> bool:
    """Whether the values are uploads."""
    return isinstance(node, inspect.CustomType) and node.cls is Upload


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


def _limits_of(node: inspect.Type, shown: WidgetKind, notes: list[Any]) -> dict[str, str]:
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
    if shown in ("datetime-local", "time"):
        limits["step"] = "any"  # seconds may stand in what is there already
    if shown == "select" and isinstance(node, inspect.CollectionType):
        limits["multiple"] = "multiple"
    if shown == "file":
        accepted = [kind for note in notes if isinstance(note, FileCheck) for kind in note.accepted]
        limits |= {"accept": ",".join(accepted)} if accepted else {}
        limits |= {"multiple": "multiple"} if isinstance(node, inspect.CollectionType) else {}
    return limits


def _choices_of(node: inspect.Type, hint: Any, labels: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    if isinstance(node, inspect.LiteralType):
        # msgspec sorts them; people want them as they are written.
        values = [str(value) for value in _literals_in(hint) if value is not None]
    elif isinstance(node, inspect.EnumType):
        values = [str(member.value) for member in node.cls]
    else:
        return ()
    return tuple((value, labels.get(value) or value.replace("_", " ").capitalize()) for value in values)


def _literals_in(hint: Any) -> list[Any]:
    if get_origin(hint) is Literal:
        return list(get_args(hint))
    return [value for each in get_args(hint) for value in _literals_in(each)]


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
    return _none if found.default in (NODEFAULT, UNSET) else lambda: found.default


def _notes_of(hint: Any) -> list[Any]:
    if get_origin(hint) is Annotated:
        inner, *notes = get_args(hint)
        return [*notes, *_notes_of(inner)]
    if get_origin(hint) in (Union, types.UnionType, list, tuple, set, frozenset):
        return [note for each in get_args(hint) for note in _notes_of(each)]
    return []


def text_of(value: Any, zone: dt.tzinfo | None = None) -> str:
    """A value as an input of HTML holds it; a moment is shown in `zone`, without an offset."""
    if value is None or value is UNSET:
        return ""
    if isinstance(value, enum.Enum):
        return str(value.value)
    if isinstance(value, bool):
        return "true" if value else ""
    if isinstance(value, dt.datetime):
        if value.tzinfo is not None:
            # HTML, §4.10.5.1.11: local date and time, without an offset.
            value = value.astimezone(zone or dt.UTC).replace(tzinfo=None)
        local: str = value.isoformat(timespec="auto" if value.second or value.microsecond else "minutes")
        return local
    if isinstance(value, dt.date | dt.time):
        return value.isoformat()
    return str(value)


def _no_form(kind: type, why: str) -> FormTypeError:
    name = getattr(kind, "__name__", str(kind))
    return FormTypeError(
        f"{name} can't be shown as a form: {why}",
        fix="Use a Struct of texts, numbers, dates, bools, files, Literals, Enums, lists of the last three, "
        "and Structs and lists of Structs of these.",
    )
