"""The verbs that change rows. What a verb writes is decided by which fields have a value."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from functools import partial
from operator import attrgetter

# Any: instances are of any model, values of any type.
from typing import Any, Final, TypeVar
from uuid import UUID

from msgspec import UNSET, Struct

from bistro.db.database import Database
from bistro.db.errors import ValueNotStorable
from bistro.db.expressions import Assignment, operand
from bistro.db.files import change_files, delete_with_files, have_uploads, keeping
from bistro.db.keys import VALUE
from bistro.db.model_errors import QueryError
from bistro.db.paths import unknown_field
from bistro.db.plan import Plan
from bistro.db.planning import get_plan, make_plan
from bistro.db.recipe import Recipe
from bistro.db.scopes import check_values, fill_in, find_scope
from bistro.db.shape import NODES_MAX, RootShape, Shape
from bistro.db.storage import find_reader
from bistro.db.table import ColumnInfo, RelationInfo, TableInfo
from bistro.db.unstorable import name_fields
from bistro.ground.codegen import check_identifier, compile_function
from bistro.ground.stored_files import StoredFile

T = TypeVar("T")
Store = Callable[[Sequence[Any], Sequence[Any]], None]
DELETE: Final = ("delete",)
# Values that are no expression, no relation, and no part of a query's form: nearly all of an update's.
PLAIN: Final = frozenset({int, str, float, bytes, Decimal, datetime, date, UUID})


class InsertPlan(Struct, frozen=True, eq=False):
    """The plan of an INSERT: which fields it reads from an instance, and how it sets others afterwards.

    `store` gives instances what the database made, each from its row; None where that is nothing.
    """

    plan: Plan
    read: Any
    store: Store | None


# --- updating -------------------------------------------------------------------------------------------


def make_assignments(
    table: TableInfo, changes: Iterable[Assignment | Mapping[str, Any] | Struct], values: Mapping[str, Any]
) -> list[Assignment]:
    """The columns to change and their new values. Raises UnknownField."""
    found: dict[ColumnInfo, Assignment] = {}
    for change in changes:
        if isinstance(change, Assignment):
            if change.column.table is not table:
                raise QueryError(
                    f"{change.column!r} is no column of {table.label}", fix="Set its own columns."
                )
            found[change.column] = change
        else:
            given = change if isinstance(change, Mapping) else set_fields(change)
            found |= {each.column: each for each in _named(table, given)}
    found |= {each.column: each for each in _named(table, values)}
    if not found:
        raise QueryError("an update that changes nothing", fix="Name a field and its new value.")
    return list(found.values())


def _named(table: TableInfo, values: Mapping[str, Any]) -> Iterator[Assignment]:
    for name, value in values.items():
        if name in table.relations and table.relations[name].is_forward:
            relation = table.relations[name]
            if value is not None and not isinstance(value, relation.target.model):
                raise QueryError(
                    f"{relation!r} is a {relation.target.label}, not {type(value).__name__}",
                    fix=f"Give one, or set {relation.columns[0].field}.",
                )
            for here, there in relation.pairs:
                yield Assignment(here, *operand(None if value is None else getattr(value, there.field)))
            continue
        if name not in table.columns:
            raise unknown_field(table, name)
        if table.columns[name].options.computed is not None:
            raise QueryError(
                f"{table.label}.{name} is computed by the database", fix="Change what it depends on."
            )
        yield Assignment(table.columns[name], *operand(value))


def set_fields(data: Struct) -> dict[str, Any]:
    """The fields of a Struct that have a value, e.g. of `Note.Update`."""
    pairs = ((name, getattr(data, name)) for name in data.__struct_fields__)
    return {name: value for name, value in pairs if value is not UNSET}


def plain_update(root: RootShape, names: tuple[str, ...]) -> Any:
    """The step of an update that gives these fields plain values."""
    step = root.updates.get(names)
    if step is None:
        if len(root.updates) > NODES_MAX:
            root.updates.clear()
        assignments = make_assignments(root.info, (), dict.fromkeys(names, 0))
        step = root.updates[names] = ("update", tuple((each.column, each.key) for each in assignments))
    return step


async def change_plainly(
    shape: Shape, params: tuple[Any, ...], values: Mapping[str, Any], database: Database
) -> int:
    """Give the rows of a query plain values (`plain_update`); how many there were."""
    plan: Plan = shape.plans.get(database.dialect) or get_plan(shape, database.dialect)
    shape.used = True
    try:
        return await database.execute(plan.sql, plan.values((*params, *values.values())))
    except ValueNotStorable as error:
        columns = [shape.table.columns[name] for name in values]
        raise name_fields(error, columns, [tuple(values.values())], database.dialect) from error


async def change_rows(
    shape: Shape,
    params: tuple[Any, ...],
    assignments: list[Assignment],
    database: Database,
    fresh: Collection[StoredFile] = (),
) -> int:
    """Update the rows of a query; how many there were. `fresh` are files that were kept for it."""
    for each in assignments:
        # What an expression comes to can't be known: it is no value that the scope allows.
        check_values(shape.table, [each.column], each.params if each.key is VALUE else [each])
    files = shape.table.file_columns
    if files and any(each.column in files for each in assignments):
        change = partial(_change_rows, shape, params, database)
        return await change_files(shape, params, assignments, database, change, fresh)
    return await _change_rows(shape, params, database, assignments)


async def _change_rows(
    shape: Shape, params: tuple[Any, ...], database: Database, assignments: list[Assignment]
) -> int:
    step = ("update", tuple((each.column, each.key) for each in assignments))
    plan = get_plan(shape.child(step), database.dialect)
    try:
        return await database.execute(
            plan.sql, plan.values(sum((each.params for each in assignments), params))
        )
    except ValueNotStorable as error:
        plain = [each for each in assignments if each.key is VALUE]
        columns, row = [each.column for each in plain], [each.params[0] for each in plain]
        raise name_fields(error, columns, [row], database.dialect) from error


# --- deleting -------------------------------------------------------------------------------------------


async def delete_rows(shape: Shape, params: tuple[Any, ...], database: Database) -> int:
    """Delete the rows of a query; how many there were."""
    plan = get_plan(shape.child(DELETE), database.dialect)
    if not shape.table.file_columns:
        return await database.execute(plan.sql, plan.values(params))

    async def delete() -> int:
        return await database.execute(plan.sql, plan.values(params))

    return await delete_with_files(shape, params, database, delete)


# --- creating -------------------------------------------------------------------------------------------


def make_instance(table: TableInfo, data: Struct | None, values: Mapping[str, Any]) -> Any:
    """An instance of the model, not stored yet. Raises UnknownField."""
    given = {**(set_fields(data) if data is not None else {}), **values}
    for name in given:
        if name not in table.columns and name not in table.relations:
            raise unknown_field(table, name)
    return table.model(**given)


async def insert(root: Shape, instance: Any, database: Database) -> None:
    """Store a new row; the instance gets what the database made: key, times, computed columns."""
    if root.table.file_columns and have_uploads(root.table, (instance,)):
        async with keeping(database) as kept:
            await kept.keep_all(root.table, (instance,))
            await _insert(root, instance, database)
    else:
        await _insert(root, instance, database)


async def _insert(root: Shape, instance: Any, database: Database) -> None:
    names = written_fields(root.root, instance)
    made = insert_plan(root, names, database.dialect)
    plan, values = made.plan, made.read(instance)
    try:
        if made.store is None:
            await database.execute(plan.sql, plan.values(values))
        else:
            made.store((instance,), plan.hydrate(await database.fetch(plan.sql, plan.values(values))))
    except ValueNotStorable as error:
        columns = [root.table.columns[name] for name in names]
        raise name_fields(error, columns, [values], database.dialect) from error


def written_fields(root: RootShape, instance: Any) -> tuple[str, ...]:
    """The fields of an instance that have a value; a relation's key is taken from the other instance."""
    return _names_of(root, _find_written(root, (instance,))[0])


