"""Relations as parts of queries: `Note.author.name` is a column of the author's table, reached by a join."""

from __future__ import annotations

from typing import Any  # Any: a path is typed by the model that it leads to, not by its own class.

from msgspec import UNSET

from bistro.db.expressions import Column, Predicate
from bistro.db.model_errors import QueryError
from bistro.db.table import ColumnInfo, RelationInfo, TableInfo
from bistro.ground.text import did_you_mean


class Path:
    """One or more relations from a model, as the keys of expressions have them.

    There is one object for each path, so that the same path always makes the same key.
    """

    __slots__ = ("_columns", "parent", "relation")

    def __init__(self, relation: RelationInfo, parent: Path | None = None) -> None:
        self.relation = relation
        self.parent = parent
        self._columns: dict[ColumnInfo, Column[Any]] = {}

    def __repr__(self) -> str:
        return f"{self.parent!r}.{self.relation.name}" if self.parent else repr(self.relation)

    @property
    def relations(self) -> tuple[RelationInfo, ...]:
        """The relations from the first model to the last."""
        return (*self.parent.relations, self.relation) if self.parent else (self.relation,)

    @property
    def is_many(self) -> bool:
        """Whether it may lead to several rows."""
        return any(each.is_many for each in self.relations)

    def column(self, info: ColumnInfo) -> Column[Any]:
        """A column of the model that the path leads to; one that the foreign key repeats needs no join."""
        if info not in self._columns:
            self._columns[info] = self._find_repeated(info) or Column(info, PathColumn(self, info))
        return self._columns[info]

    def _find_repeated(self, info: ColumnInfo) -> Column[Any] | None:
        pairs = self.relation.pairs if self.relation.is_forward else ()
        here = next((here for here, there in pairs if there is info), None)
        if here is None:
            return None
        return self.parent.column(here) if self.parent else Column(here)


class PathColumn:
    """The key of a column behind a path."""

    __slots__ = ("column", "path")

    def __init__(self, path: Path, column: ColumnInfo) -> None:
        self.path = path
        self.column = column

    def __repr__(self) -> str:
        return f"{self.path!r}.{self.column.field}"


class RelationPath:
    """What `Note.author` is: its attributes are the columns and relations of the model it leads to.

    Compared with an instance of that model (`Note.author == user`) it is a condition on the foreign
    key. It has no public attribute of its own, because a field may have any name.
    """

    __slots__ = ("_parts", "_path")

    def __init__(self, path: Path) -> None:
        self._path = path
        self._parts: dict[str, Any] = {}

    def __repr__(self) -> str:
        return repr(self._path)

    def __getattr__(self, name: str) -> Any:
        if name not in self._parts:
            self._parts[name] = follow(self._path, name)
        return self._parts[name]

    def __eq__(self, other: object) -> Predicate:  # type: ignore[override]  # fmt: skip  # a comparison in SQL
        return compare_relation(self._path, other)

    def __ne__(self, other: object) -> Predicate:  # type: ignore[override]  # fmt: skip  # a comparison in SQL
        return ~compare_relation(self._path, other)

    __hash__ = object.__hash__


def path_of(relation: Any) -> Path:
    """The path that `Note.author` stands for; raises QueryError for anything else."""
    if isinstance(relation, RelationPath):
        return relation._path
    raise QueryError(
        f"{relation!r} is no relation", fix="Name one as an attribute of its model: Note.author."
    )


def follow(path: Path, name: str) -> Column[Any] | RelationPath:
    """The field `name` of the model that `path` leads to."""
    target = path.relation.target
    if name in target.columns:
        return path.column(target.columns[name])
    if name in target.relations:
        return RelationPath(Path(target.relations[name], path))
    raise unknown_field(target, name)


class UnknownField(QueryError, AttributeError):
    """A field that a model does not have; an AttributeError too, as `Note.author.nme` is an attribute."""


def unknown_field(table: TableInfo, name: str) -> UnknownField:
    """The error for a field that `table` does not have, with the nearest one that it has."""
    known = [*table.columns, *table.relations]
    near = did_you_mean(name, known)
    fix = f"Did you mean {near!r}?" if near else f"It has {', '.join(known)}."
    return UnknownField(f"{table.label} has no field {name!r}", where=(table.origin,), fix=fix)


def compare_relation(path: Path, other: object) -> Predicate:
    """`path` leads to the row `other` (an instance with a key), or with None to none."""
    relation = path.relation
    pairs = [path.column(key) for key in relation.target.key]
    if other is None:
        # Behind a relation to several rows there is none where no row is.
        return Predicate(("not", ("any", path, ())), ()) if path.is_many else pairs[0].is_null()
    if not isinstance(other, relation.target.model):
        raise QueryError(
            f"{path!r} is compared with {type(other).__name__}, which is no {relation.target.label}",
            fix=f"Compare it with a {relation.target.label}, or its key with {path!r}.{pairs[0].info.field}.",
        )
    values = [getattr(other, key.field) for key in relation.target.key]
    if UNSET in values:
        raise QueryError(f"{other!r} has no key yet, so nothing can lead to it", fix="Save it first.")
    conditions = [each == value for each, value in zip(pairs, values, strict=True)]
    result: Predicate = conditions[0]
    for condition in conditions[1:]:
        result &= condition
    return result
