from __future__ import annotations

from enum import Enum
from pathlib import Path
from typing import Annotated, Any, Literal

import click
import pytest

from bistro.cli.parameter_types import find_wanted


class Size(Enum):
    SMALL = "s"
    LARGE = "l"


@pytest.mark.parametrize(
    ("hint", "type_"), [(str, click.STRING), (int, click.INT), (float, click.FLOAT), (bool, click.BOOL)]
)
def test_plain_types_are_clicks_own(hint: Any, type_: Any) -> None:
    wanted = find_wanted(hint)
    assert wanted is not None
    assert wanted.type is type_


def test_path_is_given_as_path() -> None:
    wanted = find_wanted(Path)
    assert wanted is not None
    assert wanted.type.convert("a/b", None, None) == Path("a/b")


def test_enum_is_written_by_its_values() -> None:
    wanted = find_wanted(Size)
    assert wanted is not None
    assert (wanted.value_of("s"), wanted.word_for(Size.LARGE)) == (Size.SMALL, "l")


def test_literal_keeps_the_type_of_its_values() -> None:
    wanted = find_wanted(Literal[1, "two"])
    assert wanted is not None
    assert (wanted.value_of("1"), wanted.value_of("two")) == (1, "two")


def test_list_of_choices_is_converted_one_by_one() -> None:
    wanted = find_wanted(list[Size])
    assert wanted is not None
    assert wanted.is_list
    assert wanted.value_of(("s", "l")) == [Size.SMALL, Size.LARGE]


def test_annotated_text_becomes_the_help() -> None:
    wanted = find_wanted(Annotated[int | None, 3, "how many"])
    assert wanted is not None
    assert (wanted.help, wanted.is_optional) == ("how many", True)


@pytest.mark.parametrize(
    "hint", [object, dict[str, int], list[list[int]], list[bool], int | str, bytes, list[int | None]]
)
def test_other_types_are_not_known(hint: Any) -> None:
    assert find_wanted(hint) is None
