"""The base of all models: a row is an instance, the table's columns are the class's attributes.

How it works: a model is a `msgspec.Struct`, so that rows become instances in C and an instance is
JSON without conversion. `Note.title` must be a column and `note.title` a str, both at the speed of
an attribute: the class of each model's class (its metaclass) has a property `title` that gives the
column, which Python asks first for `Note.title` and never for `note.title`. A relation's slot is
behind a descriptor that raises NotLoaded while it is empty.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import cache
from operator import attrgetter

# Any: the namespace of a class body, and classes that are made from it, have no types of their own.
from typing import TYPE_CHECKING, Any, ClassVar, Final, Self, TypeVar, dataclass_transform

from msgspec import UNSET, Struct, StructMeta

from bistro.db import peers, rows
from bistro.db.constraints import Constraint, Index
from bistro.db.database import Database
from bistro.db.declare import Declared, declare, read_body, struct_annotation, struct_default
from bistro.db.derived import DERIVED, derive
from bistro.db.expressions import Column, Predicate
from bistro.db.fields import auto, field, generated, related
from bistro.db.instance_types import instance_types
from bistro.db.model_errors import ModelError
from bistro.db.paths import Path, RelationPath, unknown_field
from bistro.db.query import Query
from bistro.db.shape import RootShape
from bistro.db.slots import PrivateSlot, RelationSlot, private_methods
from bistro.db.table import TableInfo
from bistro.ground.registry import origin_of_caller

T = TypeVar("T")
# What every class has; a field of the same name would hide it.
RESERVED: Final = frozenset(dir(Struct)) | {"mro", "objects", *DERIVED}


# The first argument of a metaclass's methods is a class.
# ruff: noqa: N805
@dataclass_transform(kw_only_default=True, field_specifiers=(field, auto, generated, related))
class ModelMeta(StructMeta):
    """Makes the class of a model from its body."""

    if TYPE_CHECKING:
        # `Note.author == user`: the type of `Note.author` is the other model's class.
        def __eq__(cls, other: object) -> Predicate: ...  # type: ignore[override]
        def __ne__(cls, other: object) -> Predicate: ...  # type: ignore[override]

    def __new__(
        meta,
        name: str,
        bases: tuple[type, ...],
        namespace: dict[str, Any],
        *,
        table: str = "",
        schema: str = "",
        database: str = "",
        abstract: bool = False,
        constraints: tuple[Constraint, ...] = (),
        indexes: tuple[Index, ...] = (),
    ) -> Any:
        """`table` is the table's name, by default the class's in snake case; an `abstract` model has none.

        `database` is the name of the one that it is in, of `Database(others=…)`.
        """
        models: list[Any] = [base for base in bases if isinstance(base, ModelMeta)]
        if not models:
            base: Any = StructMeta.__new__(meta, name, bases, namespace, eq=False, weakref=True)
            base.__model_base__ = base
            return base
        label, origin = namespace["__qualname__"].rpartition(".")[2], origin_of_caller(name)
        declared = {each.name: each for base in reversed(models) for each in base.__declared__}
        for base in models:
            if "__table_info__" in vars(base):
                raise ModelError(
                    f"{label} inherits from {base.__name__}, which has a table",
                    where=(origin,),
                    fix="Move what both share to a class with abstract=True, or use a OneToOne.",
                )
        declared |= {
            each.name: each
            for each in read_body(namespace, label, origin, RESERVED | set(dir(models[0].__model_base__)))
        }
        constraints = sum((base.__constraints__ for base in models), ()) + constraints
        indexes = sum((base.__indexes__ for base in models), ()) + indexes
        if abstract:
            namespace |= {"__annotations__": {}, "__declared__": tuple(declared.values())}
            namespace |= {"__constraints__": constraints, "__indexes__": indexes}
            return StructMeta.__new__(meta, name, bases, namespace, eq=False, weakref=True)
        declaration = declare(declared.values(), label, origin)
        info = TableInfo(
            label,
            table or _snake_case(name),
            declaration.columns,
            declaration.relations,
            schema=schema,
            database=database,
            constraints=constraints,
            indexes=indexes,
            origin=origin,
        )
        return _make_class(meta, name, bases, namespace, info, declaration.annotations)

    @property
    def __table__(cls) -> Any:
        """The SQLAlchemy `Table` of the model, for statements of your own."""
        # Imported late: what makes SQL loads SQLAlchemy.
        from bistro.db.lowering.tables import table_of

        return table_of(vars(cls)["__table_info__"])

    @property
    def __instance_types__(cls) -> Mapping[str, Any]:
        """What an instance has, by name and type; the check of templates reads it."""
        info = vars(cls).get("__table_info__")
        return {} if info is None else instance_types(info)

    def __init__(cls, name: str, bases: tuple[type, ...], namespace: dict[str, Any], **options: Any) -> None:
        # The words beside the bases are for `__new__` alone.
        super().__init__(name, bases, namespace)

    if not TYPE_CHECKING:
        # Hidden, because a type checker would take it as a promise that every attribute is there.
        def __getattr__(cls, name: str) -> Any:
            info = vars(cls).get("__table_info__")
            if info is None or name.startswith("__"):
                raise AttributeError(f"{cls.__name__} has no attribute {name!r}")
            raise unknown_field(info, name)


class Objects:
    """For type checkers: `Note.objects` is a query of notes."""

    def __get__(self, instance: object, owner: type[T]) -> Query[T]:
        raise NotImplementedError


class Model(Struct, metaclass=ModelMeta):
    """The base of all models; see `fields.py` for how one is written.

    A model's class is its table: `Note.title` is a column. An instance is a row. Two instances are
    equal if they are of one model and have the same primary key.
    """

    __model_base__: ClassVar[type[Model]]
    __table_info__: ClassVar[TableInfo]
    __declared__: ClassVar[tuple[Declared, ...]] = ()
    __constraints__: ClassVar[tuple[Constraint, ...]] = ()
    __indexes__: ClassVar[tuple[Index, ...]] = ()

    if TYPE_CHECKING:
        __key__: ClassVar[attrgetter[Any]]
        objects = Objects()

        class Create(Struct):
            """What a new row is made from: every field that a client may give, with its limits."""

            def __getattr__(self, name: str) -> Any: ...

        class Update(Struct):
            """What may be changed of a row: the fields of `Create`, none of them required."""

            def __getattr__(self, name: str) -> Any: ...

        class Out(Struct):
            """What is shown of a row: every field that is not private."""

            def __getattr__(self, name: str) -> Any: ...

    async def save(self, *fields: str, using: Database | None = None) -> Self:
        """Store it: as a new row where it has no key yet, else every field, or only those named."""
        await rows.save(self, fields, using)
        return self

    async def delete(self, *, using: Database | None = None) -> None:
        """Delete its row. Raises RowNotFound where that is gone."""
        await rows.delete(self, using)

    async def refresh(self, *, using: Database | None = None) -> Self:
        """Read its columns anew. Raises RowNotFound where the row is gone."""
        await rows.refresh(self, using)
        return self

    async def load(self, *relations: Any, using: Database | None = None) -> Self:
        """Load relations of it: `await note.load(Note.author)`. For several, `load_relations(notes, …)`."""
        await peers.load(self, relations, using)
        return self

    async def add(self, relation: type[T], *others: T, using: Database | None = None) -> None:
        """Add to a many-to-many relation: `await note.add(Note.tags, tag)`. What is there stays."""
        await rows.pair(self, relation, others, using)
        peers.changed(self, relation)

    async def remove(self, relation: type[T], *others: T, using: Database | None = None) -> None:
        """Take out of a many-to-many relation."""
        await rows.unpair(self, relation, others, using)
        peers.changed(self, relation)

    async def replace(self, relation: type[T], *others: T, using: Database | None = None) -> None:
        """Have exactly these in a many-to-many relation."""
        await rows.pair(self, relation, others, using, instead=True)
        peers.changed(self, relation)

    def __eq__(self, other: object) -> bool:
        if type(self) is not type(other):
            return NotImplemented
        key = self.__key__(self)
        return self is other or (key == self.__key__(other) and not _is_unset(key))

    def __hash__(self) -> int:
        key = self.__key__(self)
        return object.__hash__(self) if _is_unset(key) else hash((type(self), key))

    def __repr__(self) -> str:
        info = self.__table_info__
        shown = (
            f"{name}={getattr(self, name)!r}"
            for name, column in info.columns.items()
            if not column.options.private and getattr(self, name) is not UNSET
        )
        return f"{info.label}({', '.join(shown)})"


async def load_relations(instances: Sequence[Model], *relations: Any, using: Database | None = None) -> None:
    """Load relations of instances of one model that are there already: one query for each relation."""
    await rows.load(instances, relations, using)


def _is_unset(key: Any) -> bool:
    return key is UNSET or (type(key) is tuple and UNSET in key)


def _make_class(
    meta: type[ModelMeta],
    name: str,
    bases: tuple[type, ...],
    namespace: dict[str, Any],
    info: TableInfo,
    annotations: dict[str, Any],
) -> Any:
    """The Struct of a model, with a class of its own that has the columns."""
    own_meta = type(f"{name}Meta", (meta,), {"__slots__": ()})
    columns, relations = info.columns, info.relations
    namespace["__annotations__"] = {
        **{field: struct_annotation(column, annotations) for field, column in columns.items()},
        **dict.fromkeys(relations, Any),
    }
    namespace |= {field: struct_default(column) for field, column in columns.items()}
    namespace |= dict.fromkeys(relations, UNSET)
    namespace["__key__"] = staticmethod(attrgetter(*(column.field for column in info.key)))
    private = tuple(field for field, column in columns.items() if column.options.private)
    if private:
        namespace |= private_methods(private)
    made: Any = StructMeta.__new__(
        own_meta, name, bases, namespace, eq=False, weakref=True, dict=bool(private)
    )
    info.model = made
    made.objects = Query(RootShape(info))
    made.__table_info__ = info
    for field_name in private:
        setattr(made, field_name, PrivateSlot(field_name, vars(made)[field_name]))
    for relation in relations.values():
        setattr(made, relation.name, RelationSlot(relation, vars(made)[relation.name]))
    for name_, column in columns.items():
        setattr(own_meta, name_, _constant(made, Column(column)))
    for relation in relations.values():
        setattr(own_meta, relation.name, _constant(made, RelationPath(Path(relation))))
    for kind in DERIVED:
        setattr(own_meta, kind, _derived(info, annotations, kind))
    return made


def _constant(model: object, value: object) -> property:
    """A property that gives `value`, without a call of Python: each query names some."""
    return property({model: value}.__getitem__)


def _derived(info: TableInfo, annotations: dict[str, Any], kind: str) -> property:
    # Cached, because a Struct must be one type however often it is named.
    make = cache(lambda: derive(info, annotations, kind))
    return property(lambda _: make())


def _snake_case(name: str) -> str:
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", name).lower()
