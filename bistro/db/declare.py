"""From a class body to a table's description: which columns and relations its fields are."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping

# Any: annotations and defaults are objects of every kind.
from typing import Annotated, Any, Final, get_args, get_origin

import msgspec
from msgspec import UNSET, Struct, UnsetType

from bistro.db.annotations import read_annotations, read_target
from bistro.db.column_types import ColumnType, Sizes, find_column_type, without_none
from bistro.db.field_options import AUTO, PLAIN, FieldOptions, RelatedOptions
from bistro.db.fields import Field, ForeignKey, ManyToMany, OneToOne, Related
from bistro.db.model_errors import ModelError
from bistro.db.table import ColumnInfo, RelationInfo, RelationKind
from bistro.ground.registry import Origin

MARKERS: Final = (Field, ForeignKey, OneToOne, Related, ManyToMany)
# The kinds of columns whose values a database makes by itself.
AUTOMATIC: Final = frozenset({"integer", "datetime", "date", "uuid"})
SCALAR_KINDS: Final = AUTOMATIC | {"bool", "float", "decimal", "text", "bytes", "time", "duration"}
# Which limits can be checked where input is read; msgspec knows no others.
LIMITED: Final = (
    (("ge", "gt", "le", "lt"), frozenset({"integer", "float"}), "int and float"),
    (("min_length", "max_length"), frozenset({"text", "bytes"}), "str and bytes"),
    (("pattern",), frozenset({"text"}), "str"),
)
NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,62}")


class Declared(Struct, frozen=True, eq=False):
    """One field of a class body: its marker (`Field`, `ForeignKey`, …), its annotation and what was said."""

    name: str
    marker: Any
    annotation: Any
    options: FieldOptions | RelatedOptions

    @property
    def field(self) -> FieldOptions:
        """The options of a column."""
        assert isinstance(self.options, FieldOptions)
        return self.options


class Declaration(Struct, frozen=True, eq=False):
    """All columns and relations of a model, and the annotation of each column."""

    columns: tuple[ColumnInfo, ...]
    relations: tuple[RelationInfo, ...]
    annotations: dict[str, Any]


def read_body(
    namespace: dict[str, Any], label: str, origin: Origin, reserved: frozenset[str]
) -> list[Declared]:
    """The fields of a class body, which are taken out of `namespace`; raises ModelError with the fix."""
    try:
        annotations = read_annotations(namespace)
    except (NameError, TypeError, AttributeError, SyntaxError) as error:
        raise ModelError(
            f"an annotation of {label} can't be read: {error}",
            where=(origin,),
            fix="Import what it names, or put the name of a model that is defined later in quotes.",
        ) from error
    found = [
        _read_field(name, annotation, namespace, label, origin) for name, annotation in annotations.items()
    ]
    for name, value in namespace.items():
        if isinstance(value, FieldOptions | RelatedOptions):
            raise ModelError(
                f"{label}.{name} has no type", where=(origin,), fix=f"Write {name}: Field[str] = field(…)."
            )
    for each in found:
        if each.name in reserved or each.name.startswith("_") or not NAME.fullmatch(each.name):
            raise ModelError(
                f"{label}.{each.name} can't be a field: the name is the model's own, or can't be a column's",
                where=(origin,),
                fix=f'Choose another name; field(column="{each.name}") keeps that of the column.',
            )
    return found


def _read_field(
    name: str, annotation: Any, namespace: dict[str, Any], label: str, origin: Origin
) -> Declared:
    marker = get_origin(annotation)
    value = namespace.pop(name, PLAIN if marker in (Field, ForeignKey, OneToOne) else RelatedOptions())
    if marker not in MARKERS:
        shown = getattr(annotation, "__name__", annotation)
        raise ModelError(
            f"{label}.{name} is declared as {shown}, which says nothing about a column",
            where=(origin,),
            fix=f"Write {name}: Field[{shown}], or ClassVar[{shown}] for what is no column.",
        )
    if not isinstance(value, FieldOptions | RelatedOptions):
        value = FieldOptions(default=value)
    is_column = isinstance(value, FieldOptions)
    if is_column != (marker in (Field, ForeignKey, OneToOne)) and marker is not OneToOne:
        wanted = "field() or auto()" if marker in (Field, ForeignKey) else "related()"
        raise ModelError(
            f"{label}.{name} is described by the wrong function", where=(origin,), fix=f"Use {wanted}."
        )
    return Declared(name, marker, get_args(annotation)[0] if marker is Field else annotation, value)


def declare(fields: Iterable[Declared], label: str, origin: Origin) -> Declaration:
    """The columns and relations that `fields` are; raises ModelError where one can't be."""
    declared = {each.name: each for each in fields}
    _mark_key(declared, label, origin)
    columns: dict[str, ColumnInfo] = {}
    relations: list[RelationInfo] = []
    annotations: dict[str, Any] = {}
    for each in declared.values():
        if each.marker is Field:
            if each.name not in columns:
                columns[each.name] = _make_column(each, label, origin)
            annotations[each.name] = each.annotation
            continue
        relation = _make_relation(each)
        relations.append(relation)
        if relation.is_forward:
            for column in _make_key_columns(each, relation, declared, label, origin):
                columns[column.field] = column
    return Declaration(tuple(columns.values()), tuple(relations), annotations)


