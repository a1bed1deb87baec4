"""What a refusal carries, and how paths are written."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bistro.ground.problems import Problem
from bistro.validation import ValidationFailed
from bistro.validation.paths import join_path, key_path, printable


def test_place_and_prefix_are_put_before_every_path() -> None:
    failed = ValidationFailed([Problem("", "", "a"), Problem("", "[0]", "b"), Problem("", "x.y", "c")])

    placed = failed.with_place("query", "tags")

    assert [(problem.place, problem.path) for problem in placed.problems] == [
        ("query", "tags"),
        ("query", "tags[0]"),
        ("query", "tags.x.y"),
    ]


def test_original_is_left_as_it_was() -> None:
    failed = ValidationFailed([Problem("", "a", "is required", "missing")])
    failed.with_place("query", "b")

    assert failed.problems == [Problem("", "a", "is required", "missing")]


def test_message_names_the_first_problems_and_counts_the_rest() -> None:
    failed = ValidationFailed(Problem("body", f"f{index}", "is required") for index in range(5))

    assert (
        str(failed) == "ValidationFailed (B601): f0 is required; f1 is required; f2 is required; and 2 more"
    )


@pytest.mark.parametrize(
    ("problem", "unreadable"),
    [
        (Problem("body", "", "", "malformed"), True),
        (Problem("body", "", "", "missing"), True),
        (Problem("body", "name", "", "missing"), False),
        (Problem("query", "", "", "missing"), False),
        (Problem("body", "", "", "type"), False),
    ],
)
def test_unreadable_input_is_told_from_wrong_values(problem: Problem, unreadable: bool) -> None:
    assert ValidationFailed([problem]).is_unreadable is unreadable


@pytest.mark.parametrize(
    ("prefix", "path", "joined"),
    [
        ("", "", ""),
        ("a", "", "a"),
        ("", "b", "b"),
        ("a", "b", "a.b"),
        ("a", "[0]", "a[0]"),
        ("a[0]", "b", "a[0].b"),
    ],
)
def test_paths_are_joined(prefix: str, path: str, joined: str) -> None:
    assert join_path(prefix, path) == joined


@pytest.mark.parametrize(
    ("key", "path"),
    [
        ("name", "a.name"),
        ("first-name", "a.first-name"),
        ("x y", 'a["x y"]'),
        ("ü", 'a["ü"]'),
        ("", 'a[""]'),
        ('"]', 'a["\\"]"]'),
        ("\n", 'a["\\n"]'),
        ("\u202e", 'a["\\u202e"]'),
    ],
)
def test_key_that_is_no_name_is_quoted_and_escaped(key: str, path: str) -> None:
    assert key_path("a", key) == path


@given(st.text())
def test_path_of_any_key_is_printable_and_short(key: str) -> None:
    path = key_path("", key)

    assert path.isprintable()
    assert len(path) < 1000


@given(st.text(min_size=150, max_size=400))
def test_shown_text_is_printable_and_bounded(text: str) -> None:
    shown = printable(text)

    assert shown.isprintable()
    assert len(shown) <= 10 * 200 + 1
