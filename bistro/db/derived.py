"""`Note.Create`, `Note.Update` and `Note.Out`: what clients may send and see of a model.

A request is never read into the model itself: a client could then set any column (mass assignment).
These Structs have no automatic, computed or private field, and carry the limits that the fields
have; a foreign key is its column, `author_id`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

# Any: an annotation is any object.
from typing import Annotated, Any, Final

import msgspec
from msgspec import UNSET, Struct, UnsetType

from bistro.db.choices import choices_of
from bistro.db.column_types import notes_of
from bistro.db.declare import input_annotation
from bistro.db.field_options import FieldOptions
from bistro.db.table import ColumnInfo, TableInfo
from bistro.ground.stored_files import IncomingFile

DERIVED: Final = ("Create", "Update", "Out")


def derive(info: TableInfo, annotations: Mapping[str, Any], kind: str) -> type[Struct]:
    """One of the three Structs of a model; made late: a foreign key's type may be found late."""
    fields = {"Create": _create, "Update": _update, "Out": _out}[kind](info, annotations)
    return msgspec.defstruct(
        f"{info.label}{kind}",
        fields,
        kw_only=True,
        module=info.model.__module__,
        omit_defaults=kind == "Update",
    )


def _create(info: TableInfo, annotations: Mapping[str, Any]) -> list[Any]:
    return [
        (name, annotation, *_default(column)) for name, annotation, column in _for_input(info, annotations)
    ]  # fmt: skip


def _update(info: TableInfo, annotations: Mapping[str, Any]) -> list[Any]:
    return [(name, annotation | UnsetType, UNSET) for name, annotation, _ in _for_input(info, annotations)]


def _out(info: TableInfo, annotations: Mapping[str, Any]) -> list[Any]:
    public = ((name, column) for name, column in info.columns.items() if not column.options.private)
    return [(name, _annotation(column, annotations)) for name, column in public]


def _for_input(info: TableInfo, annotations: Mapping[str, Any]) -> Iterator[tuple[str, Any, ColumnInfo]]:
    for name, column in info.columns.items():
        if not (column.options.private or column.options.made_elsewhere):
            declared = _annotation(column, annotations)
            if column in info.file_columns:
                declared = _incoming(column, declared)
            annotation = input_annotation(column, declared)
            # For forms: the rows that may be chosen, and what the field said of its place in them.
            notes = [note for note in (choices_of(column), _hints_of(column)) if note is not None]
            for note in notes:
                annotation = Annotated[annotation, note]
            yield name, annotation, column


def _incoming(column: ColumnInfo, declared: Any) -> Any:
    """An upload instead of a stored file, which a client can't give; with the checks beside it."""
    annotation: Any = IncomingFile | None if column.nullable else IncomingFile
    for note in notes_of(declared):
        annotation = Annotated[annotation, note]
    return annotation


def _hints_of(column: ColumnInfo) -> FieldOptions | None:
    options = column.options
    return options if options.label or options.help or options.multiline else None


def _annotation(column: ColumnInfo, annotations: Mapping[str, Any]) -> Any:
    if column.field in annotations:
        return annotations[column.field]
    return column.type.python | None if column.nullable else column.type.python


def _default(column: ColumnInfo) -> tuple[Any, ...]:
    options = column.options
    if options.default_factory is not None:
        return (msgspec.field(default_factory=options.default_factory),)
    if options.default is not UNSET:
        return (options.default,)
    return (None,) if column.nullable else ()