def _mark_key(declared: dict[str, Declared], label: str, origin: Origin) -> None:
    """`id` is the primary key where no field says that it is."""
    columns = [each for each in declared.values() if isinstance(each.options, FieldOptions)]
    if any(each.field.primary_key for each in columns):
        return
    if "id" not in declared or not isinstance(declared["id"].options, FieldOptions):
        raise ModelError(
            f"{label} has no primary key",
            where=(origin,),
            fix="Add id: Field[int] = auto(), or primary_key=True to the fields that tell its rows apart.",
        )
    options = msgspec.structs.replace(declared["id"].field, primary_key=True)
    declared["id"] = msgspec.structs.replace(declared["id"], options=options)


def _make_column(
    each: Declared, label: str, origin: Origin, relation: RelationInfo | None = None
) -> ColumnInfo:
    options = each.field
    sizes = Sizes(
        options.bits,
        options.max_length,
        options.max_digits,
        options.decimal_places,
        options.dimensions,
    )
    try:
        type_, optional = find_column_type(each.annotation, sizes)
        _check_automatic(type_, options)
        if type_.kind == "file":
            _check_file(options)
        _check_limits(type_, options)
        if options.encrypted:
            _check_encrypted(options, type_)
            purpose = options.encrypted if isinstance(options.encrypted, str) else f"{label}.{each.name}"
            type_ = type_.encrypted(purpose)
    except TypeError as error:
        raise ModelError(
            f"{label}.{each.name}: {error}", where=(origin,), fix="See Types in the reference."
        ) from None
    if options.column and not NAME.fullmatch(options.column):
        raise ModelError(
            f"{label}.{each.name}: {options.column!r} can't be the name of a column",
            where=(origin,),
            fix="Use letters, digits and underscores.",
        )
    return ColumnInfo(each.name, type_, nullable=optional, options=options, relation=relation)


def _check_limits(type_: ColumnType, options: FieldOptions) -> None:
    """Raise TypeError for limits that no input of this type could be read with."""
    for names, kinds, said in LIMITED:
        given = next((name for name in names if getattr(options, name) is not None), None)
        if given and type_.kind in SCALAR_KINDS and type_.kind not in kinds:
            kind = getattr(type_.python, "__name__", type_.kind)
            raise TypeError(
                f"{given} is for {said}, not for {kind}; a rule for that is Check(…) in constraints"
            )


def _check_automatic(type_: ColumnType, options: FieldOptions) -> None:
    if options.db_default == AUTO and type_.kind not in AUTOMATIC:
        raise TypeError(
            f"no database makes {type_.kind} values by itself; give auto() the SQL that makes one"
        )


