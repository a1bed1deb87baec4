"""From the steps of a query to one SELECT, and to what its rows are made into."""

from __future__ import annotations

from collections.abc import Callable

# Any: keys are nested tuples, SQLAlchemy's elements share no useful type.
from typing import Any, Final

import sqlalchemy as sa
from msgspec import Struct
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.sql import operators

from bistro.db.column_types import INTEGER, ColumnType
from bistro.db.hydrate import Item, ModelItem, ValueItem
from bistro.db.lowering.expressions import CONDITIONS_AND_VALUES, Context, lower, lower_condition
from bistro.db.lowering.functions import FUNCTIONS, lower_order
from bistro.db.lowering.hidden import hide
from bistro.db.lowering.loading import LoadTree, plant
from bistro.db.lowering.parameters import Parameters
from bistro.db.lowering.scope import Scope
from bistro.db.lowering.tables import table_of
from bistro.db.model_errors import QueryError
from bistro.db.paths import Path
from bistro.db.shape import Shape
from bistro.db.table import RelationInfo, TableInfo

OPERATORS: Final = {**CONDITIONS_AND_VALUES, **FUNCTIONS}


class Parts(Struct):
    """What the steps of a query said, each already in SQL."""

    where: list[Any] = []
    orders: list[Any] = []
    groups: list[Any] = []
    having: list[Any] = []
    distinct: list[Any] | None = None
    limit: Any = None
    offset: Any = None
    lock: tuple[bool, bool] | None = None
    selected: list[Any] = []
    items: list[Item] = []
    compounds: list[tuple[str, Any]] = []
    is_single: bool = True
    is_reversed: bool = False

    @property
    def orders_to_write(self) -> list[Any]:
        """The orders, from the other end where they were reversed."""
        return [_opposite(each) for each in self.orders] if self.is_reversed else self.orders

    @property
    def is_cut(self) -> bool:
        """Whether it has what can only stand at the end of a whole SELECT."""
        return bool(self.orders or self.compounds) or self.limit is not None or self.offset is not None


class Selection(Struct):
    """A SELECT, what its rows are, and what is loaded after it."""

    statement: Any
    items: list[Item]
    is_single: bool
    loads: LoadTree


