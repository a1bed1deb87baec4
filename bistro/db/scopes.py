"""`scoped(…)`: conditions that every query of a model has from here on, such as "only this tenant's rows".

How it works: the conditions are kept beside the current database, so they hold for one request, task
or block. They are added when a query is asked, whenever it was built; the form with them is found
once and kept at the query's own form. A query that became a part of another one before the scope
began can't get them any more, and is refused.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from types import TracebackType

# Any: keys are nested tuples, instances are of any model.
from typing import Any

from msgspec import UNSET
from msgspec.structs import replace

from bistro.db.current import Current, current_scope
from bistro.db.database import get_database
from bistro.db.expressions import Predicate
from bistro.db.keys import VALUE
from bistro.db.model_errors import QueryError
from bistro.db.paths import Path, PathColumn
from bistro.db.shape import Shape
from bistro.db.table import ColumnInfo, TableInfo


class Scope:
    """The conditions that hold, by the table that they are about."""

    __slots__ = ("by_table", "signature")

    def __init__(self, by_table: dict[TableInfo, Predicate]) -> None:
        self.by_table = by_table
        self.signature = ("scope", *((table, condition.key) for table, condition in by_table.items()))


class scoped:  # noqa: N801 - it reads as the word that it is: `with scoped(…):`
    """Narrow every query of a model: `with scoped(Note.owner_id == user.id):`.

    Each condition is about the columns of one model. Until the end of the block, or of the request
    after `.enter()`, queries, updates and deletes that begin at the model, and relations that lead
    to its rows, have it as well. A new row gets the value of a column that has to equal one, and is
    refused with another (QueryError). SQL of your own (`raw`, `fetch`) is not narrowed.
    """

    def __init__(self, *conditions: Predicate) -> None:
        self._conditions = conditions
        self._before: Current | None = None

    def enter(self) -> None:
        """Have it hold until the end of this request or task."""
        before = current_scope.get() or Current(get_database())
        by_table = dict(before.scope.by_table) if isinstance(before.scope, Scope) else {}
        for condition in self._conditions:
            table = _table_of(condition)
            by_table[table] = by_table[table] & condition if table in by_table else condition
        current_scope.set(replace(before, scope=Scope(by_table)))

    def __enter__(self) -> None:
        self._before = current_scope.get()
        self.enter()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        current_scope.set(self._before)


class unscoped:  # noqa: N801 - as above
    """Lift what `scoped` said, of these models or of all, within the block: `with unscoped(Note):`."""

    def __init__(self, *models: Any) -> None:
        self._tables = [model.__table_info__ for model in models]
        self._before: Current | None = None

    def __enter__(self) -> None:
        self._before = current_scope.get()
        scope = find_scope()
        if self._before is not None and scope is not None:
            by_table = scope.by_table.items() if self._tables else ()
            rest = {table: each for table, each in by_table if table not in self._tables}
            current_scope.set(replace(self._before, scope=Scope(rest) if rest else None))

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        current_scope.set(self._before)


def find_scope() -> Scope | None:
    """The conditions that hold here, if any."""
    current = current_scope.get()
    scope = None if current is None else current.scope
    return scope if isinstance(scope, Scope) else None


def narrow(scope: Scope, shape: Shape, params: tuple[Any, ...]) -> tuple[Shape, tuple[Any, ...]]:
    """A query's form and values with the conditions of `scope`. Raises QueryError."""
    made = shape.plans.get(scope.signature)  # type: ignore[call-overload]  # beside the plans
    if made is None:
        made = shape.plans[scope.signature] = _narrow(scope, shape)  # type: ignore[index]  # beside the plans
    narrowed, tables = made
    return narrowed, sum((scope.by_table[table].params for table in tables), params)


def _narrow(scope: Scope, shape: Shape) -> tuple[Shape, tuple[TableInfo, ...]]:
    tables: list[TableInfo] = []
    steps, narrowed = shape.steps(), shape
    for part in _embedded(steps):
        _check(scope, part)
    if shape.table in scope.by_table:
        narrowed = narrowed.child(("where", scope.by_table[shape.table].key))
        tables.append(shape.table)
    own = {step[1] for step in steps if step[0] == "load" and step[2] is not None}
    loaded = [step[1] for step in steps if step[0] == "load"]
    for path, rows, condition in narrowed_loads(scope, loaded):
        if path not in own:
            narrowed = narrowed.child(("load", path, rows, len(condition.params)))
            tables.append(path.relation.target)
    return narrowed, tuple(tables)


