"""Queries: what `Note.objects` and its verbs give. Building one touches no database.

    notes = await Note.objects.filter(Note.views > 10).order_by(Note.created_at.desc()).limit(20)

Each verb gives a new query and leaves the old one as it was; nothing is asked before `await`,
`async for` or one of the verbs that are coroutines. `_key`s of steps are read in `lowering/`.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Generator, Mapping

# Any: steps are nested tuples, and lookups have values of any type.
from typing import Any, Self, TypeVar, overload

from msgspec import Struct

from bistro.db.arguments import no_condition, selected
from bistro.db.database import Database, get_database
from bistro.db.errors import RowNotFound
from bistro.db.expressions import Assignment, Expr, Predicate
from bistro.db.model_errors import ManyFound, QueryError
from bistro.db.narrowing import Narrowing
from bistro.db.pages import PageOf, Slice, cursor_orders, read_cursor, slice_of
from bistro.db.plan import Plan
from bistro.db.planning import get_plan
from bistro.db.prefetch import load_relations
from bistro.db.scopes import check_values
from bistro.db.write import PLAIN, change_plainly, change_rows, delete_rows, make_assignments, plain_update

T = TypeVar("T")
A = TypeVar("A")
B = TypeVar("B")
C = TypeVar("C")
D = TypeVar("D")
E = TypeVar("E")

COUNT = ("count",)
EXISTS = ("exists",)


class Query(Narrowing[T]):
    """A question to the database; `await` it for a list of what it finds."""

    __slots__ = ()

    @overload
    def select(self, a: Expr[A] | type[A], /) -> Query[A]: ...
    @overload
    def select(self, a: Expr[A] | type[A], b: Expr[B] | type[B], /) -> Query[tuple[A, B]]: ...
    @overload
    def select(
        self, a: Expr[A] | type[A], b: Expr[B] | type[B], c: Expr[C] | type[C], /
    ) -> Query[tuple[A, B, C]]: ...
    @overload
    def select(
        self, a: Expr[A] | type[A], b: Expr[B] | type[B], c: Expr[C] | type[C], d: Expr[D] | type[D], /
    ) -> Query[tuple[A, B, C, D]]: ...
    @overload
    def select(
        self,
        a: Expr[A] | type[A],
        b: Expr[B] | type[B],
        c: Expr[C] | type[C],
        d: Expr[D] | type[D],
        e: Expr[E] | type[E],
        /,
    ) -> Query[tuple[A, B, C, D, E]]: ...
    @overload
    def select(self, *parts: Any) -> Query[Any]: ...
    def select(self, *parts: Any) -> Any:
        """These values instead of instances: one as it is, several as tuples; a model is a whole row."""
        if not parts:
            raise QueryError("select() of nothing", fix="Name columns, expressions or the model.")
        keys, params = [], ()
        for part in parts:
            key, more = selected(part, self.shape.table)
            keys.append(key)
            params += more
        return Query(self.shape.child(("select", *keys)), self.params + params, self.database)

    def union(self, other: Query[T], *, all: bool = False) -> Query[T]:
        """The rows of both queries, each once; with `all`, as often as they come."""
        return self._compound("union_all" if all else "union", other)

    def intersect(self, other: Query[T]) -> Query[T]:
        """The rows that both queries have."""
        return self._compound("intersect", other)

    def difference(self, other: Query[T]) -> Query[T]:
        """The rows that the other query does not have."""
        return self._compound("except", other)

    # --- asking -----------------------------------------------------------------------------------------

    def __await__(self) -> Generator[Any, Any, list[T]]:
        return self.all().__await__()

    def __aiter__(self) -> AsyncIterator[T]:
        return self.iterate()

    async def all(self) -> list[T]:
        """All rows, as `await` gives them."""
        query, database = self.in_scope(), self.database or get_database(self.shape.root.info.database)
        plan, rows = query._ask(database)
        found: list[T] = plan.hydrate(await rows)
        if plan.loads and found:
            await load_relations(plan.loads, found, query.params, database)
        return found

    def _ask(self, database: Database) -> tuple[Plan, Awaitable[list[Any]]]:
        shape, params = self.shape, self.params
        plan: Plan = shape.plans.get(database.dialect) or get_plan(shape, database.dialect)
        shape.used = True
        return plan, database.fetch(plan.sql, params if plan.bind is None else plan.bind(params))

    async def iterate(self, *, batch_size: int = 500) -> AsyncIterator[T]:
        """Row after row, read in batches: a large result is never in memory as a whole."""
        database = self.database or get_database(self.shape.root.info.database)
        shape, params = self.part()
        plan = get_plan(shape, database.dialect)
        async for rows in database.iterate(plan.sql, plan.values(params), batch_size=batch_size):
            found = plan.hydrate(rows)
            if plan.loads:
                await load_relations(plan.loads, found, params, database)
            for each in found:
                yield each

    async def get(self, *conditions: Predicate | bool, **lookups: Any) -> T:
        """The one row. Raises RowNotFound, which is a 404 in a handler, or ManyFound."""
        query = self._narrow(conditions, lookups).in_scope()
        database = self.database or get_database(self.shape.root.info.database)
        # As in all(), one coroutine less: this is the commonest query of all.
        plan, rows = query._ask(database)
        found: list[T] = plan.hydrate(await rows)
        if plan.loads and found:
            await load_relations(plan.loads, found, query.params, database)
        if len(found) == 1:
            return found[0]
        if found:
            raise self._many()
        label = self.shape.table.label
        raise RowNotFound(
            f"there is no such {label}", fix="Use find(), which gives None, where none is fine."
        )

    async def find(self, *conditions: Predicate | bool, **lookups: Any) -> T | None:
        """The one row, or None. Raises ManyFound."""
        found = await self._narrow(conditions, lookups).all()
        if len(found) > 1:
            raise self._many()
        return found[0] if found else None

    async def first(self) -> T | None:
        """The first row in the query's order (by default that of the key), or None."""
        found = await self._ordered().limit(1).all()
        return found[0] if found else None

    async def last(self) -> T | None:
        """The last row in the query's order (by default that of the key), or None."""
        found = await self._ordered().reverse().limit(1).all()
        return found[0] if found else None

    async def count(self) -> int:
        """How many rows."""
        return int(await self._value(COUNT))

    async def exists(self) -> bool:
        """Whether there is a row."""
        return bool(await self._value(EXISTS))

    async def aggregate(self, *of: Expr[Any]) -> Any:
        """Values out of all rows, one as it is, several as a tuple: `aggregate(count())`."""
        return (await self.select(*of).all())[0]

    async def page(self, number: int = 1, *, size: int = 20) -> PageOf[T]:
        """Rows by page number, from 1, with how many there are in all; order the query first."""
        number = max(number, 1)
        cut = self._ordered().limit(size).offset((number - 1) * size)
        total = await self.order_by().count()
        return PageOf(await cut.all(), number=number, size=size, total=total)

    async def slice(self, after: str = "", *, size: int = 20) -> Slice[T]:
        """The rows behind the place `after`, which an earlier slice gave as its `next`.

        A page by place costs the same however far it is, and no row is missed or seen twice when
        others come and go. The query is ordered by columns of its own table; the key is added.
        """
        orders = cursor_orders(self.shape)
        query = self._step(("order", *(each.key for each in orders)))
        if after:
            query = query.filter(read_cursor(after, orders, self.shape.table))
        return slice_of(await query.limit(size + 1).all(), orders, size)

    # --- changing ---------------------------------------------------------------------------------------

    async def update(self, *changes: Assignment | Mapping[str, Any] | Struct, **values: Any) -> int:
        """Change every row that fits; how many there were.

        `update(title="new")`, `update(Note.views.set(Note.views + 1))`, or the changes of a form.
        """
        database = self.database or get_database(self.shape.root.info.database)
        if values and not changes and PLAIN.issuperset(map(type, values.values())):
            step = plain_update(self.shape.root, tuple(values))
            shape, params = self.part()
            if shape is not self.shape:
                check_values(shape.table, [column for column, _ in step[1]], tuple(values.values()))
            return await change_plainly(shape.child(step), params, values, database)
        assignments = make_assignments(self.shape.table, changes, values)
        return await change_rows(*self.part(), assignments, database)

    async def delete(self) -> int:
        """Delete every row that fits; how many there were. The database deletes what hangs on them."""
        database = self.database or get_database(self.shape.root.info.database)
        return await delete_rows(*self.part(), database)

    # --- looking at it ------------------------------------------------------------------------------------

    def as_sql(self, dialect: str | None = None) -> tuple[str, tuple[Any, ...]]:
        """The SQL and its parameters, for one of "sqlite" and "postgresql" or the current database."""
        shape, params = self.part()
        plan = get_plan(
            shape, dialect or (self.database or get_database(self.shape.root.info.database)).dialect
        )
        return plan.sql, tuple(plan.values(params))

    async def explain(self, *, analyze: bool = False) -> str:
        """How the database goes about it; with `analyze` (PostgreSQL) it is run, and timed."""
        database = self.database or get_database(self.shape.root.info.database)
        sql, values = self.as_sql(database.dialect)
        words = "EXPLAIN QUERY PLAN " if database.dialect == "sqlite" else "EXPLAIN "
        if analyze and database.dialect == "postgresql":
            words = "EXPLAIN (ANALYZE) "
        return "\n".join(str(row[-1]) for row in await database.fetch(words + sql, values))

    def type_of_first(self) -> Any:
        """What the first selected column holds, for its use in another query."""
        step = next((each for each in reversed(self.shape.steps()) if each[0] == "select"), None)
        key = step[1] if step else None
        return getattr(key, "type", None) or getattr(getattr(key, "column", None), "type", None)

    # --- helpers ------------------------------------------------------------------------------------------

    def _narrow(self, conditions: tuple[Predicate | bool, ...], lookups: dict[str, Any]) -> Self:
        """The query for at most two rows: enough to know whether there is one."""
        if len(conditions) == 1 and not lookups:
            # The commonest query of all, in one step.
            condition = conditions[0]
            if not isinstance(condition, Predicate):
                raise no_condition(condition)
            shape = self.shape.child(("get", condition.key))
            return type(self)(shape, self.params + condition.params, self.database)
        return self.filter(*conditions, **lookups)._step(("two",))

    async def _value(self, step: Any) -> Any:
        database = self.database or get_database(self.shape.root.info.database)
        shape, params = self.part()
        plan = get_plan(shape.child(step), database.dialect)
        return (await database.fetch(plan.sql, plan.values(params)))[0][0]

    async def _find(self, values: Mapping[str, Any]) -> T | None:
        return await self.find(**values)

    def _many(self) -> ManyFound:
        return ManyFound(
            f"there are several such {self.shape.table.label}", fix="Use first(), or a narrower condition."
        )

    def _compound(self, kind: str, other: Query[T]) -> Query[T]:
        shape, params = other.part()
        step = ("compound", kind, shape, len(params))
        return Query(self.shape.child(step), self.params + params, self.database)
