"""Generated code: readable in a traceback, and closed to names that are more than names."""

from __future__ import annotations

import ast
import linecache
import traceback
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bistro.ground.codegen import (
    check_identifier,
    compile_function,
    compile_tree,
    register_source,
    run_codes,
)

SOURCE = "def plan(value):\n    doubled = value * 2\n    return limit // doubled\n"


def test_function_is_compiled_and_sees_the_namespace():
    plan = compile_function(SOURCE, "plan", "<plan test one>", {"limit": 100})

    assert plan(5) == 10


def test_traceback_shows_the_generated_line():
    plan = compile_function(SOURCE, "plan", "<plan test two>", {"limit": 100})

    with pytest.raises(ZeroDivisionError) as caught:
        plan(0)

    text = "".join(traceback.format_exception(caught.value))
    assert 'File "<plan test two>", line 3, in plan\n    return limit // doubled' in text


def test_line_survives_a_check_of_the_cache():
    compile_function(SOURCE, "plan", "<plan test three>", {})

    linecache.checkcache()

    assert linecache.getline("<plan test three>", 2) == "    doubled = value * 2\n"


def test_source_can_be_read_from_the_function():
    assert compile_function(SOURCE, "plan", "<plan test four>", {}).__source__ == SOURCE


def test_given_namespace_is_not_changed():
    namespace = {"limit": 100}

    compile_function(SOURCE, "plan", "<plan test five>", namespace)

    assert namespace == {"limit": 100}


def test_source_with_a_mistake_names_the_file():
    with pytest.raises(SyntaxError) as caught:
        compile_function("def plan(:\n", "plan", "<plan test six>", {})

    assert caught.value.filename == "<plan test six>"


@pytest.mark.parametrize("name", ["id", "_private", "item_2", "Shop", "match", "type"])
def test_identifier_is_accepted_and_returned(name: str):
    assert check_identifier(name) == name


@pytest.mark.parametrize(
    "name",
    [
        "",
        "2x",
        "a b",
        "a.b",
        "a-b",
        "a\n",
        "a;b",
        "class",
        "None",
        "a=1",
        "a)",
        "x: __import__('os')",
        "é",
        "𝓪",
        "__debug__",
    ],
)
def test_what_is_no_plain_ascii_name_is_refused(name: str):
    with pytest.raises(ValueError, match="can't be a name in generated code"):
        check_identifier(name)


@given(st.text(st.characters(), max_size=20))
def test_whatever_passes_can_be_the_name_of_a_parameter(name: str):
    try:
        check_identifier(name)
    except ValueError:
        return

    function = compile_function(f"def plan({name}): return {name}\n", "plan", "<plan test seven>", {})
    assert function(7) == 7


def test_tree_is_compiled_with_the_lines_and_the_file_that_it_carries() -> None:
    tree = ast.parse("def half(x):\n    return 1 / x")
    ast.increment_lineno(tree.body[0].body[0], 5)  # type: ignore[attr-defined]
    namespace: dict[str, Any] = {}
    run_codes([compile_tree(tree, "<template page.html>")], namespace)
    register_source("<template page.html>", "\n" * 6 + "{{ 1 / x }}")
    with pytest.raises(ZeroDivisionError) as raised:
        namespace["half"](0)
    last = traceback.extract_tb(raised.value.__traceback__)[-1]
    assert (last.filename, last.line) == ("<template page.html>", "{{ 1 / x }}")