def group_by_fields(root: RootShape, instances: Sequence[Any]) -> dict[tuple[str, ...], list[Any]]:
    """The instances by the fields that have a value; most often all are alike."""
    flags = _find_written(root, instances)
    if len(set(flags)) == 1:
        return {_names_of(root, flags[0]): list(instances)}
    groups: dict[tuple[str, ...], list[Any]] = {}
    for each, instance in zip(flags, instances, strict=True):
        groups.setdefault(_names_of(root, each), []).append(instance)
    return groups


def _find_written(root: RootShape, instances: Sequence[Any]) -> list[tuple[bool, ...]]:
    if root.find_written is None:
        root.find_written = write_find_written(root.info)
    flags: list[tuple[bool, ...]] = root.find_written(instances)
    if find_scope() is not None:
        # The keys of relations have been taken now, so that none can lead out of the scope.
        fill_in(root.info, instances)
        flags = root.find_written(instances)
    return flags


def _names_of(root: RootShape, flags: tuple[bool, ...]) -> tuple[str, ...]:
    names = root.written.get(flags)
    if names is None:
        if len(root.written) > NODES_MAX:
            root.written.clear()
        columns = (name for name, column in root.info.columns.items() if column.options.computed is None)
        names = root.written[flags] = tuple(name for name, flag in zip(columns, flags, strict=True) if flag)
    return names


