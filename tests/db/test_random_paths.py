"""Random conditions along relations, of a model that also refers to itself: answered as Python walks them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bistro.db import (
    Database,
    Field,
    ForeignKey,
    ManyToMany,
    Model,
    Predicate,
    Related,
    any_of,
    auto,
    create_tables,
    get_database,
    related,
    sync,
)


class Tag(Model):
    id: Field[int] = auto()
    name: Field[str]
    nodes: Related[Node] = related("owner")
    tagged: ManyToMany[Node] = related("tags")


class Node(Model):
    id: Field[int] = auto()
    name: Field[str]
    size: Field[int]
    parent: ForeignKey[Node | None]
    owner: ForeignKey[Tag | None]
    children: Related[Node] = related("parent")
    tags: ManyToMany[Tag] = related()


MODELS: dict[str, Any] = {"Node": Node, "Tag": Tag}
RELATIONS = {
    "Node": {"parent": "Node", "owner": "Tag", "children": "Node", "tags": "Tag"},
    "Tag": {"nodes": "Node", "tagged": "Node"},
}
TO_MANY = {"children", "tags", "nodes", "tagged"}
VALUES: dict[str, dict[str, list[Any]]] = {
    "Node": {"name": ["a", "b", "c"], "size": [0, 1, 2, 3]},
    "Tag": {"name": ["a", "b", "c"]},
}
SIGNS: dict[str, Callable[[Any, Any], Any]] = {
    "==": lambda a, b: a == b, "!=": lambda a, b: a != b, "<": lambda a, b: a < b,
}  # fmt: skip
Key = tuple[str, int]
Graph = dict[Key, dict[str, Any]]
Truth = Callable[[Graph, Key], "bool | None"]


async def plant() -> Graph:
    """A few tags, and nodes in a tree, with rows of every kind missing somewhere; what Python walks on."""
    await create_tables(Tag, Node)
    tags = [await Tag.objects.create(name=name) for name in "abca"]
    nodes: list[Node] = []
    for number in range(12):
        parent = nodes[number // 3] if number % 4 and nodes else None
        owner = tags[number % 5] if number % 5 < 4 else None
        nodes.append(
            await Node.objects.create(name="abc"[number * 7 % 3], size=number % 4, parent=parent, owner=owner)
        )
        await nodes[-1].add(Node.tags, *(tag for at, tag in enumerate(tags) if (number + at) % 3 == 0))
    graph: Graph = {("Tag", tag.id): {"name": tag.name, "nodes": [], "tagged": []} for tag in tags}
    for node in nodes:
        graph["Node", node.id] = {"name": node.name, "size": node.size, "children": [], "tags": []}
    for id_, parent_id, owner_id in await get_database().fetch("select id, parent_id, owner_id from node"):
        for name, back, key in (
            ("parent", "children", ("Node", parent_id)),
            ("owner", "nodes", ("Tag", owner_id)),
        ):
            graph["Node", id_][name] = [key] if key[1] is not None else []
            for other in graph["Node", id_][name]:
                graph[other][back].append(("Node", id_))
    for node_id, tag_id in await get_database().fetch("select node_id, tag_id from node_tags"):
        graph["Node", node_id]["tags"].append(("Tag", tag_id))
        graph["Tag", tag_id]["tagged"].append(("Node", node_id))
    return graph


@dataclass(frozen=True)
class Condition:
    predicate: Predicate
    holds: Truth
    text: str

    def __repr__(self) -> str:
        return self.text


@st.composite
def comparisons(draw: st.DrawFn, model: str) -> Condition:
    """A column up to two relations away; behind several rows one of them has to fulfil it."""
    end, expression, path = model, MODELS[model], list[str]()
    for _ in range(draw(st.integers(0, 2))):
        path.append(draw(st.sampled_from(sorted(RELATIONS[end]))))
        expression, end = getattr(expression, path[-1]), RELATIONS[end][path[-1]]
    column = draw(st.sampled_from(sorted(VALUES[end])))
    sign, value = draw(st.sampled_from(sorted(SIGNS))), draw(st.sampled_from(VALUES[end][column]))

    def holds(graph: Graph, key: Key) -> bool | None:
        keys = [key]
        for name in path:
            keys = [other for each in keys for other in graph[each][name]]
        found = [bool(SIGNS[sign](graph[each][column], value)) for each in keys]
        if TO_MANY.intersection(path):
            return any(found)
        return found[0] if found else None

    text = f"{'.'.join((model, *path, column))} {sign} {value!r}"
    return Condition(SIGNS[sign](getattr(expression, column), value), holds, text)


@st.composite
def conditions(draw: st.DrawFn, model: str, depth: int = 3) -> Condition:
    kind = draw(st.sampled_from(["comparison", "comparison", "and", "or", "not", "any_of"]))
    if depth == 0 or kind == "comparison":
        return draw(comparisons(model))
    if kind == "not":
        return negated(draw(conditions(model, depth - 1)))
    if kind == "any_of":
        name = draw(st.sampled_from(sorted(TO_MANY.intersection(RELATIONS[model]))))
        inner = conditions(RELATIONS[model][name], depth - 1)
        return one_of(model, name, draw(st.lists(inner, min_size=1, max_size=2)))
    return joined(kind, draw(conditions(model, depth - 1)), draw(conditions(model, depth - 1)))


def negated(inner: Condition) -> Condition:
    def holds(graph: Graph, key: Key) -> bool | None:
        found = inner.holds(graph, key)
        return None if found is None else not found

    return Condition(~inner.predicate, holds, f"~({inner})")


def one_of(model: str, name: str, inner: list[Condition]) -> Condition:
    def holds(graph: Graph, key: Key) -> bool:
        return any(all(each.holds(graph, other) is True for each in inner) for other in graph[key][name])

    predicate = any_of(getattr(MODELS[model], name), *(each.predicate for each in inner))
    return Condition(predicate, holds, f"any_of({model}.{name}, {', '.join(map(repr, inner))})")


def joined(kind: str, left: Condition, right: Condition) -> Condition:
    ends = kind == "or"  # the value that settles it, whatever the other side is

    def holds(graph: Graph, key: Key) -> bool | None:
        found = (left.holds(graph, key), right.holds(graph, key))
        return ends if ends in found else None if None in found else not ends

    if ends:
        return Condition(left.predicate | right.predicate, holds, f"({left} | {right})")
    return Condition(left.predicate & right.predicate, holds, f"({left} & {right})")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("kind", "model"),
    [
        ("sqlite_url", "Node"),
        ("sqlite_url", "Tag"),
        pytest.param("postgres_url", "Node", marks=pytest.mark.service),
        pytest.param("postgres_url", "Tag", marks=pytest.mark.service),
    ],
)
def test_rows_are_those_that_python_finds(kind: str, model: str, request: pytest.FixtureRequest) -> None:
    with Database(request.getfixturevalue(kind)):
        graph = sync(plant())
        objects = MODELS[model].objects

        @settings(max_examples=120, deadline=None)
        @given(conditions(model))
        def ask(condition: Condition) -> None:
            keys = [key for key in sorted(graph) if key[0] == model]
            expected = [key[1] for key in keys if condition.holds(graph, key) is True]
            query = objects.filter(condition.predicate)
            assert sync(query.order_by("id").select(MODELS[model].id).all()) == expected
            assert sync(query.count()) == len(expected)

        ask()


def test_path_within_any_of_begins_at_the_inner_rows_where_the_relation_leads_back() -> None:
    with Database("sqlite://"):
        sync(plant())
        top = sync(Node.objects.create(name="top", size=9))
        middle = sync(Node.objects.create(name="middle", size=9, parent=top))
        sync(Node.objects.create(name="low", size=9, parent=middle))

        above = Node.objects.filter(any_of(Node.children, Node.children.name == "low")).select(Node.name)

        assert sync(above.all()) == ["top"]
