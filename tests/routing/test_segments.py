from __future__ import annotations

import pytest

from bistro.routing.converters import NO_MATCH, IntConverter, PathConverter, SlugConverter, StrConverter
from bistro.routing.segments import Literal, Parameter


def test_a_literal_is_found_only_exactly() -> None:
    assert Literal("users").find("Users") is NO_MATCH


def test_a_parameter_is_found_between_its_edges() -> None:
    assert Parameter("v", IntConverter(), "v", ".json").find("v12.json") == 12


@pytest.mark.parametrize("text", ["12.json", "v12", "v.json", "vx.json", "v12.jsonx", "v1.json\n", ""])
def test_a_parameter_is_not_found_without_its_edges(text: str) -> None:
    assert Parameter("v", IntConverter(), "v", ".json").find(text) is NO_MATCH


def test_edges_may_not_overlap() -> None:
    assert Parameter("x", StrConverter(), "aba", "aba").find("ababa") is NO_MATCH


def test_a_literal_comes_before_a_parameter_with_edges_and_that_before_one_without() -> None:
    plain, edged = Parameter("x", IntConverter()), Parameter("x", StrConverter(), "v")
    assert Literal("x").key < edged.key < plain.key


def test_the_rank_of_the_converter_decides_between_parameters() -> None:
    segments = [
        Parameter("x", each) for each in (PathConverter(), StrConverter(), SlugConverter(), IntConverter())
    ]
    ordered = sorted(segments, key=lambda each: each.key)
    assert [each.converter.name for each in ordered] == ["int", "slug", "str", "path"]


def test_a_value_is_quoted_when_it_is_written() -> None:
    assert Parameter("x", StrConverter()).build("a/b c?é") == "a%2Fb%20c%3F%C3%A9"


def test_a_path_keeps_its_slashes_when_it_is_written() -> None:
    assert Parameter("x", PathConverter()).build("a b/c?d") == "a%20b/c%3Fd"


def test_edges_that_make_a_dot_segment_are_refused() -> None:
    with pytest.raises(ValueError, match="taken out of URLs"):
        Parameter("x", SlugOrDot(), ".").build("x")


class SlugOrDot(StrConverter):
    def format(self, value: object) -> str:
        return "."
