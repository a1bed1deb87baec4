from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bistro.ground.registry import Origin
from bistro.routing import Pattern, PatternError, TextConverter
from bistro.routing.converters import BUILT_IN_CONVERTERS, Converter, RegexConverter
from bistro.routing.pattern_text import read_segments
from bistro.routing.segments import Literal, Parameter

HERE = Origin("shop.py", 14, "show", "Shop")


def read(text: str) -> tuple[Literal | Parameter, ...]:
    return read_segments(text, BUILT_IN_CONVERTERS, (HERE,))


def refusal(text: str) -> str:
    with pytest.raises(PatternError) as caught:
        read(text)
    return str(caught.value)


def test_segments_stand_between_slashes() -> None:
    assert read("/a/b") == (Literal("a"), Literal("b"))


def test_a_slash_at_the_end_is_an_empty_segment() -> None:
    assert read("/a/") == (Literal("a"), Literal(""))


def test_the_root_is_one_empty_segment() -> None:
    assert read("/") == (Literal(""),)


def test_a_parameter_without_converter_is_text() -> None:
    (segment,) = read("/{name}")
    assert isinstance(segment, Parameter)
    assert (segment.name, segment.converter.name) == ("name", "str")


@pytest.mark.parametrize("name", ["str", "int", "slug", "date", "uuid", "path"])
def test_every_built_in_converter_can_be_named(name: str) -> None:
    (segment,) = read(f"/{{value:{name}}}")
    assert isinstance(segment, Parameter)
    assert segment.converter is BUILT_IN_CONVERTERS[name]


def test_a_parameter_may_have_text_before_and_behind_it() -> None:
    (segment,) = read("/v{version:int}.json")
    assert isinstance(segment, Parameter)
    assert (segment.prefix, segment.suffix) == ("v", ".json")


@pytest.mark.parametrize("regex", ["[0-9]{4}", "a|b", "(?:a|b)c", "[)}/]x", r"\)\}", "[^]]"])
def test_a_regular_expression_may_hold_braces_parentheses_and_slashes(regex: str) -> None:
    segments = read(f"/{{year:regex({regex})}}/x")
    assert isinstance(segments[0], Parameter)
    assert segments[0].converter == RegexConverter(regex)
    assert segments[1] == Literal("x")


def test_an_own_converter_is_found_by_its_name() -> None:
    even: Converter = TextConverter("even", int, parse=int)
    (segment,) = read_segments("/{n:even}", {**BUILT_IN_CONVERTERS, "even": even}, ())
    assert isinstance(segment, Parameter)
    assert segment.converter is even


def test_an_own_factory_gets_what_stands_in_parentheses() -> None:
    given: list[str] = []

    def make(argument: str) -> Converter:
        given.append(argument)
        return TextConverter("choice", str, parse=str)

    read_segments("/{kind:choice(red|green)}", {**BUILT_IN_CONVERTERS, "choice": make}, ())
    assert given == ["red|green"]


def test_plain_characters_of_other_languages_are_taken() -> None:
    assert read("/café/日本") == (Literal("café"), Literal("日本"))


def test_a_percent_sign_that_is_no_escape_is_taken() -> None:
    assert read("/100%") == (Literal("100%"),)


def test_a_wrong_pattern_tells_its_place_its_fault_and_the_remedy() -> None:
    assert refusal("/{id:itn}") == (
        "PatternError (B201): the path '/{id:itn}' names a converter 'itn' that isn't there\n"
        "  shop.py:14   show   (Shop)\n"
        "Did you mean 'int'?"
    )


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("", "begin with a slash"),
        ("items", "Write '/items'"),
        ("/{id:integer}", "Did you mean 'int'"),
        ("/{id:xyzzy}", "There are: date, int, path, regex, slug, str, uuid."),
        ("/{int:id}", "The name comes first: {id:int}."),
        ("/<int:id>", "A parameter stands in braces"),
        ("/{}", "called ''"),
        ("/{:int}", "called ''"),
        ("/{1a}", "called '1a'"),
        ("/{class}", "called 'class'"),
        ("/{größe}", "in ASCII"),
        ("/{a b}", "called 'a b'"),
        ("/{a;import os}", "called 'a;import os'"),
        ("/{query}", "write query_text"),
        ("/{fragment}", "url() uses that name itself"),
        ("/{absolute_base}", "url() uses that name itself"),
        ("/{__class__}", "url() uses that name itself"),
        ("/{id", "has a { without its }"),
        ("/id}", "has a } without its {"),
        ("/{a}{b}", "two parameters in one segment"),
        ("/{a}-{b}", "two parameters in one segment"),
        ("/{a}/{a}", "two parameters called 'a'"),
        ("/{rest:path}/edit", "goes on behind {rest:path}"),
        ("/{rest:path}/", "goes on behind {rest:path}"),
        ("/x{rest:path}", "has text beside {rest:path}"),
        ("/a//b", "two slashes in a row"),
        ("//", "two slashes in a row"),
        ("//evil.example", "two slashes in a row"),
        ("/a/../b", "has a . or .. segment"),
        ("/./b", "has a . or .. segment"),
        ("/caf%C3%A9", "is percent-encoded"),
        ("/a?b=1", "Leave out ?"),
        ("/a#b", "Leave out ?"),
        ("/\\evil", "Leave out ?"),
        ("/a\nb", "control characters"),
        ("/a\0b", "control characters"),
        ("/{year:regex}", "written 'regex(…)'"),
        ("/{year:int(4)}", "written 'int'"),
        ("/{year:regex((a+)+)}", "possessive"),
        ("/{year:regex([)}", "has a { without its }"),
        ("/{year:regex(a{2,1})}", "not a regular expression"),
    ],
)
def test_a_wrong_pattern_says_what_is_wrong(text: str, part: str) -> None:
    assert part in refusal(text)


@given(st.text(alphabet="/{}:ab()[]\\.%<>?intpath_"))
def test_any_text_is_a_pattern_or_refused_as_one(text: str) -> None:
    try:
        Pattern.parse(text)
    except PatternError:
        pass


@given(st.text())
def test_any_text_at_all_is_a_pattern_or_refused_as_one(text: str) -> None:
    try:
        Pattern.parse("/" + text)
    except PatternError:
        pass


@pytest.mark.timed
def test_long_patterns_are_read_in_linear_time() -> None:
    start = time.thread_time()
    Pattern.parse("/a" * 20_000)
    assert time.thread_time() - start < 1
