"""Instances that load relations together: `load` of one is a query for all, the first time.

How it works: the instances of an answer share one `Peers`, found by their identity as long as they
live. Where one of them loads a relation, all get it, and it is noted who has it: a `load` of these has
nothing to do, until they get another key or other pairs, or other conditions hold (`scoped`).
"""

from __future__ import annotations

import asyncio
import weakref
from collections.abc import Iterable, Sequence

# Any: instances are of any model.
from typing import Any, Final, TypeVar

from bistro.db import rows
from bistro.db.database import Database
from bistro.db.paths import Path, path_of
from bistro.db.scopes import Scope, find_scope

Instances = TypeVar("Instances", bound=Sequence[Any])


class Peers:
    """Instances of one model, as long as somebody else holds them."""

    __slots__ = ("given", "lock", "members")

    def __init__(self) -> None:
        self.members: dict[int, weakref.ref[Any]] = {}
        self.given: dict[Path, tuple[Scope | None, Database | None, set[int]]] = {}
        """For a relation: under which conditions it was read, and who has it."""
        self.lock = asyncio.Lock()

    def add(self, instance: Any) -> None:
        """Let `instance` be one of them, unless it has peers already."""
        key = id(instance)
        if key not in _peers:
            _peers[key] = self
            # The identity is free for another object as soon as this one is gone.
            self.members[key] = weakref.ref(instance, lambda _: self._forget(key))

    def _forget(self, key: int) -> None:
        del _peers[key], self.members[key]
        for _, _, those in self.given.values():
            those.discard(key)

    def has(self, instance: Any, path: Path, using: Database | None) -> bool:
        """Whether `instance` has the relation as this question would find it."""
        if path not in self.given:
            return False
        scope, database, those = self.given[path]
        if id(instance) not in those or scope is not find_scope() or database is not using:
            return False
        first = path.relations[0]
        if not first.is_forward:
            return True
        other = getattr(instance, first.name)
        return all(
            getattr(instance, here.field) == (None if other is None else getattr(other, there.field))
            for here, there in first.pairs
        )

    def drop(self, instance: Any, path: Path) -> None:
        """Let `instance` read the relation anew: it has changed."""
        for each, (_, _, those) in self.given.items():
            if each.relations[0] is path.relations[0]:
                those.discard(id(instance))


_peers: Final[dict[int, Peers]] = {}


def together(instances: Instances) -> Instances:
    """`instances` as they are; from now on, what one of them loads is loaded for all, by one query.

        for note in together(await Note.objects.all()):
            await note.load(Note.author)          # asks the database once, not once for each note

    What was loaded so does the same in its turn. An instance that has the relation keeps it; to read
    it again, use `load_relations`. For code that gets its rows one by one; a query that
    knows what is needed says so with `load`.
    """
    _join(instances)
    return instances


async def load(instance: Any, relations: Iterable[Any], using: Database | None) -> None:
    """Load relations of `instance`, and of its peers where it has some."""
    peers = _peers.get(id(instance))
    if peers is None:
        await rows.load([instance], tuple(relations), using)
        return
    # Several that ask at once: the first one's query is the others' answer.
    async with peers.lock:
        for relation in relations:
            if not peers.has(instance, path_of(relation), using):
                await _load(peers, instance, relation, using)


async def _load(peers: Peers, instance: Any, relation: Any, using: Database | None) -> None:
    path = path_of(relation)
    if path in peers.given:
        await rows.load([instance], [relation], using)
        scope, database, those = peers.given[path]
        if scope is find_scope() and database is using:
            those.add(id(instance))
        return
    members = [member for ref in peers.members.values() if (member := ref()) is not None]
    await rows.load(members, [relation], using)
    peers.given[path] = (find_scope(), using, set(map(id, members)))
    reached: list[Any] = members
    for step in path.relations:
        found = [getattr(each, step.name) for each in reached]
        reached = [each for many in found for each in many] if step.is_many else found
        reached = [each for each in reached if each is not None]
        _join(reached)


def changed(instance: Any, relation: Any) -> None:
    """Have `instance` read a relation anew when it loads it again: its pairs are others now."""
    peers = _peers.get(id(instance))
    if peers is not None:
        peers.drop(instance, path_of(relation))


def _join(instances: Iterable[Any]) -> None:
    peers: dict[type, Peers] = {}
    for each in instances:
        peers.setdefault(type(each), Peers()).add(each)
