"""The reference of queries names every verb that there is."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from bistro import db
from bistro.db import Expr, Model, Query

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs/reference/queries.md").read_text(encoding="utf-8")
INNER = {"part", "in_scope", "key", "params", "shape", "database", "type_of_first"}
"""What one part of the room needs of another one; no verb of a program."""


def verbs(kind: type) -> list[str]:
    return sorted(
        name
        for base in kind.__mro__
        if base.__module__.startswith("bistro.")
        for name in vars(base)
        if not name.startswith("_") and name not in INNER
    )


@pytest.mark.parametrize("name", verbs(Query))
def test_verb_of_a_query_is_in_the_reference(name: str) -> None:
    assert re.search(rf"\b{name}\b", PAGE), name


@pytest.mark.parametrize("name", verbs(Expr))
def test_condition_is_in_the_reference(name: str) -> None:
    assert re.search(rf"\b{name}\b", PAGE), name


@pytest.mark.parametrize("name", ["save", "delete", "refresh", "load", "add", "remove", "replace"])
def test_verb_of_an_instance_is_in_the_reference(name: str) -> None:
    assert callable(getattr(Model, name))
    assert re.search(rf"note\.{name}\(|`{name}`", PAGE), name


FUNCTIONS = sorted(
    name
    for name in db.__all__
    if getattr(getattr(db, name), "__module__", "") in ("bistro.db.functions", "bistro.db.windows")
)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_function_is_in_the_reference(name: str) -> None:
    assert re.search(rf"\b{name}\b", PAGE), name
