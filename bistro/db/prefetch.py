"""Load relations of instances that are there: one query for each relation, whatever the number of rows."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from operator import attrgetter

# Any: instances are of any model, keys of any type.
from typing import Any

from bistro.db.database import Database
from bistro.db.plan import Load


async def load_relations(
    loads: Sequence[Load], found: Sequence[Any], params: tuple[Any, ...], database: Database
) -> None:
    """Give each of `found` what `loads` say; `params` are the values of the query that found them."""
    for load in loads:
        values = sum((params[first : first + count] for first, count in load.slices), ())
        await _load(load, _follow(load.owners, found), values, database)


async def _load(load: Load, owners: list[Any], params: tuple[Any, ...], database: Database) -> None:
    if not owners:
        return
    key_of = attrgetter(*load.key)
    is_single = len(load.key) == 1
    keys = dict.fromkeys(map(key_of, owners))
    groups: dict[Any, list[Any]] = {key: [] for key in keys if not _is_absent(key)}
    if groups:
        columns = [list(groups)] if is_single else [list(each) for each in zip(*groups, strict=True)]
        values = (*columns, *params)
        plan = load.plan
        rows = plan.hydrate(await database.fetch(plan.sql, plan.values(values)))
        for row in rows:
            groups[row[0] if is_single else row[:-1]].append(row[-1])
        if plan.loads and rows:
            await load_relations(plan.loads, [row[-1] for row in rows], values, database)
    # Past the slot's own setter, which would write the foreign key as well.
    fill = vars(type(owners[0]))[load.name].slot.__set__
    for owner in owners:
        group = groups.get(key_of(owner), ())
        fill(owner, list(group) if load.is_many else next(iter(group), None))


def _follow(names: tuple[str, ...], found: Iterable[Any]) -> list[Any]:
    """The instances behind to-one relations, each once and without the missing ones."""
    current = list(found)
    if not names:
        return current
    for name in names:
        current = [other for each in current if (other := getattr(each, name)) is not None]
    return list({id(each): each for each in current}.values())


def _is_absent(key: Any) -> bool:
    return key is None or (type(key) is tuple and None in key)
