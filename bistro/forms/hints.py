"""What a type says of the input that stands for it: kind, limits, choices, default, and notes beside it."""

from __future__ import annotations

import types
from collections.abc import Callable, Mapping

# Any: a type hint is any object, and so is what stands beside it in Annotated.
from typing import Annotated, Any, Final, Literal, Union, get_args, get_origin

from msgspec import NODEFAULT, UNSET, inspect
from msgspec.structs import replace

from bistro.forms.files import FileCheck
from bistro.forms.widget import FieldHints, Widget, WidgetKind
from bistro.ground.stored_files import IncomingFile

NESTED: Final = (inspect.StructType, inspect.DataclassType, inspect.TypedDictType)


def no_default() -> None:
    """The default of a field that has none."""
    return


def widget_of(notes: list[Any]) -> Widget:
    """The widget among the notes, with what a model's field says where it says nothing."""
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


def must_be_filled(node: inspect.Type, shown: WidgetKind) -> bool:
    """Whether browsers shall insist on a value."""
    # An empty text is a text, for JSON as well, unless the type asks for a length.
    if isinstance(node, inspect.StrType) and shown in _TYPED:
        return bool(node.min_length)
    if isinstance(node, inspect.CollectionType):
        return shown in ("file", "select") and bool(node.min_length)
    return shown not in ("checkbox", "checkboxes", "group", "rows")


def kind_of(node: inspect.Type, item: inspect.Type | None, has_choices: bool) -> WidgetKind | None:
    """The usual widget for a type; None where there is none."""
    if has_choices:
        return "checkboxes" if item is not None else "select"
    if is_file(item or node):
        return "file"
    if isinstance(item or node, NESTED):
        return "group" if item is None else "rows"
    return next((shown for kind, shown in _KINDS if isinstance(node, kind)), None)


def is_file(node: inspect.Type) -> bool:
    """Whether the values are uploads."""
    return isinstance(node, inspect.CustomType) and issubclass(node.cls, IncomingFile)


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


def limits_of(node: inspect.Type, shown: WidgetKind, notes: list[Any]) -> dict[str, str]:
    """The limits of a type as attributes of its input."""
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


def choices_of(node: inspect.Type, hint: Any, labels: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    """Value and text of each choice that the type itself has."""
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


def plain(node: inspect.Type) -> inspect.Type:
    """`node` without the wrapper that holds its title."""
    while isinstance(node, inspect.Metadata):
        node = node.type
    return node


def without_none(node: inspect.Type) -> tuple[inspect.Type, bool]:
    """`node` without None, and whether None was allowed."""
    if not isinstance(node, inspect.UnionType):
        return node, False
    kept = [each for each in node.types if not isinstance(plain(each), inspect.NoneType)]
    return (plain(kept[0]) if len(kept) == 1 else node), len(kept) < len(node.types)


def default_of(found: inspect.Field) -> Callable[[], Any]:
    """What makes the default for a page."""
    if found.default_factory is not NODEFAULT:
        factory: Callable[[], Any] = found.default_factory
        return factory
    return no_default if found.default in (NODEFAULT, UNSET) else lambda: found.default


def notes_of(hint: Any) -> list[Any]:
    """Everything that stands in `Annotated` anywhere in a hint."""
    if get_origin(hint) is Annotated:
        inner, *notes = get_args(hint)
        return [*notes, *notes_of(inner)]
    if get_origin(hint) in (Union, types.UnionType, list, tuple, set, frozenset):
        return [note for each in get_args(hint) for note in notes_of(each)]
    return []
