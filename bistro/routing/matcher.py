"""Write the tree of routes as source: the fast form of `tree.find_by_walking`.

How it works: one function for each subtree that a dictionary leads to; inside it, levels with few
literals are comparisons, and the usual converters stand in line. Only numbers go into the text;
literals, converters, predicates and endpoints are closed over. So subtrees of one shape have one
text, which is compiled once however many routes have it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, Generic, TypeAlias, TypeVar
from zlib import crc32

from msgspec import Struct, field

from bistro.ground.codegen import compile_function
from bistro.ground.types import Exchange
from bistro.routing.converters import NO_MATCH, IntConverter, PathConverter, StrConverter
from bistro.routing.segments import Parameter
from bistro.routing.tree import Candidate, Node

Endpoint = TypeVar("Endpoint")

# Any: captured values are of whatever types the converters give.
Found: TypeAlias = tuple[Endpoint, tuple[Any, ...]] | None
Matcher: TypeAlias = Callable[[list[str], int, Exchange], Found[Endpoint]]

COMPARISONS_MAX: Final = 3
"""From here on a dictionary is faster than comparing one literal after the other."""
INDENT_MAX: Final = 24
"""Python's own limit is 100 levels; deeper subtrees become functions of their own."""
PARAMETERS_MAX: Final = 20
"""Each captured value is one level of indentation; a route with more is matched by the plain rules."""


class MatcherCompiler(Struct, Generic[Endpoint]):
    """Compiles trees; keeps the functions of each shape so that equal shapes share them."""

    # Any: a generated function that takes the closed-over objects and gives a Matcher.
    makers: dict[str, Any] = field(default_factory=dict)

    def compile(self, root: Node[Endpoint]) -> Matcher[Endpoint]:
        """The matcher for `root`; its segments begin with the empty one before the first slash."""
        return self.make(root, 1)

    def make(self, node: Node[Endpoint], depth: int) -> Matcher[Endpoint]:
        """The matcher for the subtree `node`, whose next segment is the one at `depth`."""
        writer = _Writer(self)
        writer.write_node(node, depth, 2, None)
        arguments = ", ".join(f"x{number}" for number in range(len(writer.values)))
        source = (
            f"def make({arguments}):\n    def match(segments, count, exchange):\n"
            + "".join(f"{line}\n" for line in writer.lines)
            + "        return None\n    return match\n"
        )
        maker = self.makers.get(source)
        if maker is None:
            maker = compile_function(source, "make", f"<routes {crc32(source.encode()):08x}>", {})
            self.makers[source] = maker
        matcher: Matcher[Endpoint] = maker(*writer.values)
        return matcher


