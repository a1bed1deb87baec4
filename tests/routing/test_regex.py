from __future__ import annotations

import time

import pytest

from bistro.routing.regex import TEXT_LENGTH_MAX, WAYS_MAX, compile_regex, count_ways
from tests.timing import is_within

SLOW = [
    "(a+)+",
    "(a*)*b",
    "([a-z]+)*",
    "(a|a)*b",
    "(a|aa)+",
    "(?:a?){40}b",
    "(.*a){12}",
    "a*a*a*b",
    "[a-z]+(-[a-z]+)*",
    "(?:x+x+)+y",
    "((a{1,9}){1,9}){1,9}",
    "(?=(a+)+)a",
    "(?P<x>a+)+",
]
QUICK = [
    "[0-9]{4}",
    "[a-z]+",
    r"\d+",
    "en|de|fr",
    "(?:en|de)-[A-Z]{2}",
    "[A-Z]{2}[0-9]{3,5}",
    "[a-z]+-[a-z]+",
    "[a-z]+(?:-[a-z]+)*+",
    "(?:a|b)++",
    "(?>a+)b",
    r"[^/]+\.(?:jpg|png)",
    "v[0-9]+(?:rc)?",
    "(?i:abc)",
    r"(a)(?(1)b|c)",
]


@pytest.mark.parametrize("text", SLOW)
def test_an_expression_that_could_be_slow_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="possessive"):
        compile_regex(text)


@pytest.mark.parametrize("text", QUICK)
def test_an_ordinary_expression_is_taken(text: str) -> None:
    assert compile_regex(text).pattern == text


@pytest.mark.timed
@pytest.mark.parametrize("text", QUICK)
@pytest.mark.parametrize("attack", ["a", "a-", "0", "ab", "rc", "x.jpg", "-"])
def test_what_is_taken_answers_within_5_ms_for_the_longest_text(text: str, attack: str) -> None:
    compiled = compile_regex(text)
    target = (attack * TEXT_LENGTH_MAX)[: TEXT_LENGTH_MAX - 1] + "!"
    start = time.thread_time()
    compiled.fullmatch(target)
    assert is_within(time.thread_time() - start, 0.005)


@pytest.mark.parametrize("text", ["(", "[a", "a{2,1}", "*a", "(?P<1>a)", "(" * 5000])
def test_a_malformed_expression_is_refused_with_the_reason(text: str) -> None:
    with pytest.raises(ValueError, match="not a regular expression"):
        compile_regex(text)


def test_the_verbose_flag_is_refused() -> None:
    with pytest.raises(ValueError, match="flags"):
        compile_regex("(?x) a b")


@pytest.mark.parametrize(
    ("text", "ways"),
    [("abc", 1), ("a?", 2), ("a{2,4}", 3), ("a|b|[cd]", 1), ("ab|cd", 2), ("a?b?", 4), ("a+", 128)],
)
def test_ways_are_counted_by_lengths_and_alternatives(text: str, ways: int) -> None:
    assert count_ways(text) == ways


def test_counting_stops_at_the_limit() -> None:
    assert count_ways("(((a+)+)+)+" * 50) == WAYS_MAX + 1
