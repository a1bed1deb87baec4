"""What a model became: its columns, its relations and its table, as the rest of the room reads them.

These describe; they make no SQL and hold no connection. A relation may name a model that is defined
later, so what depends on the other side is found at first use.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

# Any: a model is a class with a metaclass of its own; naming it here would point upward.
from typing import Any, Final, Literal, TypeAlias

from bistro.db.column_types import ColumnType
from bistro.db.constraints import Constraint, Index
from bistro.db.field_options import FieldOptions, RelatedOptions
from bistro.db.model_errors import ModelError
from bistro.ground.registry import Origin
from bistro.ground.text import did_you_mean

RelationKind = Literal["foreign_key", "one_to_one", "reverse", "reverse_one", "through"]
TO_ONE: Final = frozenset({"foreign_key", "one_to_one", "reverse_one"})


class ColumnInfo:
    """One column: the field's name, the column's name, what it holds and what the model said about it.

    `source` is the column that a foreign key's column repeats the type of.
    """

    __slots__ = ("_type", "field", "name", "nullable", "options", "relation", "table")

    def __init__(
        self,
        field: str,
        type_: ColumnType | None,
        *,
        nullable: bool,
        options: FieldOptions,
        relation: RelationInfo | None = None,
    ) -> None:
        self.field = field
        self.name = options.column or field
        self.nullable = nullable
        self.options = options
        self.relation = relation
        self.table: TableInfo
        self._type = type_

    def __repr__(self) -> str:
        return f"{self.table.label}.{self.field}"

    @property
    def type(self) -> ColumnType:
        """What the column holds; a foreign key's column holds what it names."""
        if self._type is None:
            self._type = self.source.type
        return self._type

    @property
    def source(self) -> ColumnInfo:
        """The column that this foreign key's column names."""
        assert self.relation is not None
        return next(there for here, there in self.relation.pairs if here is self)

    @property
    def is_key(self) -> bool:
        """Whether it is (part of) the primary key."""
        return self in self.table.key

    @property
    def may_be_absent(self) -> bool:
        """Whether a new row needs no value for it from the program."""
        return self.nullable or self.options.made_elsewhere


class RelationInfo:
    """One relation, seen from the model that declares it.

    `named` is the model that it leads to, or its name while that model may not be defined yet.
    """

    __slots__ = ("_pairs", "_through", "kind", "name", "named", "nullable", "options", "table")

    def __init__(
        self,
        name: str,
        kind: RelationKind,
        target: Any,
        *,
        nullable: bool = False,
        options: FieldOptions | RelatedOptions,
    ) -> None:
        self.name = name
        self.kind = kind
        self.nullable = nullable
        self.options = options
        self.table: TableInfo
        self.named: Any = target
        self._pairs: Pairs = ()
        self._through: Through | None = None

    def __repr__(self) -> str:
        return f"{self.table.label}.{self.name}"

    @property
    def is_many(self) -> bool:
        """Whether it leads to several rows."""
        return self.kind not in TO_ONE

    @property
    def is_forward(self) -> bool:
        """Whether the columns that make it are this model's own."""
        return self.kind in ("foreign_key", "one_to_one")

    @property
    def target(self) -> TableInfo:
        """The table at the other side; raises ModelError where no such model is defined."""
        if isinstance(self.named, str):
            self.named = self.table.find_model(self.named, self.name)
        found: TableInfo = self.named.__table_info__
        return found

    @property
    def columns(self) -> tuple[ColumnInfo, ...]:
        """This model's own columns that make the relation; empty for all but the forward kinds."""
        return tuple(column for column in self.table.columns.values() if column.relation is self)

    @property
    def pairs(self) -> Pairs:
        """Which columns here equal which columns there; of a relation through pairs, none."""
        if not self._pairs:
            self._refuse_other_database()
            self._pairs = tuple(self._find_pairs())
        return self._pairs

    @property
    def through(self) -> Through:
        """The table of pairs of a ManyToMany."""
        if self._through is None:
            self._refuse_other_database()
            self._through = find_through(self)
        return self._through

    def _refuse_other_database(self) -> None:
        if self.target.database != self.table.database:
            raise self.table.error(
                f"{self!r} leads to {self.target.label}, which is in another database",
                "Keep the other row's key in a field of its own, and ask for the row by it.",
            )

    def _find_pairs(self) -> Iterator[tuple[ColumnInfo, ColumnInfo]]:
        if self.is_forward:
            yield from zip(self.columns, self._key_of_target(), strict=True)
        elif self.kind != "through":
            yield from ((there, here) for here, there in self._find_forward().pairs)

    def _key_of_target(self) -> tuple[ColumnInfo, ...]:
        keys = self.target.key
        if len(keys) != len(self.columns):
            raise self.table.error(
                f"{self!r} names {self.target.label}, whose key has {len(keys)} columns",
                "Define that model above this one, so that its key is known here.",
            )
        return keys

    def _find_forward(self) -> RelationInfo:
        """The foreign key of the other model that this is the reverse side of."""
        back = self.options.back if isinstance(self.options, RelatedOptions) else ""
        if back:
            return self.target.get_relation(back)
        found = find_forward(self.target, self.table)
        if len(found) != 1:
            names = ", ".join(repr(each) for each in found) or "none"
            raise self.table.error(
                f"{self!r} is the reverse of a foreign key of {self.target.label}; these lead here: {names}",
                f'Say which: {self.name} = related("name_of_the_foreign_key").',
            )
        return found[0]


