"""Reads the text of a path pattern into segments, or says what is wrong with it and how to write it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final, NoReturn

from msgspec import Struct

from bistro.ground.codegen import check_identifier
from bistro.ground.registry import Origin
from bistro.routing.converters import Converter, ConverterEntry
from bistro.routing.errors import PatternError, suggestion
from bistro.routing.segments import Literal, Parameter, Segment

RESERVED_NAMES: Final = frozenset({"query", "fragment", "absolute_base"})
"""Keywords of `url()`, which takes the path's parameters as keywords too."""

# Controls, and what ends a path (`?`, `#`) or that browsers turn into a slash (`\`).
UNUSABLE: Final = re.compile(r"[\x00-\x1f\x7f-\x9f?#\\]")
ESCAPE: Final = re.compile(r"%[0-9A-Fa-f]{2}")


def read_segments(
    text: str, converters: Mapping[str, ConverterEntry], where: tuple[Origin, ...]
) -> tuple[Segment, ...]:
    """The segments of the pattern `text`; raise PatternError naming `where` if it is no pattern."""
    return _Reader(text, converters, where).read()


class _Reader(Struct, frozen=True):
    text: str
    converters: Mapping[str, ConverterEntry]
    where: tuple[Origin, ...]

    def read(self) -> tuple[Segment, ...]:
        if not self.text.startswith("/"):
            self.refuse("doesn't begin with a slash", f"Write {'/' + self.text!r}.")
        texts = self.split()
        segments = tuple(self.read_segment(part) for part in texts)
        self.check_whole(texts, segments)
        return segments

    def split(self) -> list[str]:
        """The texts between slashes, leaving those inside of `{…}` alone."""
        texts, start, index = [], 1, 1
        while index < len(self.text):
            if self.text[index] == "{":
                index = self.end_of_parameter(index)
            elif self.text[index] == "/":
                texts.append(self.text[start:index])
                start = index + 1
            index += 1
        return [*texts, self.text[start:]]

    def end_of_parameter(self, start: int) -> int:
        """The index of the `}` for the `{` at `start`; a regular expression may hold braces itself."""
        depth, index, in_set = 0, start + 1, False
        while index < len(self.text):
            character = self.text[index]
            if character == "\\":
                index += 1
            elif in_set:
                in_set = character != "]"
            elif character == "[" and depth:
                in_set = True
            elif character in "()":
                depth += 1 if character == "(" else -1
            elif character == "}" and depth == 0:
                return index
            index += 1
        return self.refuse("has a { without its }", "Write a parameter as {name} or {name:converter}.")

    def read_segment(self, text: str) -> Segment:
        start = text.find("{")
        if start < 0:
            return Literal(self.check_literal(text))
        end = start + self.end_in(text[start:])
        prefix, suffix = text[:start], text[end + 1 :]
        if "{" in suffix:
            self.refuse(
                f"has two parameters in one segment, {text!r}",
                "Put a slash between them, or take the segment as one parameter and split it in the handler.",
            )
        self.check_literal(prefix)
        self.check_literal(suffix)
        name, converter = self.read_parameter(text[start + 1 : end])
        parameter = Parameter(name, converter, prefix, suffix)
        if parameter.is_rest and (prefix or suffix):
            self.refuse(f"has text beside {{{name}:path}}", "A path parameter stands alone behind a slash.")
        return parameter

    def end_in(self, text: str) -> int:
        return _Reader(text, self.converters, self.where).end_of_parameter(0)

    def read_parameter(self, text: str) -> tuple[str, Converter]:
        name, colon, kind = text.partition(":")
        if colon and name in self.converters and kind not in self.converters and kind.isidentifier():
            self.refuse(f"has {{{text}}}", f"The name comes first: {{{kind}:{name}}}.")
        try:
            check_identifier(name)
        except ValueError:
            self.refuse(
                f"has a parameter called {name!r}",
                "A name is one of letters, digits and underscores, as a Python variable has, in ASCII.",
            )
        if name in RESERVED_NAMES or name.startswith("__"):
            self.refuse(
                f"has a parameter called {name!r}",
                f"url() uses that name itself; write {name.strip('_')}_text.",
            )
        return name, self.find_converter(kind if colon else "str")

    def find_converter(self, text: str) -> Converter:
        name, parenthesis, argument = text.partition("(")
        entry = self.converters.get(name)
        if entry is None:
            known = ", ".join(sorted(self.converters))
            fix = suggestion(name, self.converters) or f"There are: {known}."
            self.refuse(f"names a converter {name!r} that isn't there", fix)
        is_factory = not hasattr(entry, "find") or isinstance(entry, type)
        if is_factory != bool(parenthesis) or (parenthesis and not argument.endswith(")")):
            shape = f"{name}(…)" if is_factory else name
            self.refuse(f"has {text!r}", f"This converter is written {shape!r}.")
        # The check above tells the two kinds of entries apart, which the type checker can't see.
        return self.make_converter(entry, argument[:-1]) if is_factory else entry  # type: ignore[return-value]

    def make_converter(self, factory: ConverterEntry, argument: str) -> Converter:
        try:
            return factory(argument)  # type: ignore[operator]  # see find_converter
        except (ValueError, TypeError) as error:
            self.refuse(f"has a converter ({argument}) that can't be made: {error}", "")

    def check_literal(self, text: str) -> str:
        if "}" in text:
            self.refuse("has a } without its {", "Write a parameter as {name} or {name:converter}.")
        if "<" in text and ">" in text:
            self.refuse(f"has {text!r}", "A parameter stands in braces: {name} or {name:int}.")
        if UNUSABLE.search(text) or not _is_encodable(text):
            self.refuse(
                f"has a character in {text!r} that no path has", "Leave out ?, #, \\ and control characters."
            )
        if ESCAPE.search(text):
            self.refuse(f"is percent-encoded in {text!r}", "Write the character itself; Bistro encodes it.")
        return text

    def check_whole(self, texts: list[str], segments: tuple[Segment, ...]) -> None:
        if "" in texts[:-1]:
            self.refuse("has two slashes in a row", "Leave one out.")
        if "." in texts or ".." in texts:
            self.refuse(
                "has a . or .. segment",
                "Browsers take these out before they ask; write the path they lead to.",
            )
        names = [segment.name for segment in segments if isinstance(segment, Parameter)]
        for name in names:
            if names.count(name) > 1:
                self.refuse(f"has two parameters called {name!r}", "Give each its own name.")
        for segment in segments[:-1]:
            if isinstance(segment, Parameter) and segment.is_rest:
                self.refuse(
                    f"goes on behind {{{segment.name}:path}}",
                    "A path parameter takes all that is left; put it at the end.",
                )

    def refuse(self, what: str, fix: str) -> NoReturn:
        raise PatternError(f"the path {self.text!r} {what}", where=self.where, fix=fix)


def _is_encodable(text: str) -> bool:
    # Not in the pattern of what is unusable: ranges so far up make it ten times as slow to compile.
    try:
        text.encode()
    except UnicodeEncodeError:  # a lone surrogate, which has no form in UTF-8
        return False
    return True
