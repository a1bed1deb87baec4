"""Conditions by keyword, the second way: `filter(author__name__icontains="an", views__gt=3)`.

Each lookup means exactly what the typed expression means. Names come from the program; names that
come from a client go through `allowed.py`, which lets only the listed ones pass.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

# Any: a lookup has a value of any type.
from typing import Any, Final

from bistro.db.expressions import Column, Expr, Order, Predicate
from bistro.db.model_errors import QueryError
from bistro.db.paths import Path, RelationPath, compare_relation, path_of
from bistro.db.table import TableInfo
from bistro.ground.text import did_you_mean

Found = tuple[Column[Any] | RelationPath | Expr[Any], str]
LOOKUPS_MAX: Final = 1_000
"""Names that a model keeps; along a relation to itself there are any number of right ones."""
Test = Callable[[Any, Any], Predicate]
TESTS: Final[dict[str, Test]] = {
    "exact": lambda column, value: column == value,
    "not": lambda column, value: column != value,
    "gt": lambda column, value: column > value,
    "gte": lambda column, value: column >= value,
    "lt": lambda column, value: column < value,
    "lte": lambda column, value: column <= value,
    "in": lambda column, value: column.in_(value),
    "range": lambda column, value: column.between(*value),
    "isnull": lambda column, value: column.is_null() if value else column.is_not_null(),
    "has": lambda column, value: column.has(value),
    **{
        name: lambda column, value, name=name: getattr(column, name)(value)  # type: ignore[misc]  # bound at once
        for name in ("contains", "icontains", "startswith", "istartswith", "endswith", "iendswith", "iexact")
    },
}
TEXT_TESTS: Final = frozenset(
    {"contains", "icontains", "startswith", "istartswith", "endswith", "iendswith", "iexact"}
)


def read_lookups(table: TableInfo, lookups: Mapping[str, Any]) -> Iterator[Predicate]:
    """The conditions that keywords stand for. Raises QueryError with the nearest name."""
    for name, value in lookups.items():
        field, test = find_field(table, name)
        if isinstance(field, RelationPath):
            if test == "isnull":
                missing = compare_relation(path_of(field), None)
                yield missing if value else ~missing
                continue
            yield _compare(path_of(field), test, value)
            continue
        if test in TEXT_TESTS and field.type is not None and field.type.kind not in ("text", "enum"):
            raise QueryError(f"{name}: {test} is for text", fix=f"{field!r} holds {field.type.kind} values.")
        yield TESTS[test](field, value)


def read_order(table: TableInfo, name: str) -> Order:
    """The order that `"-created_at"` or `"author__name"` stands for."""
    field, test = find_field(table, name.removeprefix("-"))
    if isinstance(field, RelationPath) or test != "exact":
        raise QueryError(f"{name!r} is nothing to order by", fix="Name a column.")
    return field.desc() if name.startswith("-") else field.asc()


def find_field(table: TableInfo, name: str) -> Found:
    """The column or relation that `author__name__gt` leads to, and the test at its end."""
    found = table.lookups.get(name)
    if found is None:
        if len(table.lookups) >= LOOKUPS_MAX:
            table.lookups.clear()
        found = table.lookups[name] = _find_field(table, name)
    result: Found = found
    return result


def _find_field(table: TableInfo, name: str) -> Found:
    current: Any = table.model
    info = table
    parts = name.split("__")
    for position, part in enumerate(parts):
        if part in info.columns or part in info.relations:
            current = getattr(current, part)
            if isinstance(current, RelationPath):
                info = path_of(current).relation.target
                continue
            rest = parts[position + 1 :]
        else:
            rest = parts[position:]
        break
    else:
        return current, "exact"
    if current is table.model or len(rest) > 1 or (rest and rest[0] not in TESTS):
        raise _unknown(info, name, rest, is_column=isinstance(current, Column))
    return current, rest[0] if rest else "exact"


def _compare(path: Path, test: str, value: Any) -> Predicate:
    if test not in ("exact", "not"):
        raise QueryError(
            f"{path!r} has no test {test!r}", fix="Compare it with an instance or None, or name a field."
        )
    same = compare_relation(path, value)
    return same if test == "exact" else ~same


def _unknown(info: TableInfo, name: str, rest: list[str], *, is_column: bool) -> QueryError:
    word = rest[0] if rest else name
    known = [] if is_column else [*info.columns, *info.relations]
    near = did_you_mean(word, [*known, *TESTS])
    what = (
        f"{name!r}: there is no test {word!r}"
        if is_column
        else f"{name!r}: {info.label} has no field {word!r}"
    )
    fix = f"Did you mean {near!r}?" if near else f"There are {', '.join(known or TESTS)}."
    return QueryError(what, where=(info.origin,), fix=fix)