class Lowering:
    """Lowers the steps of one query. A query within another shares its parameters."""

    def __init__(self, info: TableInfo, parameters: Parameters, outer: Scope | None = None) -> None:
        self.parameters = parameters
        self.scope = Scope(info, outer=outer)
        self.context = Context(self.scope, parameters, OPERATORS, select_within)
        self.parts = Parts()
        self.loads = LoadTree()

    def read(self, steps: list[Any]) -> None:
        """Take the steps in, in the order of the query's values."""
        for step in steps:
            getattr(self, f"_read_{step[0]}")(step)

    def selection(self) -> Selection:
        """The whole SELECT."""
        parts = self.parts
        if not parts.items:
            parts.items = [self._model_item()]
        elif self.loads.children:
            raise QueryError(
                "load() is for whole instances, not for what select() gives", fix="Select the relation."
            )
        statement = sa.select(*parts.selected).select_from(self.scope.source)
        statement = self._with_rows(statement)
        if parts.compounds:
            statement = self._with_compounds(statement)
        statement = self._with_order(statement)
        return Selection(statement, parts.items, parts.is_single, self.loads)

    def for_each(self, keys: list[Any], selection: Selection) -> Any:
        """The SELECT of a relation's rows, each behind the key of the row it belongs to.

        A limit is one for each of these rows, not for all together: they are numbered.
        """
        parts = self.parts
        columns = [*keys, *parts.selected]
        if parts.limit is None and parts.offset is None:
            return selection.statement.with_only_columns(*columns, maintain_column_froms=True)
        orders = parts.orders_to_write or [self.scope.table.c[key.name] for key in self.scope.info.key]
        number = sa.func.row_number().over(partition_by=keys, order_by=orders).label("row_number")
        numbered = sa.select(*columns, number).select_from(self.scope.source)
        inner: Any = self._with_rows(numbered).subquery("numbered")
        start = parts.offset if parts.offset is not None else sa.literal_column("0")
        statement = sa.select(*list(inner.c)[:-1]).where(inner.c.row_number > start)
        if parts.limit is not None:
            statement = statement.where(inner.c.row_number <= start + parts.limit)
        return statement.order_by(inner.c.row_number)

    def value(self, of: Any) -> Any:
        """A SELECT of one value about the rows, e.g. their number; what is cut off does not count."""
        parts = self.parts
        if (
            parts.limit is None
            and parts.offset is None
            and not parts.compounds
            and not parts.groups
            and (parts.distinct is None)
        ):
            return self._with_rows(sa.select(of).select_from(self.scope.source))
        return sa.select(of).select_from(self.selection().statement.subquery())

    # --- the steps --------------------------------------------------------------------------------------

    def _read_where(self, step: Any) -> None:
        self.parts.where.append(lower_condition(self.context, step[1]))

    def _read_get(self, step: Any) -> None:
        self._read_where(step)
        self._read_two(step)

    def _read_two(self, step: Any) -> None:
        # No more than two rows tell whether there is one; a smaller limit of the query's own stays.
        if self.parts.limit is None:
            self.parts.limit = sa.literal_column("2")

    def _read_order(self, step: Any) -> None:
        self.parts.orders = [lower_order(self.context, key) for key in step[1:]]

    def _read_reverse(self, step: Any) -> None:
        self.parts.is_reversed = not self.parts.is_reversed

    def _read_limit(self, step: Any) -> None:
        self.parts.limit = self.parameters.next(INTEGER)

    def _read_offset(self, step: Any) -> None:
        self.parts.offset = self.parameters.next(INTEGER)

    def _read_distinct(self, step: Any) -> None:
        if len(step) > 1 and self.context.dialect == "sqlite":
            raise QueryError(
                "SQLite has no DISTINCT ON", fix="Use distinct() without columns, or group_by()."
            )
        self.parts.distinct = [lower(self.context, key).sql for key in step[1:]]

    def _read_group(self, step: Any) -> None:
        self.parts.groups = [lower(self.context, key).sql for key in step[1:]]

    def _read_having(self, step: Any) -> None:
        self.parts.having.append(lower(self.context, step[1]).sql)

    def _read_lock(self, step: Any) -> None:
        self.parts.lock = (step[1], step[2])

    def _read_load(self, step: Any) -> None:
        _, path, shape, count = step
        plant(self.loads, path, shape, self.parameters.skip(count), count)

    def _read_select(self, step: Any) -> None:
        parts = self.parts
        parts.items, parts.selected = [], []
        for key in step[1:]:
            if isinstance(key, tuple) and key[0] == "model":
                parts.items.append(self._model_item(key[1]))
                continue
            of = lower(self.context, key)
            parts.selected.append(of.sql)
            parts.items.append(ValueItem(of.type))
        parts.is_single = len(parts.items) == 1

    def _read_compound(self, step: Any) -> None:
        _, kind, shape, _ = step
        if self.parts.limit is not None or self.parts.offset is not None:
            raise QueryError(
                "limit() and offset() before a union would be lost",
                fix="Put them behind it, or in the other query.",
            )
        lowering = Lowering(shape.table, self.parameters)
        lowering.read(shape.steps())
        other = lowering.selection().statement
        if lowering.parts.is_cut:
            # SQLite has no parentheses around a part of a union.
            other = sa.select(*other.subquery().c)
        self.parts.compounds.append((kind, other))

    def _read_join(self, step: Any) -> None:
        _, name, shape, optional, on = step
        if any(known == name for known, _ in self.scope.ctes):
            raise QueryError(f"{name} is joined twice", fix="Join two queries under two names.")
        lowering = Lowering(shape.table, self.parameters)
        lowering.read(shape.steps())
        selection = lowering.selection()
        cte = selection.statement.cte(name)
        types = [type_ for item in selection.items for type_ in _types_of(item)]
        self.scope.ctes[name, shape] = list(zip(cte.c, types, strict=True))
        condition = lower_condition(self.context, on)
        self.scope.source = self.scope.source.join(cte, condition, isouter=optional)

    def _read_tree(self, step: Any) -> None:
        self.scope.table, self.scope.source = _walk_tree(self, step[1], down=step[2])
        self.scope.joined = {}
        self.parts.where = []

    # --- writing ------------------------------------------------------------------------------------------

    def _with_rows(self, statement: Any) -> Any:
        parts = self.parts
        if parts.where:
            statement = statement.where(*parts.where)
        if parts.groups:
            statement = statement.group_by(*parts.groups)
        if parts.having:
            statement = statement.having(*parts.having)
        return statement

    def _with_compounds(self, statement: Any) -> Any:
        for kind, other in self.parts.compounds:
            statement = getattr(sa, {"except": "except_"}.get(kind, kind))(statement, other)
        return statement

    def _with_order(self, statement: Any) -> Any:
        parts = self.parts
        if parts.distinct is not None:
            on = parts.distinct
            statement = statement.ext(distinct_on(*on)) if on else statement.distinct()
        if parts.orders:
            orders = parts.orders_to_write
            if parts.compounds:
                # By their places: SQLite takes a name for that of any table of the first part.
                orders = [_by_place(each, parts.selected) for each in orders]
            statement = statement.order_by(*orders)
        if parts.limit is not None:
            statement = statement.limit(parts.limit)
        offset = parts.offset
        if offset is None and parts.limit is not None and self.context.dialect == "sqlite":
            # Else SQLAlchemy writes OFFSET with a parameter of its own.
            offset = sa.literal_column("0")
        if offset is not None:
            statement = statement.offset(offset)
        if parts.lock is not None and self.context.dialect == "postgresql":
            skip_locked, nowait = parts.lock
            statement = statement.with_for_update(skip_locked=skip_locked, nowait=nowait, of=self.scope.table)
        return statement

    def _model_item(self, path: Path | None = None) -> ModelItem:
        """All columns of the model, and of those that are loaded by a join."""
        if path is not None:
            table = self.scope.join(path)
            return self._item(path.relation.target, table, LoadTree(), optional=True)
        return self._item(self.scope.info, self.scope.table, self.loads)

    def _item(self, info: TableInfo, table: Any, loads: LoadTree, *, optional: bool = False) -> ModelItem:
        self.parts.selected += [table.c[column.name] for column in info.columns.values()]
        joined = {}
        # In the order of the relations' slots, in which the loop over the rows takes them.
        for name, relation in info.relations.items():
            child = loads.children.get(name)
            if child is not None and not relation.is_many and child.shape is None:
                inner = self.scope.join(child.path)
                joined[name] = self._item(relation.target, inner, child, optional=_may_miss(child.path))
        return ModelItem(info, joined, optional)


