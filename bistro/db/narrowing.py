"""What a query finds: the verbs that give another query of the same rows' kind, and ask nothing."""

from __future__ import annotations

# Any: steps are nested tuples, and lookups have values of any type.
from typing import Any, Self, TypeVar

from bistro.db.arguments import as_order, no_condition, row_count
from bistro.db.creating import Creating
from bistro.db.cte import Cte
from bistro.db.database import Database
from bistro.db.expressions import Column, Expr, Order, Predicate, Subquery
from bistro.db.lookups import read_lookups
from bistro.db.model_errors import QueryError
from bistro.db.paths import path_of
from bistro.db.scopes import find_scope, narrow
from bistro.db.shape import Shape

T = TypeVar("T")

LIMIT = ("limit",)
OFFSET = ("offset",)


class Narrowing(Creating[T], Subquery[T]):
    """The form of a question and its values, and what can be said of the rows."""

    __slots__ = ("database", "params", "shape")

    def __init__(self, shape: Shape, params: tuple[Any, ...] = (), database: Database | None = None) -> None:
        self.shape = shape
        self.params = params
        self.database = database

    def __repr__(self) -> str:
        return f"<Query of {self.shape.table.label}: {self.shape.steps()}>"

    def __bool__(self) -> bool:
        raise QueryError(
            "a query is neither true nor false before it is asked", fix="await it, or its exists()."
        )

    @property
    def key(self) -> Shape:  # pyright: ignore[reportIncompatibleVariableOverride]  # fmt: skip  # what it is as a part of another
        """The form of the query, for one that has it as a part."""
        return self.shape

    def part(self) -> tuple[Shape, tuple[Any, ...]]:
        """Its form and values with the conditions that hold here (`scoped`)."""
        scope = find_scope()
        return (self.shape, self.params) if scope is None else narrow(scope, self.shape, self.params)

    def in_scope(self) -> Self:
        """The query with the conditions that hold here (`scoped`)."""
        scope = find_scope()
        if scope is None:
            return self
        return type(self)(*narrow(scope, self.shape, self.params), self.database)

    def filter(self, *conditions: Predicate | bool, **lookups: Any) -> Self:
        """Only rows that fulfil all of these: `filter(Note.views > 3)`, or `filter(views__gt=3)`."""
        shape, params = self.shape, self.params
        for condition in (*conditions, *read_lookups(shape.table, lookups)) if lookups else conditions:
            if not isinstance(condition, Predicate):
                raise no_condition(condition)
            shape = shape.child(("where", condition.key))
            params += condition.params
        return type(self)(shape, params, self.database)

    def exclude(self, *conditions: Predicate | bool, **lookups: Any) -> Self:
        """Only rows that do not fulfil all of these; a row where SQL can't tell is not among them."""
        whole: Predicate | None = None
        for condition in (*conditions, *read_lookups(self.shape.table, lookups)):
            if not isinstance(condition, Predicate):
                raise no_condition(condition)
            whole = condition if whole is None else whole & condition
        return self if whole is None else self.filter(~whole)

    def order_by(self, *orders: Order | Expr[Any] | str) -> Self:
        """In this order: `order_by(Note.title, Note.id.desc())`, or `order_by("title", "-id")`.

        A later call replaces an earlier one. Without any, rows come in no order.
        """
        step: list[Any] = ["order"]
        params = self.params
        for each in orders:
            order = each if isinstance(each, Order) else as_order(each, self.shape.table)
            step.append(order.key)
            params += order.params
        return type(self)(self.shape.child(tuple(step)), params, self.database)

    def reverse(self) -> Self:
        """In the opposite order."""
        return self._step(("reverse",))

    def limit(self, number: int) -> Self:
        """At most this many rows."""
        return self._step(LIMIT, (row_count(number),))

    def offset(self, number: int) -> Self:
        """Without this many rows at the beginning."""
        return self._step(OFFSET, (row_count(number),))

    def distinct(self, *of: Expr[Any]) -> Self:
        """Each different row once; with expressions (PostgreSQL), the first row for each value of them."""
        return self._step(("distinct", *(each.key for each in of)), sum((each.params for each in of), ()))

    def load(self, *relations: Any, query: Narrowing[Any] | None = None) -> Self:
        """With these relations, one step or more away: `load(Note.author, Note.comments.author)`.

        One row comes by a join, several by one more query for all rows. `query` says which of
        several rows and in which order: `load(Note.comments, query=Comment.objects.order_by(…))`.
        """
        result = self
        for relation in relations:
            path = path_of(relation)
            if query is None:
                result = result._step(("load", path, None, 0))
            else:
                if query.shape.table is not path.relation.target:
                    raise QueryError(
                        f"{path!r} is loaded by a query of {query.shape.table.label}",
                        fix=f"Give it one of {path.relation.target.label}.objects.",
                    )
                shape, params = query.part()
                result = result._step(("load", path, shape, len(params)), params)
        return result

    def for_update(self, *, skip_locked: bool = False, nowait: bool = False) -> Self:
        """Lock the rows until the transaction ends (PostgreSQL; SQLite locks as a whole when it writes).

        Rows that are locked already are waited for, left out (`skip_locked`) or an error (`nowait`).
        """
        return self._step(("lock", skip_locked, nowait))

    def using(self, database: Database) -> Self:
        """Ask this database instead of the current one."""
        return type(self)(self.shape, self.params, database)

    def group_by(self, *of: Expr[Any]) -> Self:
        """One row for each different value of these; what is selected besides is an aggregate."""
        return self._step(("group", *(each.key for each in of)), sum((each.params for each in of), ()))

    def having(self, condition: Predicate) -> Self:
        """Only groups that fulfil it: `having(count() > 3)`."""
        return self._step(("having", condition.key), condition.params)

    def cte(self, name: str) -> Cte:
        """The query under a name (`WITH name AS …`), for `join`; its columns are `cte[expression]`."""
        return Cte(name, *self.part())

    def join(self, cte: Cte, on: Predicate, *, optional: bool = False) -> Self:
        """Each row beside the rows of a `cte` that `on` ties to it; with `optional`, or beside nothing."""
        if not isinstance(on, Predicate):
            raise no_condition(on)
        return self._step(("join", cte.name, cte.shape, optional, on.key), cte.params + on.params)

    def tree(self, relation: Any, *, down: bool = True) -> Self:
        """The rows and everything below them: `tree(Folder.parent)`, where each row names its parent.

        With `down=False` everything above them. A circle is walked once.
        """
        path = path_of(relation)
        if (
            path.parent is not None
            or path.relation.target is not self.shape.table
            or not path.relation.is_forward
        ):
            raise QueryError(
                f"{path!r} does not lead from a row to its parent", fix="Name a key to the same model."
            )
        return self._step(("tree", path.relation, down))

    def _step(self, step: Any, params: tuple[Any, ...] = ()) -> Self:
        return type(self)(self.shape.child(step), self.params + params, self.database)

    def _is_ordered(self) -> bool:
        last = next((step for step in reversed(self.shape.steps()) if step[0] == "order"), ())
        return len(last) > 1

    def _ordered(self) -> Self:
        """In the order of the key where none was given, so that "first" means something."""
        steps = self.shape.steps()
        if self._is_ordered() or any(step[0] in ("select", "compound") for step in steps):
            return self
        return self.order_by(*(Column[Any](column).asc() for column in self.shape.table.key))
