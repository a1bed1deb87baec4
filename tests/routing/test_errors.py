from __future__ import annotations

from bistro.ground.errors import BistroError, SetupError
from bistro.routing import (
    PatternError,
    PatternErrors,
    RouteConflict,
    RouteError,
    UnknownRoute,
    WrongUrlParameter,
)
from bistro.routing.errors import suggestion


def test_codes_are_stable() -> None:
    codes = {each.code for each in (PatternError, RouteError, RouteConflict, UnknownRoute, WrongUrlParameter)}
    assert codes == {"B201", "B202", "B204", "B205", "B206"}


def test_mistakes_in_the_site_stop_its_start() -> None:
    assert all(issubclass(each, SetupError) for each in (PatternError, RouteError, RouteConflict))


def test_mistakes_in_a_url_are_no_mistakes_of_the_setup() -> None:
    assert not any(issubclass(each, SetupError) for each in (UnknownRoute, WrongUrlParameter))
    assert all(issubclass(each, BistroError) for each in (UnknownRoute, WrongUrlParameter))


def test_several_wrong_patterns_are_printed_one_after_the_other() -> None:
    error = PatternErrors([PatternError("the first", fix="A."), PatternError("the second", fix="B.")])
    assert str(error) == "PatternError (B201): the first\nA.\nPatternError (B201): the second\nB."


def test_a_near_word_is_suggested_and_a_far_one_not() -> None:
    assert suggestion("itm", ["item", "user"]) == "Did you mean 'item'?"
    assert suggestion("xyzzy", ["item", "user"]) == ""