def write_find_written(table: TableInfo) -> Any:
    """A function that says of instances' columns whether there is a value for each, written for the model."""
    lines = []
    names: dict[str, Any] = {"UNSET": UNSET, "take_key": _take_key}
    for number, relation in enumerate(table.relations.values()):
        if relation.is_forward:
            names[f"relation_{number}"] = relation
            names[f"slot_{number}"] = vars(table.model)[relation.name].slot.__get__
            lines.append(f"        if slot_{number}(each) is not UNSET:")
            lines.append(f"            take_key(relation_{number}, each)")
    if lines:
        lines.insert(0, "    for each in instances:")
    columns = (name for name, column in table.columns.items() if column.options.computed is None)
    flags = "".join(f"each.{check_identifier(name)} is not UNSET, " for name in columns)
    source = "\n".join(
        ["def find_written(instances):", *lines, f"    return [({flags}) for each in instances]", ""]
    )
    return compile_function(source, "find_written", f"<fields of {table.label}>", names)


def _take_key(relation: RelationInfo, instance: Any) -> None:
    other = vars(type(instance))[relation.name].slot.__get__(instance)
    if other is None:
        return
    for here, there in relation.pairs:
        value = getattr(other, there.field)
        if value is UNSET:
            raise QueryError(
                f"{relation!r} is not stored yet, so nothing can name it", fix="Create it first."
            )
        setattr(instance, here.field, value)


def insert_plan(root: Shape, names: tuple[str, ...], dialect: Any) -> InsertPlan:
    shape = root.child(("insert", names))
    made: InsertPlan | None = shape.plans.get(dialect)
    if made is None:
        returned = others(root.table, names)
        plan = make_plan(shape, dialect, lambda: _compile_insert(root.table, names, returned, dialect))
        plan = without_conversion(plan, root.table, returned, dialect)
        made = shape.plans[dialect] = InsertPlan(plan, reader(names), write_store(returned))
    shape.used = True
    return made


def _compile_insert(
    table: TableInfo, names: tuple[str, ...], returned: tuple[str, ...], dialect: Any
) -> Recipe:
    # Imported late, here and below: what makes SQL loads SQLAlchemy.
    from bistro.db.lowering.change import compile_insert

    return compile_insert(table, names, returned, dialect)


def others(table: TableInfo, names: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(name for name in table.columns if name not in names)


def reader(names: tuple[str, ...]) -> Any:
    """From an instance to the tuple of its values."""
    if len(names) > 1:
        return attrgetter(*names)
    return (lambda instance: (getattr(instance, names[0]),)) if names else (lambda _: ())


def without_conversion(plan: Plan, table: TableInfo, returned: tuple[str, ...], dialect: str) -> Plan:
    """The plan with the rows as they are, where the driver gives every value as it is wanted."""
    types = (table.columns[name].type for name in returned)
    needs_none = not any(find_reader(type_, dialect) for type_ in types)
    return Plan(plan.sql, plan.bind, _as_it_is) if needs_none else plan


def _as_it_is(rows: list[Any]) -> list[Any]:
    return rows


def write_store(returned: tuple[str, ...]) -> Store | None:
    """A function that gives each instance the values of its row."""
    if not returned:
        return None
    values = "".join(f"v{number}, " for number in range(len(returned)))
    lines = [f"        each.{check_identifier(name)} = v{number}" for number, name in enumerate(returned)]
    head = f"    for each, ({values}) in zip(instances, rows, strict=True):"
    source = "\n".join(["def store(instances, rows):", head, *lines, ""])
    store: Store = compile_function(source, "store", "<what the database made>", {"zip": zip})
    return store


def field_names(of: Iterable[Any]) -> tuple[str, ...]:
    """The names of fields that are given as columns or as names."""
    return tuple(each if isinstance(each, str) else each.info.field for each in of)


def changed_fields(instance: Any, table: TableInfo) -> dict[str, Any]:
    """All columns of an instance that an update may set."""
    return {
        name: value
        for name, column in table.columns.items()
        if (value := getattr(instance, name)) is not UNSET
        and not column.is_key
        and column.options.computed is None
        and not column.options.on_update
    }
