"""Where the columns of an expression come from: the table of a query, and what is joined to it on the way."""

from __future__ import annotations

# Any: SQLAlchemy's FROM elements share no useful type.
from typing import Any

import sqlalchemy as sa

from bistro.db.column_types import ColumnType
from bistro.db.lowering.tables import table_of
from bistro.db.model_errors import QueryError
from bistro.db.paths import Path, PathColumn
from bistro.db.shape import Shape
from bistro.db.table import ColumnInfo, RelationInfo, TableInfo


class Scope:
    """The table of one SELECT and its joins; `outer` is the scope of the query around it.

    `prefix` is the path that the scope begins behind, where it stands for rows that a relation of
    the outer query leads to. With `is_implied` it stands for the one column behind that path alone:
    all other names mean the rows of the scopes around it.
    """

    def __init__(
        self,
        info: TableInfo,
        *,
        outer: Scope | None = None,
        prefix: Path | None = None,
        is_implied: bool = False,
    ) -> None:
        self.info = info
        self.outer = outer
        self.prefix = prefix
        self.is_implied = is_implied
        self.depth: int = outer.depth + 1 if outer else 0
        # A subquery may be about a table of the outer one; only a name of its own keeps them apart.
        table = table_of(info)
        self.table: Any = table.alias(f"{info.name}_{self.depth}") if self.depth else table
        self.joined: dict[Path, Any] = {} if prefix is None else {prefix: self.table}
        self.source: Any = self.table
        self.ctes: dict[tuple[str, Shape], list[tuple[Any, ColumnType | None]]] = {}
        """The columns, with their types, of the queries under a name that are joined, by name and form."""

    def column(self, key: ColumnInfo | PathColumn) -> Any:
        """The SQL column of a key, joined where it must be. Raises QueryError for another model's."""
        if isinstance(key, PathColumn):
            return self.join(key.path).c[key.column.name]
        scope: Scope | None = self
        while scope is not None:
            if scope.info is key.table and not scope.is_implied:
                return scope.table.c[key.name]
            scope = scope.outer
        raise QueryError(
            f"{key!r} is no column of {self.info.label}",
            fix=f"Reach it by a relation of {self.info.label}, or use a subquery.",
        )

    def column_of_cte(self, name: str, shape: Shape, number: int) -> tuple[Any, ColumnType | None]:
        """A column of a query under a name. Raises QueryError where that is not joined."""
        scope: Scope | None = self
        while scope is not None:
            if (name, shape) in scope.ctes:
                return scope.ctes[name, shape][number]
            scope = scope.outer
        raise QueryError(f"{name} is not part of the query", fix=f"Add it: .join({name}, …).")

    def join(self, path: Path) -> Any:
        """The table that `path` leads to."""
        scope = self.home_of(path)
        if path not in scope.joined:
            scope.joined[path] = scope._join(path)
        return scope.joined[path]

    def home_of(self, path: Path) -> Scope:
        """The scope that a path belongs to: the one that begins behind it, or the one of its first table.

        Raises QueryError where there is none.
        """
        scope: Scope | None = self
        while scope is not None:
            if scope._is_behind(path):
                return scope
            if scope.info is path.relations[0].table and not scope.is_implied:
                return scope
            scope = scope.outer
        raise QueryError(
            f"{path!r} is no relation of {self.info.label}", fix="Begin with the query's own model."
        )

    def _is_behind(self, path: Path) -> bool:
        return self.prefix is not None and _begins_with(path, self.prefix)

    def _join(self, path: Path) -> Any:
        relation = path.relation
        before = self.join(path.parent) if path.parent else self.table
        names = [each.name for each in path.relations]
        if self.depth and not self._is_behind(path):
            # The query around this one may have joined a table by the same names.
            names.insert(0, self.table.name)
        alias = table_of(relation.target).alias("__".join(names))
        # Rows without the relation stay: it is a condition on the other side that may drop them.
        optional = relation.kind != "foreign_key" or relation.nullable or path.parent is not None
        if relation.kind == "through":
            pairs = table_of(relation.through.table).alias(f"{alias.name}__pairs")
            self.source = self.source.outerjoin(pairs, equal(before, relation.through.left, pairs))
            condition = equal(pairs, relation.through.right, alias)
        else:
            condition = equal(before, relation.pairs, alias)
        self.source = self.source.join(alias, condition, isouter=optional)
        return alias


def related_rows(scope: Scope, path: Path, *, is_implied: bool = False) -> tuple[Scope, Any]:
    """A scope for the rows that a relation leads to, and the condition that ties them to the outer row."""
    relation: RelationInfo = path.relation
    before = scope.join(path.parent) if path.parent else scope.home_of(path).table
    # Where a relation leads back to its own model, a path from there begins at the inner rows.
    leads_back = relation.target is path.relations[0].table and not is_implied
    inner = Scope(relation.target, outer=scope, prefix=None if leads_back else path, is_implied=is_implied)
    if relation.kind == "through":
        pairs = table_of(relation.through.table).alias(f"{inner.table.name}__pairs")
        inner.source = inner.source.join(pairs, equal(pairs, relation.through.right, inner.table))
        return inner, equal(before, relation.through.left, pairs)
    return inner, equal(before, relation.pairs, inner.table)


def equal(left: Any, pairs: tuple[tuple[ColumnInfo, ColumnInfo], ...], right: Any) -> Any:
    """The condition that joins two tables."""
    return sa.and_(*(left.c[here.name] == right.c[there.name] for here, there in pairs))


def _begins_with(path: Path, prefix: Path) -> bool:
    current: Path | None = path
    while current is not None:
        if current is prefix:
            return True
        current = current.parent
    return False
