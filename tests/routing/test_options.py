"""Options of routes and groups, and what may stand beside a parameter."""

from __future__ import annotations

from typing import Any

import pytest

from bistro.ground.errors import FrozenError
from bistro.routing import Pattern, PatternError, RouteError, Routes
from bistro.routing.options import FLAGS, NUMBERS
from tests.routing.support import handler


@pytest.mark.parametrize("name", sorted(FLAGS))
def test_switch_is_true_or_false_or_left_to_the_group(name: str) -> None:
    for value in (True, False, None):
        Routes(**{name: value})
    for value in (0, 1, "no", [True]):
        with pytest.raises(TypeError, match=f"{name}=.* is neither True nor False"):
            Routes(**{name: value})
        with pytest.raises(RouteError, match=f"{name}=.* is neither True nor False, on '/x'"):
            Routes().get("/x", **{name: value})(handler)


@pytest.mark.parametrize("name", sorted(NUMBERS))
def test_limit_is_a_number_over_0(name: str) -> None:
    smallest: list[Any] = [1, 0.5] if NUMBERS[name] is not int else [1]
    for value in (*smallest, None):
        Routes().get("/x", **{name: value})(handler)
    for value in (0, -1, True, False, "1", [1], *([] if NUMBERS[name] is not int else [0.5])):
        with pytest.raises(RouteError, match=f"{name}=.* is no number over 0"):
            Routes().get("/x", **{name: value})(handler)


def test_wrong_option_of_a_group_names_the_nearest() -> None:
    with pytest.raises(TypeError, match="no option timeout_second; did you mean timeout_seconds"):
        Routes(timeout_second=1)  # type: ignore[call-arg]
    with pytest.raises(TypeError, match=r"no option colour$"):
        Routes(colour=1)  # type: ignore[call-arg]


@pytest.mark.parametrize("frame", ["/{}", "/{}{{id}}", "/{{id}}{}", "/a/{}/{{id:int}}"])
@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("a}", "has a } without its {"),
        ("<a>", "A parameter stands in braces"),
        ("a?b", "that no path has"),
        ("a#b", "that no path has"),
        ("a\\b", "that no path has"),
        ("a\nb", "that no path has"),
        ("a\0b", "that no path has"),
        ("\ud800", "that no path has"),
        ("a%20b", "is percent-encoded"),
        ("%C3%A9", "is percent-encoded"),
    ],
)
def test_text_that_no_path_can_have_is_refused_wherever_it_stands(frame: str, text: str, why: str) -> None:
    with pytest.raises(PatternError, match=why):
        Pattern.parse(frame.format(text))


@pytest.mark.parametrize("text", ["a b", "é", "a%b", "100%", "a<b", "a;b=c", "~!$&'()*+,=:@"])
@pytest.mark.parametrize("frame", ["/{}", "/{}{{id}}", "/{{id}}{}"])
def test_any_other_text_may_stand_in_a_path(frame: str, text: str) -> None:
    path = frame.format(text)
    assert Pattern.parse(path).text == path


def test_routes_take_no_more_once_they_are_served() -> None:
    outer, inner = Routes(), Routes()
    outer.include(inner, at="/inner")
    outer.freeze()
    for routes in (outer, inner):
        with pytest.raises(FrozenError, match="serve already"):
            routes.get("/late")(handler)
        with pytest.raises(FrozenError, match="serve already"):
            routes.before(handler)
