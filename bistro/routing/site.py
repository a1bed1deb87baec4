"""All the routes of one host, compiled: a dictionary for fixed paths, a function per method for others."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Generic, TypeVar

from msgspec.structs import replace

from bistro.ground.types import Exchange
from bistro.http.url import quote_path, unquote_path
from bistro.routing.matcher import Found, Matcher, MatcherCompiler
from bistro.routing.segments import Literal
from bistro.routing.tree import Candidate, Node, build_tree, walk

Endpoint = TypeVar("Endpoint")


class StaticPaths(dict[str, dict[str, Endpoint]]):
    """Method → path as sent → endpoint. A method that no route has is an empty dictionary."""

    def __missing__(self, method: str) -> dict[str, Endpoint]:
        # Not kept: a client chooses the method, and must not fill the memory with it.
        return {}


class Site(Generic[Endpoint]):
    """Finds the endpoint for method and path among the routes of one host."""

    def __init__(
        self,
        candidates: Mapping[str, Iterable[Candidate[Endpoint]]],
        compiler: MatcherCompiler[Endpoint],
        *,
        slash_ignored: bool,
    ) -> None:
        self.static: StaticPaths[Endpoint] = StaticPaths()
        self.static_texts: dict[str, dict[str, Endpoint]] = {}
        self.trees: dict[str, Node[Endpoint]] = {}
        self._matchers: dict[str, Matcher[Endpoint]] = {}
        for method, given in candidates.items():
            both = [each for one in given for each in _with_alias(one, slash_ignored)]
            self._add(method, both, compiler)

    def find(self, method: str, path: str, exchange: Exchange) -> Found[Endpoint]:
        """The endpoint and the captured values for `path` as sent, or None."""
        endpoint = self.static[method].get(path)
        if endpoint is not None:
            return endpoint, ()
        return self.find_dynamic(method, path, exchange)

    def find_dynamic(self, method: str, path: str, exchange: Exchange) -> Found[Endpoint]:
        """`find` for a path that is not in `static`. Raises BadRequest for escapes that don't decode."""
        if "%" in path or "/." in path:
            return self._find_unusual(method, path, exchange)
        matcher = self._matchers.get(method)
        if matcher is None:
            return None
        segments = path.split("/")
        return matcher(segments, len(segments), exchange)

    def could_answer(self, method: str, path: str) -> bool:
        """Whether any route fits `path`, whatever its predicates would say."""
        if path in self.static[method]:
            return True
        tree = self.trees.get(method)
        return tree is not None and any(True for _ in walk(tree, read_segments(path)[1:]))

    def _find_unusual(self, method: str, path: str, exchange: Exchange) -> Found[Endpoint]:
        segments = read_segments(path)
        # RFC 3986 §5.2.4: clients take these out; what still has them asks for another path than it shows.
        if "." in segments or ".." in segments:
            return None
        text = "/".join(segments)
        if text.count("/") == len(segments) - 1:
            endpoint = self.static_texts.get(method, {}).get(text)
            if endpoint is not None:
                return endpoint, ()
        matcher = self._matchers.get(method)
        return None if matcher is None else matcher(segments, len(segments), exchange)

    def _add(
        self, method: str, candidates: list[Candidate[Endpoint]], compiler: MatcherCompiler[Endpoint]
    ) -> None:
        conditional = {_text(each) for each in candidates if each.route.predicates}
        paths: dict[str, Endpoint] = {}
        texts: dict[str, Endpoint] = {}
        in_tree: list[Candidate[Endpoint]] = []
        for candidate in candidates:
            text = _text(candidate)
            if candidate.parameters or text in conditional:
                in_tree.append(candidate)
                continue
            texts[text] = candidate.endpoint
            for path in _paths_for(text):
                paths[path] = candidate.endpoint
        self.static[method] = paths
        self.static_texts[method] = texts
        if in_tree:
            self.trees[method] = build_tree(in_tree)
            self._matchers[method] = compiler.compile(self.trees[method])


def read_segments(path: str) -> list[str]:
    """The decoded segments of `path`, beginning with the empty one before the first slash.

    An encoded slash stays inside its segment. Raises BadRequest for a malformed escape, for what is
    not UTF-8, and for NUL. Linear in the length of `path`.
    """
    if "%" not in path:
        return path.split("/")
    if "%2F" not in path and "%2f" not in path:
        return unquote_path(path).split("/")
    # Percent signs and slashes are escaped once more, so that after decoding the only percent signs
    # are those of %25 and %2F, which can be told from the slashes between the segments.
    escaped = path.replace("%25", "%2525").replace("%2F", "%252F").replace("%2f", "%252F")
    segments = unquote_path(escaped).split("/")
    return [segment.replace("%2F", "/").replace("%25", "%") for segment in segments]


def _with_alias(candidate: Candidate[Endpoint], slash_ignored: bool) -> list[Candidate[Endpoint]]:
    pattern = candidate.route.pattern
    if not slash_ignored or pattern.ends_with_rest or pattern.text == "/":
        return [candidate]
    segments = candidate.segments[:-1] if pattern.ends_with_slash else (*candidate.segments, Literal(""))
    return [candidate, replace(candidate, segments=segments)]


def _text(candidate: Candidate[Endpoint]) -> str:
    """The decoded path; one that no static route can have for a route with parameters."""
    if candidate.parameters:
        return ""
    return "".join(f"/{segment.text}" for segment in candidate.segments if isinstance(segment, Literal))


def _paths_for(text: str) -> set[str]:
    """The path as `url()` writes it, and as it may be sent without any escape."""
    quoted = quote_path(text)
    return {quoted, text} if text.isascii() and "%" not in text else {quoted}
