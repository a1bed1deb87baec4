from __future__ import annotations

from bistro.routing.tree import Candidate, build_tree, walk
from tests.routing.support import make_route


def names(segments: list[str], *texts: str) -> list[str]:
    routes = [make_route(text) for text in texts]
    tree = build_tree([Candidate(each, each.name, each.pattern.segments) for each in routes])
    return [candidate.endpoint for candidate, _ in walk(tree, segments)]


def test_every_route_that_fits_is_given_best_first() -> None:
    texts = ("/{x:path}", "/a/{y}", "/{x}/b", "/{x}/{y}", "/{x:int}/b", "/a/{y:slug}", "/a/b")
    assert names(["a", "b"], *texts) == ["/a/b", "/a/{y:slug}", "/a/{y}", "/{x}/b", "/{x}/{y}", "/{x:path}"]


def test_precedence_orders_any_two_routes_as_walking_does() -> None:
    texts = ("/{x:path}", "/a/{y}", "/{x}/b", "/{x}/{y}", "/a/{y:slug}", "/a/b", "/a/{rest:path}")
    candidates = [Candidate(each, each.name, each.pattern.segments) for each in map(make_route, texts)]
    ordered = [each.endpoint for each in sorted(candidates, key=lambda each: each.precedence)]
    assert ordered == names(["a", "b"], *texts)


def test_a_slash_at_the_end_is_a_segment_of_its_own() -> None:
    assert names(["a", ""], "/a/", "/a", "/a/{x}") == ["/a/"]