class Through:
    """The table of pairs of a ManyToMany.

    `left` are this side's key and the pairs' columns for it, `right` the pairs' columns for the
    other side and that side's key.
    """

    __slots__ = ("left", "right", "table")

    def __init__(
        self,
        table: TableInfo,
        left: Pairs,
        right: Pairs,
    ) -> None:
        self.table = table
        self.left = left
        self.right = right


Pairs: TypeAlias = tuple[tuple[ColumnInfo, ColumnInfo], ...]


class TableInfo:
    """Everything that a model says about its table."""

    __slots__ = ("columns", "constraints", "database", "file_columns", "indexes", "key", "label", "lookups",
                 "model", "name", "origin", "relations", "schema", "sql")  # fmt: skip

    def __init__(
        self,
        label: str,
        name: str,
        columns: Iterable[ColumnInfo],
        relations: Iterable[RelationInfo] = (),
        *,
        schema: str = "",
        database: str = "",
        constraints: tuple[Constraint, ...] = (),
        indexes: tuple[Index, ...] = (),
        model: Any = None,
        origin: Origin,
    ) -> None:
        self.label = label
        self.name = name
        self.schema = schema
        self.database = database
        """The name of the database that it is in, where that is not the current one."""
        self.columns = {column.field: column for column in columns}
        self.relations = {relation.name: relation for relation in relations}
        self.constraints = constraints
        self.indexes = indexes
        self.model = model
        self.origin = origin
        self.lookups: dict[str, Any] = {}
        """What names such as `author__name__gt` were found to mean (`lookups.py`)."""
        self.sql: Any = None
        """The SQLAlchemy table, once something needed it (`lowering/tables.py`)."""
        for column in self.columns.values():
            column.table = self
        for relation in self.relations.values():
            relation.table = self
        self.key = tuple(column for column in self.columns.values() if column.options.primary_key)
        own = (column for column in self.columns.values() if column.relation is None)
        self.file_columns = tuple(column for column in own if column.type.kind == "file")
        """Those that hold files; what changes them has to look after the files (`files.py`)."""

    def error(self, what: str, fix: str) -> ModelError:
        """An error that names the model's place."""
        return ModelError(what, where=(self.origin,), fix=fix)

    def get_relation(self, name: str) -> RelationInfo:
        """The relation called `name`; raises ModelError with the nearest name where there is none."""
        if name in self.relations:
            return self.relations[name]
        near = did_you_mean(name, self.relations)
        raise self.error(
            f"{self.label} has no relation {name!r}",
            f"Did you mean {near!r}?" if near else "Name one that it has.",
        )

    def find_model(self, name: str, relation: str) -> Any:
        """The model called `name`, in the same module if one there is called so."""
        found = [each for each in _subclasses(self.model.__model_base__) if each.__name__ == name]
        here = [each for each in found if each.__module__ == self.model.__module__]
        chosen = here or found
        if not chosen:
            raise self.error(
                f"{self.label}.{relation} leads to {name}, but no model is called so",
                "Import the module that defines it, or correct the name.",
            )
        return chosen[-1]


