"""Values that SQLite's planner doesn't look at, so that a statement is planned once and not at each run.

How it works. SQLite plans a prepared statement with the values that are bound just then. Where a value
told it something, the plan is for that value alone, and the next one means a new plan, which costs more
than most queries that use an index. It looks behind a bare `?`, and not behind `+?`: the plus, which
changes neither a value nor how it is compared, is all that is needed.

What a value can tell is sometimes worth a plan, and there it stays a bare `?`: a pattern that begins
with letters (it becomes a range of an index), a value that says whether a partial index has the rows, a
LIMIT that says whether it is better to sort or to read in order (`select.py`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator

# Any: keys are nested tuples, SQLAlchemy's compilers take any element.
from typing import Any

from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.expression import BindParameter

from bistro.db.constraints import Index, Unique
from bistro.db.paths import PathColumn
from bistro.db.table import ColumnInfo, TableInfo


class Hidden(BindParameter[Any]):
    """A placeholder that is written `+?`."""

    inherit_cache = True


@compiles(Hidden)
def _write_hidden(element: Hidden, compiler: Any, **options: Any) -> str:
    return f"+{compiler.visit_bindparam(element, **options)}"


def hide(placeholder: BindParameter[Any]) -> Hidden:
    """The same placeholder, but for the planner."""
    return Hidden(placeholder.key, type_=placeholder.type, unique=False)


def chooses_index(key: Any) -> bool:
    """Whether a value that `key` is compared with may say that the rows are in a partial index."""
    return any(
        re.search(rf"\b{re.escape(column.name)}\b", condition, re.IGNORECASE)
        for column in _columns(key)
        for condition in _conditions(column.table)
    )


def _columns(key: Any) -> Iterator[ColumnInfo]:
    if isinstance(key, ColumnInfo):
        yield key
    elif isinstance(key, PathColumn):
        yield key.column
    elif isinstance(key, tuple):
        for each in key:
            yield from _columns(each)


def _conditions(info: TableInfo) -> Iterator[str]:
    """The conditions of a table's partial indexes."""
    for rule in (*info.indexes, *info.constraints):
        if isinstance(rule, (Index, Unique)) and rule.where:
            yield rule.where
