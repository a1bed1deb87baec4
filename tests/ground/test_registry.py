"""Where things were written: what every message about a site's parts stands on."""

from __future__ import annotations

import functools
import sys
from pathlib import Path

import pytest

from bistro.ground.registry import Origin, find_origin, origin_of_caller


def plain_function() -> None: ...


def decorate(function):
    @functools.wraps(function)
    def wrapper():
        return function()

    return wrapper


@decorate
def decorated_function() -> None: ...


class Shop:
    """A class that is also called."""

    def method(self) -> None: ...

    @classmethod
    def class_method(cls) -> None: ...

    @staticmethod
    def static_method() -> None: ...

    def __call__(self) -> None: ...


def line_of(text: str) -> int:
    lines = Path(__file__).read_text().splitlines()
    return next(number for number, line in enumerate(lines, 1) if line.strip().startswith(text))


@pytest.mark.parametrize(
    ("thing", "name", "written"),
    [
        (plain_function, "plain_function", "def plain_function"),
        (decorated_function, "decorated_function", "@decorate"),
        (Shop, "Shop", "class Shop"),
        (Shop(), "Shop", "class Shop"),
        (Shop().method, "Shop.method", "def method"),
        (Shop.method, "Shop.method", "def method"),
        (Shop.class_method, "Shop.class_method", "@classmethod"),
        (Shop.static_method, "Shop.static_method", "@staticmethod"),
        (functools.partial(plain_function), "plain_function", "def plain_function"),
        (functools.partial(functools.partial(Shop().method)), "Shop.method", "def method"),
        (functools.partial(Shop), "Shop", "class Shop"),
    ],
)
def test_origin_names_file_line_and_what_is_written_there(thing: object, name: str, written: str):
    origin = find_origin(thing, by="Plugin")

    assert (origin.file, origin.line, origin.name, origin.by) == (__file__, line_of(written), name, "Plugin")


def test_origin_of_a_lambda_is_its_line():
    origin = find_origin(lambda: None)

    assert origin.file == __file__
    assert origin.line > 0


@pytest.mark.parametrize("thing", [len, int, "text", None, 3, object()])
def test_what_has_no_source_has_an_origin_without_line(thing: object):
    assert find_origin(thing) == Origin("<unknown>", 0, find_origin(thing).name)


def test_function_that_claims_to_wrap_itself_does_not_hang():
    def circle() -> None: ...

    circle.__wrapped__ = circle

    assert find_origin(circle).name.endswith("circle")


def test_class_without_source_has_no_line():
    scope: dict[str, type] = {}
    exec("class Made: pass", {"__name__": "made"}, scope)

    assert find_origin(scope["Made"]).file == "<unknown>"


def test_origin_reads_as_file_line_name_and_plugin():
    assert str(Origin("shop.py", 14)) == "shop.py:14"
    assert str(Origin("shop.py", 14, "show")) == "shop.py:14   show"
    assert str(Origin("shop.py", 14, "show", "Shop")) == "shop.py:14   show   (Shop)"


def test_the_same_place_is_equal_whoever_registered_it():
    assert Origin("shop.py", 14, "show", "Shop") == Origin("shop.py", 14, "show", "Admin")


def test_origin_of_the_caller_is_the_first_line_outside_the_package():
    scope = {"origin_of_caller": origin_of_caller, "__name__": "bistro.somewhere.inside"}
    exec("def verb(): return origin_of_caller('home', 'Shop')", scope)

    origin = scope["verb"]()  # origin is asked for here

    assert (origin.file, origin.name, origin.by) == (__file__, "home", "Shop")
    assert origin.line == line_of('origin = scope["verb"]()')


def test_module_whose_name_only_begins_alike_is_outside():
    scope = {"origin_of_caller": origin_of_caller, "__name__": "bistro_plugin"}
    exec(compile("def verb(): return origin_of_caller()", "plugin.py", "exec"), scope)

    assert scope["verb"]().file == "plugin.py"


def test_caller_without_anything_outside_is_unknown(monkeypatch: pytest.MonkeyPatch):
    frame = sys._getframe()
    monkeypatch.setattr(sys, "_getframe", lambda depth=0: None)

    assert origin_of_caller("home") == Origin("<unknown>", 0, "home")
    assert frame is not None