class _Writer(Struct, Generic[Endpoint]):
    compiler: MatcherCompiler[Endpoint]
    lines: list[str] = field(default_factory=list)
    values: list[object] = field(default_factory=list)

    def write(self, indent: int, line: str) -> None:
        self.lines.append("    " * indent + line)

    def name(self, value: object) -> str:
        """The name under which the generated function sees `value`."""
        self.values.append(value)
        return f"x{len(self.values) - 1}"

    def write_node(self, node: Node[Endpoint], depth: int, indent: int, count: int | None) -> None:
        """`count` is the number of segments if it has been compared already, or None."""
        counts = _counts(node, depth)
        if count is None and counts is not None and len(counts) == 1:
            (count,) = counts
            self.write(indent, f"if count == {count}:")
            indent += 1
        if count == depth:
            self.write_ends(node.ends, indent)
        elif count is not None:
            self.write_next(node, depth, indent, count)
        else:
            self.write_both(node, depth, indent)

    def write_both(self, node: Node[Endpoint], depth: int, indent: int) -> None:
        if node.ends:
            self.write(indent, f"if count == {depth}:")
            self.write_ends(node.ends, indent + 1)
        if node.literals or node.wild or node.rests:
            self.write(indent, f"if count > {depth}:")
            self.write_next(node, depth, indent + 1, None)

    def write_next(self, node: Node[Endpoint], depth: int, indent: int, count: int | None) -> None:
        if node.literals:
            self.write_literals(node.literals, depth, indent, count)
        if node.wild is not None and indent < INDENT_MAX:
            self.write_node(node.wild, depth + 1, indent, count)
        elif node.wild is not None:
            self.write_call(self.name(self.compiler.make(node.wild, depth + 1)), indent)
        self.write_ends(node.rests, indent)

    def write_literals(
        self, literals: dict[str, Node[Endpoint]], depth: int, indent: int, count: int | None
    ) -> None:
        if len(literals) <= COMPARISONS_MAX and indent < INDENT_MAX:
            for text, child in literals.items():
                self.write(indent, f"if segments[{depth}] == {self.name(text)}:")
                self.write_node(child, depth + 1, indent + 1, count)
            return
        children = {text: self.compiler.make(child, depth + 1) for text, child in literals.items()}
        self.write(indent, f"child = {self.name(children)}.get(segments[{depth}])")
        self.write(indent, "if child is not None:")
        self.write_call("child", indent + 1)

    def write_call(self, matcher: str, indent: int) -> None:
        self.write(indent, f"found = {matcher}(segments, count, exchange)")
        self.write(indent, "if found is not None:")
        self.write(indent + 1, "return found")

    def write_ends(self, candidates: list[Candidate[Endpoint]], indent: int) -> None:
        for candidate in candidates:
            self.write_end(candidate, indent)

    def write_end(self, candidate: Candidate[Endpoint], indent: int) -> None:
        parameters = candidate.parameters
        if len(parameters) > PARAMETERS_MAX:
            self.write(indent, f"values = {self.name(candidate.find_values)}(segments[1:])")
            self.write(indent, "if values is not None:")
            indent += 1
        else:
            for number, (at, parameter) in enumerate(parameters):
                self.write_value(f"v{number}", at + 1, parameter, indent)
                indent += 1
        predicates = candidate.route.predicates
        if predicates:
            self.write(indent, f"if {' and '.join(f'{self.name(each)}(exchange)' for each in predicates)}:")
            indent += 1
        if len(parameters) > PARAMETERS_MAX:
            self.write(indent, f"return {self.name(candidate.endpoint)}, values")
        elif parameters:
            values = "".join(f"v{number}, " for number in range(len(parameters)))
            self.write(indent, f"return {self.name(candidate.endpoint)}, ({values})")
        else:
            self.write(indent, f"return {self.name((candidate.endpoint, ()))}")

    def write_value(self, variable: str, at: int, parameter: Parameter, indent: int) -> None:
        """Lines that end in an `if` under which `variable` is the captured value."""
        converter = parameter.converter
        no_match = ""
        if isinstance(converter, PathConverter):
            self.write(indent, f"{variable} = {self.name(converter.find_rest)}(segments, {at})")
        elif parameter.prefix or parameter.suffix:
            self.write(indent, f"{variable} = {self.name(parameter.find)}(segments[{at}])")
        elif type(converter) is StrConverter:
            # `.`, `..` and NUL were refused before for the whole path, see table.py.
            self.write(indent, f"{variable} = segments[{at}]")
            self.write(indent, f"if {variable}:")
            return
        elif type(converter) is IntConverter:
            self.write(indent, f"{variable} = segments[{at}]")
            find = self.name(converter.find)
            plain = f"{variable}.isdigit() and len({variable}) < 19 and {variable}.isascii()"
            self.write(indent, f"{variable} = int({variable}) if {plain} else {find}({variable})")
        else:
            no_match = self.name(NO_MATCH)
            self.write(indent, f"{variable} = segments[{at}]")
            self.write(
                indent, f"{variable} = {self.name(converter.find)}({variable}) if {variable} else {no_match}"
            )
        self.write(indent, f"if {variable} is not {no_match or self.name(NO_MATCH)}:")


def _counts(node: Node[Endpoint], depth: int) -> set[int] | None:
    """How many segments a path through `node` may have; None where a rest allows any number."""
    if node.rests:
        return None
    counts = {depth} if node.ends else set()
    children = [*node.literals.values(), *([node.wild] if node.wild else [])]
    for child in children:
        below = _counts(child, depth + 1)
        if below is None:
            return None
        counts |= below
    return counts