def narrowed_loads(scope: Scope, paths: Iterable[Path]) -> Iterator[tuple[Path, Shape, Predicate]]:
    """The relations on the way of `paths` that lead to rows with a condition, and the query for these."""
    seen: dict[Path, None] = {}
    for path in paths:
        part: Path | None = path
        while part is not None:
            seen[part] = None
            part = part.parent
    for each in seen:
        condition = scope.by_table.get(each.relation.target)
        if condition is not None:
            rows = each.relation.target.model.objects.shape.child(("where", condition.key))
            yield each, rows, condition


def _embedded(part: Any) -> Iterator[Shape]:
    """The queries within a query."""
    if isinstance(part, Shape):
        yield part
        part = part.steps()
    if isinstance(part, tuple | list):
        for each in part:
            yield from _embedded(each)


def _check(scope: Scope, shape: Shape) -> None:
    condition = scope.by_table.get(shape.table)
    if condition is not None and ("where", condition.key) not in shape.steps():
        raise QueryError(
            f"a query of {shape.table.label} within another one was built outside of scoped(…)",
            fix="Build it where the scope holds, or lift that with unscoped(…).",
        )


# --- new rows, and new values ---------------------------------------------------------------------------


def fill_in(table: TableInfo, instances: Sequence[Any]) -> None:
    """Give new rows what the scope wants of them. Raises QueryError where they say something else."""
    scope = find_scope()
    condition = scope.by_table.get(table) if scope is not None else None
    for column, value in _equalities(condition):
        for instance in instances:
            given = getattr(instance, column.field)
            if given is UNSET or (given is None and value is not None):
                setattr(instance, column.field, value)
            elif given != value:
                raise _outside(column, given)


def check_upsert(table: TableInfo, on: Sequence[str]) -> None:
    """Look whether an upsert could change a row outside of the scope. Raises QueryError."""
    scope = find_scope()
    condition = scope.by_table.get(table) if scope is not None else None
    if condition is None:
        return
    names = [column.field for column, _ in _equalities(condition)]
    if not names or not set(names) <= set(on):
        raise QueryError(
            f"an upsert of {table.label} could change a row outside of what scoped(…) allows",
            fix=f"Have {', '.join(names)} among `on`, with a unique rule over them."
            if names
            else "Use update().",
        )


def check_values(table: TableInfo, columns: Sequence[ColumnInfo], values: Sequence[Any]) -> None:
    """Look whether an update would move rows out of the scope. Raises QueryError."""
    scope = find_scope()
    condition = scope.by_table.get(table) if scope is not None else None
    wanted = dict(_equalities(condition))
    for column, value in zip(columns, values, strict=True):
        if column in wanted and value != wanted[column]:
            raise _outside(column, value)


def _equalities(condition: Predicate | None) -> Iterator[tuple[ColumnInfo, Any]]:
    """The columns that have to equal a value, as far as the condition is a row of such comparisons."""
    if condition is None:
        return
    parts = condition.key[1:] if condition.key[0] == "and" else (condition.key,)
    if all(part[0] == "eq" and isinstance(part[1], ColumnInfo) and part[2] is VALUE for part in parts):
        yield from zip((part[1] for part in parts), condition.params, strict=True)


def _outside(column: ColumnInfo, value: Any) -> QueryError:
    return QueryError(
        f"{column!r} = {value!r} is outside of what scoped(…) allows", fix="Leave it out; it is filled in."
    )


def _table_of(condition: Predicate) -> TableInfo:
    tables = set(_tables(condition.key))
    if len(tables) != 1:
        raise QueryError(
            "a condition of scoped(…) is about the columns of one model",
            fix="Give one condition for each model.",
        )
    return tables.pop()


def _tables(key: Any) -> Iterator[TableInfo]:
    if isinstance(key, ColumnInfo):
        yield key.table
    elif isinstance(key, PathColumn):
        yield key.path.relations[0].table
    elif isinstance(key, tuple):
        for each in key:
            yield from _tables(each)