def select_of(shape: Shape, parameters: Parameters) -> Selection:
    """The SELECT of a query, whose values come next among `parameters`."""
    lowering = Lowering(shape.table, parameters)
    lowering.read(shape.steps())
    parts = lowering.parts
    if parameters.dialect == "sqlite" and _is_limit_indifferent(parts):
        parts.limit = hide(parts.limit)
    return lowering.selection()


def _is_limit_indifferent(parts: Parts) -> bool:
    """Whether the same plan is right for every limit.

    It isn't where rows can be found by one index and sorted, or read in order by another until enough
    of them fulfil the conditions.
    """
    if not isinstance(parts.limit, sa.BindParameter) or (parts.where and parts.orders):
        return False
    return not parts.groups and not parts.compounds and parts.distinct is None


def select_within(shape: Shape, outer: Scope, parameters: Parameters) -> Any:
    """The SELECT of a query within another; a whole model stands for its key."""
    lowering = Lowering(shape.table, parameters, outer)
    lowering.read(shape.steps())
    if not lowering.parts.items:
        keys = shape.table.key
        lowering.parts.items = [ValueItem(key.type) for key in keys]
        lowering.parts.selected = [lowering.scope.table.c[key.name] for key in keys]
    return lowering.selection().statement


def _types_of(item: Item) -> list[ColumnType | None]:
    if isinstance(item, ModelItem):
        return [column.type for column in item.info.columns.values()]
    return [item.type]


def _may_miss(path: Path) -> bool:
    return any(each.nullable or each.kind != "foreign_key" for each in path.relations)


def _by_place(order: Any, selected: list[Any]) -> Any:
    """The same order by the number of the selected column. Raises QueryError where it is not selected."""
    if isinstance(order, sa.UnaryExpression) and order.modifier in _MODIFIERS:
        return _MODIFIERS[order.modifier](_by_place(order.element, selected))
    for number, each in enumerate(selected, 1):
        if each.compare(order):
            return sa.literal_column(str(number))
    raise QueryError(
        "order_by() behind a union is by what is selected", fix="Select it in all parts as well."
    )


_MODIFIERS: Final[dict[Any, Callable[[Any], Any]]] = {
    operators.asc_op: sa.asc,
    operators.desc_op: sa.desc,
    operators.nulls_first_op: sa.nulls_first,
    operators.nulls_last_op: sa.nulls_last,
}


def _opposite(order: Any) -> Any:
    """The same order from the other end."""
    modifiers = []
    while order.modifier in (operators.nulls_first_op, operators.nulls_last_op):
        modifiers.append(order.modifier)
        order = order.element
    turned = order.element.desc() if order.modifier is operators.asc_op else order.element.asc()
    for modifier in modifiers:
        turned = turned.nulls_last() if modifier is operators.nulls_first_op else turned.nulls_first()
    return turned


def _walk_tree(lowering: Lowering, relation: RelationInfo, *, down: bool) -> tuple[Any, Any]:
    """A recursive WITH: the rows found so far, then again and again the rows next to them."""
    info = lowering.scope.info
    start = sa.select(*lowering.scope.table.c).select_from(lowering.scope.source)
    if lowering.parts.where:
        start = start.where(*lowering.parts.where)
    tree = start.cte(f"{info.name}_tree", recursive=True)
    more = table_of(info).alias(f"{info.name}_more")
    pairs = [
        (more.c[here.name] == tree.c[there.name]) if down else (more.c[there.name] == tree.c[here.name])
        for here, there in relation.pairs
    ]
    # UNION and not UNION ALL: a row is taken once, so that a circle ends.
    tree = tree.union(sa.select(*more.c).join(tree, sa.and_(*pairs)))
    return tree, tree
