"""`docs/reference/errors.md` and the error classes of the package say the same, in both directions."""

from __future__ import annotations

import importlib
import pkgutil
import re
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import pytest

import bistro
from bistro.ground.errors import BistroError

PAGE = Path(__file__).resolve().parent.parent / "docs" / "reference" / "errors.md"
TEXT = PAGE.read_text(encoding="utf-8")
HEADING = re.compile(r"^### (?P<code>B\d{3}) (?P<names>\w+(?:, \w+)*)$", re.MULTILINE)
# Templates of `bistro new`, which are no modules, and what starts the command line when imported.
NOT_IMPORTED = ("bistro.cli.scaffolds", "bistro.__main__")


def import_package() -> None:
    for module in pkgutil.walk_packages(bistro.__path__, "bistro."):
        if not module.name.startswith(NOT_IMPORTED):
            importlib.import_module(module.name)


def subclasses_of(kind: type[BistroError]) -> Iterator[type[BistroError]]:
    yield kind
    for each in kind.__subclasses__():
        yield from subclasses_of(each)


def find_classes() -> dict[str, set[type[BistroError]]]:
    """The error classes of the package by their code; those that tests define are left out."""
    import_package()
    found: dict[str, set[type[BistroError]]] = defaultdict(set)
    for kind in subclasses_of(BistroError):
        if kind.__module__.startswith("bistro."):
            found[kind.code].add(kind)
    return dict(found)


CLASSES = find_classes()
ENTRIES = {match["code"]: set(match["names"].split(", ")) for match in HEADING.finditer(TEXT)}


def entry(code: str) -> str:
    """The text of the entry of `code`, up to the next heading."""
    start = re.search(rf"^### {code} .*$", TEXT, re.MULTILINE)
    assert start, f"{PAGE.name} has no entry for {code}"
    return re.split(r"^##+ ", TEXT[start.end() :], maxsplit=1, flags=re.MULTILINE)[0]


@pytest.mark.parametrize("code", sorted(CLASSES))
def test_every_code_of_the_package_has_an_entry_that_names_its_classes(code: str) -> None:
    assert ENTRIES.get(code) == {kind.__name__ for kind in CLASSES[code]}


@pytest.mark.parametrize("code", sorted(ENTRIES))
def test_every_entry_is_about_a_code_of_the_package(code: str) -> None:
    assert code in CLASSES


def test_every_code_has_one_entry_only() -> None:
    codes = [match["code"] for match in HEADING.finditer(TEXT)]
    assert sorted(codes) == sorted(set(codes))


@pytest.mark.parametrize("code", sorted(ENTRIES))
def test_every_entry_says_what_it_means_and_how_to_fix_it(code: str) -> None:
    text = entry(code)
    assert "**If you see this:** " in text
    assert "**To fix it:** " in text


@pytest.mark.parametrize("code", sorted(CLASSES))
def test_classes_that_share_a_code_are_kinds_of_one_of_them(code: str) -> None:
    kinds = CLASSES[code]
    roots = [kind for kind in kinds if all(issubclass(other, kind) for other in kinds)]
    assert roots, f"{code} is used for different things: {sorted(kind.__qualname__ for kind in kinds)}"


@pytest.mark.parametrize("code", sorted(CLASSES))
def test_code_is_a_letter_and_three_digits(code: str) -> None:
    assert re.fullmatch(r"B\d{3}", code)


def test_headings_that_look_like_entries_are_read_as_such() -> None:
    assert len(re.findall(r"^### ", TEXT, re.MULTILINE)) == len(ENTRIES)


@pytest.mark.parametrize("code", sorted(ENTRIES))
def test_examples_of_an_entry_show_its_own_code(code: str) -> None:
    shown = re.findall(r"^```text\n\w+ \((B\d{3})\)", entry(code), re.MULTILINE)
    assert set(shown) <= {code}