def find_forward(source: TableInfo, target: TableInfo) -> list[RelationInfo]:
    """The foreign keys of `source` that lead to `target`."""
    return [each for each in source.relations.values() if each.is_forward and each.target is target]


def find_through(relation: RelationInfo) -> Through:
    """The table of pairs: the model that the relation names, the other side's, or one made for it."""
    options = relation.options
    assert isinstance(options, RelatedOptions)
    if options.through is not None:
        return _read_through(relation, options.through)
    if options.back:
        other = relation.target.get_relation(options.back).through
        return Through(other.table, _turned(other.right), _turned(other.left))
    return _make_through(relation)


def with_pairs(infos: Iterable[TableInfo]) -> list[TableInfo]:
    """`infos` and the tables of pairs of their relations, each once."""
    found: dict[TableInfo, None] = {}
    for info in infos:
        found[info] = None
        through = (each.through.table for each in info.relations.values() if each.kind == "through")
        found |= dict.fromkeys(each for each in through if each.model is None)
    return list(found)


def _read_through(relation: RelationInfo, named: Any) -> Through:
    model = relation.table.find_model(named, relation.name) if isinstance(named, str) else named
    table: TableInfo = model.__table_info__
    left = find_forward(table, relation.table)
    right = [each for each in find_forward(table, relation.target) if each not in left[:1]]
    if not left or not right:
        raise relation.table.error(
            f"{relation!r} goes through {table.label}, which does not have a foreign key to both sides",
            f"Give {table.label} one to {relation.table.label} and one to {relation.target.label}.",
        )
    return Through(table, _turned(left[0].pairs), right[0].pairs)


def _make_through(relation: RelationInfo) -> Through:
    """A table `note_tags` with the keys of both sides, which together are its key."""
    owner, target = relation.table, relation.target
    prefixes = ("from", "to") if owner is target else (owner.name, target.name)
    sides = []
    for prefix, side in zip(prefixes, (owner, target), strict=True):
        forward = RelationInfo(prefix, "foreign_key", side.model, options=FieldOptions(on_delete="cascade"))
        made = [_key_column(f"{prefix}_{key.name}", forward) for key in side.key]
        sides.append((forward, made))
    columns = [column for _, made in sides for column in made]
    table = TableInfo(
        f"{owner.label}.{relation.name}",
        f"{owner.name}_{relation.name}",
        columns,
        [forward for forward, _ in sides],
        schema=owner.schema,
        model=None,
        origin=owner.origin,
    )
    left, right = (forward for forward, _ in sides)
    return Through(table, _turned(left.pairs), right.pairs)


def _key_column(name: str, forward: RelationInfo) -> ColumnInfo:
    return ColumnInfo(
        name, None, nullable=False, options=FieldOptions(primary_key=True), relation=forward
    )  # fmt: skip


def _turned(pairs: Pairs) -> Pairs:
    return tuple((there, here) for here, there in pairs)


def _subclasses(model: Any) -> Iterator[Any]:
    for each in model.__subclasses__():
        yield each
        yield from _subclasses(each)