def _check_encrypted(options: FieldOptions, type_: ColumnType) -> None:
    if type_.kind == "vector":
        raise TypeError("the database can't measure distances to what is encrypted")
    if options.primary_key or options.unique or options.index or options.made_elsewhere:
        raise TypeError(
            "an encrypted value is another one each time it is stored, so the database can neither look it "
            "up nor make it"
        )


def _check_file(options: FieldOptions) -> None:
    if options.primary_key or options.encrypted or options.made_elsewhere or options.max_length is not None:
        raise TypeError(
            "a file can't be a key, encrypted, made by the database or limited in length; "
            "what it may be says FileCheck"
        )


def _make_relation(each: Declared) -> RelationInfo:
    target, optional = read_target(each.annotation)
    kind: RelationKind = "through" if each.marker is ManyToMany else "reverse"
    if each.marker is ForeignKey:
        kind = "foreign_key"
    elif each.marker is OneToOne:
        kind = "one_to_one" if isinstance(each.options, FieldOptions) else "reverse_one"
    return RelationInfo(each.name, kind, target, nullable=optional, options=each.options)


def _make_key_columns(
    each: Declared, relation: RelationInfo, declared: Mapping[str, Declared], label: str, origin: Origin
) -> Iterator[ColumnInfo]:
    """The columns of a foreign key: `author_id`, one for each column of the other model's key."""
    for key in _names_of_key(relation, declared, label):
        name = f"{each.name}_{key}"
        if name in declared:
            yield _make_column(declared[name], label, origin, relation)
            continue
        yield ColumnInfo(name, None, nullable=relation.nullable, options=each.field, relation=relation)
    if each.field.on_delete == "set null" and not relation.nullable:
        raise ModelError(
            f"{label}.{each.name} becomes null when the row it names is deleted, but may not be null",
            where=(origin,),
            fix=f"Declare it as {each.marker.__name__}[… | None], or choose another on_delete.",
        )


def _names_of_key(relation: RelationInfo, declared: Mapping[str, Declared], label: str) -> list[str]:
    """The fields of the target's key; of a model that is not defined yet it is taken to be `id`."""
    if relation.named == label:
        fields = [each for each in declared.values() if each.marker is Field]
        return [each.name for each in fields if each.field.primary_key]
    if isinstance(relation.named, str):
        return ["id"]
    return [column.field for column in relation.target.key]


def struct_annotation(column: ColumnInfo, annotations: Mapping[str, Any]) -> Any:
    """The annotation of a column in the model's own Struct: its type, or nothing yet."""
    if column.field not in annotations:
        return Any
    return annotations[column.field] | UnsetType


def struct_default(column: ColumnInfo) -> Any:
    """What the Struct has where nobody gives a value."""
    options = column.options
    if options.default_factory is not None:
        return msgspec.field(default_factory=options.default_factory)
    if options.default is not UNSET:
        return options.default
    return None if column.nullable and not options.made_elsewhere else UNSET


def input_annotation(column: ColumnInfo, annotation: Any) -> Any:
    """The annotation of a column in a derived Struct: its type with the limits that the field has."""
    options = column.options
    limits: dict[str, Any] = {
        name: value
        for name in ("ge", "gt", "le", "lt", "min_length", "max_length", "pattern")
        if (value := getattr(options, name)) is not None
    }
    if options.dimensions is not None:
        size = msgspec.Meta(min_length=options.dimensions, max_length=options.dimensions)
        numbers: Any = Annotated[list[float], size]
        # Within the union: msgspec knows no length of what may be None.
        return numbers | None if column.nullable else numbers
    return limit(annotation, msgspec.Meta(**limits)) if limits else annotation


def limit(annotation: Any, meta: msgspec.Meta) -> Any:
    """`annotation` with limits; within the union, since msgspec knows no limit of what may be None."""
    if get_origin(annotation) is Annotated:
        inner, *notes = get_args(annotation)
        limited = limit(inner, meta)
        for note in notes:
            limited = Annotated[limited, note]
        return limited
    inner, optional = without_none(annotation)
    return limit(inner, meta) | None if optional else Annotated[annotation, meta]
