"""The tree of path segments for one method and host, and the order in which its routes are tried.

How it works: each level of the tree is one segment of the path, reached by its literal text or by
`wild` for any parameter. Converters are not asked on the way but at the end, where few routes are
left. That gives the rule of precedence: **literal segments decide first, from left to right; only
routes with the same literals are told apart by their converters, from left to right, and last by
having more predicates.** Every node is visited at most once, so the work is bounded by the path's
length and the ambiguity of the routes, not by their number.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Generic, TypeVar

from msgspec import Struct, field

from bistro.ground.types import Exchange
from bistro.routing.converters import NO_MATCH, PathConverter
from bistro.routing.predicates import describe_predicate
from bistro.routing.route import Route
from bistro.routing.segments import Literal, Parameter, Segment

Endpoint = TypeVar("Endpoint")


class Candidate(Struct, Generic[Endpoint], frozen=True, eq=False):
    """A route and what to answer with; `segments` differ from the route's by a slash if that is ignored."""

    route: Route
    endpoint: Endpoint
    segments: tuple[Segment, ...]

    @property
    def parameters(self) -> list[tuple[int, Parameter]]:
        """The parameters, each with the index of its segment."""
        return [(at, segment) for at, segment in enumerate(self.segments) if isinstance(segment, Parameter)]

    @property
    def order(self) -> tuple[object, ...]:
        """Sorts the routes at one end of the tree, most specific first, however they were registered."""
        predicates = self.route.predicates
        conditions = sorted(map(describe_predicate, predicates))
        # A condition on a value is met by fewer requests than one on being there.
        valued = sum(getattr(predicate, "value", None) is not None for predicate in predicates)
        return (tuple(segment.key for segment in self.segments), -len(conditions), -valued, conditions)

    @property
    def precedence(self) -> tuple[object, ...]:
        """Sorts any two routes: by host, by literal segments, then by `order`."""
        host = self.route.host_pattern
        shape = tuple(2 if is_rest(segment) else isinstance(segment, Parameter) for segment in self.segments)
        return ((1,) if host is None else (0, host.key), shape, self.order)

    def find_values(self, segments: list[str]) -> tuple[object, ...] | None:
        """The captured values if the decoded `segments` fit, by the plain rules; otherwise None."""
        if len(segments) < len(self.segments):
            return None
        values: list[object] = []
        for at, segment in enumerate(self.segments):
            found = find_in(segment, segments, at)
            if found is NO_MATCH:
                return None
            if isinstance(segment, Parameter):
                values.append(found)
        return tuple(values)


class Node(Struct, Generic[Endpoint], eq=False):
    """A place in the tree: what may come next, the routes that end here, and those that take the rest."""

    literals: dict[str, Node[Endpoint]] = field(default_factory=dict)
    wild: Node[Endpoint] | None = None
    ends: list[Candidate[Endpoint]] = field(default_factory=list)
    rests: list[Candidate[Endpoint]] = field(default_factory=list)


def build_tree(candidates: Iterable[Candidate[Endpoint]]) -> Node[Endpoint]:
    """The tree of `candidates`, with the routes at each end in the order in which they are tried."""
    root: Node[Endpoint] = Node()
    for candidate in sorted(candidates, key=lambda each: each.order):
        _insert(root, candidate)
    return root


def walk(
    node: Node[Endpoint], segments: list[str], depth: int = 0
) -> Iterator[tuple[Candidate[Endpoint], tuple[object, ...]]]:
    """Every route that fits the decoded `segments`, best first, with its values; predicates aren't asked.

    The specification of what `matcher.py` compiles; a property test holds the two together.
    """
    if depth == len(segments):
        yield from _fitting(node.ends, segments)
        return
    literal = node.literals.get(segments[depth])
    if literal is not None:
        yield from walk(literal, segments, depth + 1)
    if node.wild is not None:
        yield from walk(node.wild, segments, depth + 1)
    yield from _fitting(node.rests, segments)


def find_by_walking(
    node: Node[Endpoint], segments: list[str], exchange: Exchange
) -> tuple[Endpoint, tuple[object, ...]] | None:
    """The answer that the compiled matcher must give."""
    for candidate, values in walk(node, segments):
        if all(predicate(exchange) for predicate in candidate.route.predicates):
            return candidate.endpoint, values
    return None


def find_in(segment: Segment, segments: list[str], at: int) -> object:
    """What `segment` makes of the decoded `segments` from `at` on: a value, or `NO_MATCH`."""
    if isinstance(segment, Parameter) and isinstance(segment.converter, PathConverter):
        return segment.converter.find_rest(segments, at)
    return segment.find(segments[at])


def is_rest(segment: Segment) -> bool:
    """Whether `segment` takes all that is left of the path."""
    return isinstance(segment, Parameter) and segment.is_rest


def _insert(root: Node[Endpoint], candidate: Candidate[Endpoint]) -> None:
    node = root
    for segment in candidate.segments:
        if isinstance(segment, Literal):
            node = node.literals.setdefault(segment.text, Node())
        elif is_rest(segment):
            node.rests.append(candidate)
            return
        else:
            node.wild = node.wild or Node()
            node = node.wild
    node.ends.append(candidate)


def _fitting(
    candidates: list[Candidate[Endpoint]], segments: list[str]
) -> Iterator[tuple[Candidate[Endpoint], tuple[object, ...]]]:
    for candidate in candidates:
        values = candidate.find_values(segments)
        if values is not None:
            yield candidate, values
