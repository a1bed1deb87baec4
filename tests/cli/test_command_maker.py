from __future__ import annotations

from collections.abc import Callable
from enum import Enum
from pathlib import Path
from typing import Annotated, Any, Literal

import click
import pytest
from click.testing import CliRunner, Result

from bistro.app import Command
from bistro.cli.command_maker import example_of, make_command, read_parameters
from bistro.cli.errors import CommandSignatureError
from bistro.ground.registry import find_origin


class Size(Enum):
    SMALL = "s"
    LARGE = "l"


def command_of(function: Callable[..., Any]) -> Command:
    return Command("do", function, "", find_origin(function))


def run(function: Callable[..., Any], *words: str) -> Result:
    return CliRunner().invoke(make_command(command_of(function)), list(words), standalone_mode=False)


def values(function: Callable[..., Any], *words: str) -> Any:
    """What `function` returned, which here is what it was given."""
    seen: list[Any] = []

    def note(**given: Any) -> None:
        seen.append(given)

    note.__signature__ = __import__("inspect").signature(function)  # type: ignore[attr-defined]
    note.__annotations__ = function.__annotations__
    result = run(note, *words)
    assert result.exception is None, result.output
    return seen[0]


def test_parameter_without_default_is_an_argument() -> None:
    def do(name: str, times: int) -> None: ...

    assert values(do, "Ada", "3") == {"name": "Ada", "times": 3}


def test_parameter_with_default_is_an_option() -> None:
    def do(dry_run_count: int = 2, ratio: float = 0.5) -> None: ...

    assert values(do) == {"dry_run_count": 2, "ratio": 0.5}
    assert values(do, "--dry-run-count", "7", "--ratio", "1") == {"dry_run_count": 7, "ratio": 1.0}


def test_bool_is_a_flag_that_can_be_taken_back() -> None:
    def do(loud: bool = True) -> None: ...

    assert [values(do), values(do, "--no-loud")] == [{"loud": True}, {"loud": False}]


def test_list_without_default_takes_one_or_more_arguments() -> None:
    def do(files: list[Path]) -> None: ...

    assert values(do, "a", "b") == {"files": [Path("a"), Path("b")]}
    assert isinstance(run(do).exception, click.MissingParameter)


def test_list_with_default_is_an_option_that_may_be_repeated() -> None:
    def do(tag: list[str] = ["new"]) -> None: ...  # noqa: B006

    assert values(do) == {"tag": ["new"]}
    assert values(do, "--tag", "a", "--tag", "b") == {"tag": ["a", "b"]}


def test_optional_list_that_is_left_out_is_none() -> None:
    def do(tag: list[str] | None = None) -> None: ...

    assert values(do) == {"tag": None}


def test_optional_argument_may_be_left_out() -> None:
    def do(user: str | None) -> None: ...

    assert [values(do), values(do, "ada")] == [{"user": None}, {"user": "ada"}]


def test_keyword_only_parameter_is_an_option_that_must_be_given() -> None:
    def do(*, since: int) -> None: ...

    assert values(do, "--since", "3") == {"since": 3}
    assert isinstance(run(do).exception, click.MissingParameter)


def test_enum_and_literal_are_choices() -> None:
    def do(size: Size, mode: Literal["fast", "slow"] = "slow", other: Size = Size.LARGE) -> None: ...

    assert values(do, "s", "--mode", "fast") == {"size": Size.SMALL, "mode": "fast", "other": Size.LARGE}
    assert isinstance(run(do, "xl").exception, click.BadParameter)


def test_wrong_number_is_wrong_usage() -> None:
    def do(times: int) -> None: ...

    error = run(do, "often").exception
    assert isinstance(error, click.BadParameter)
    assert error.exit_code == 2


def test_int_that_is_returned_is_the_exit_code() -> None:
    def do() -> int:
        return 3

    assert run(do).return_value == 3


@pytest.mark.parametrize("returned", [None, True, False, "text"])
def test_anything_else_that_is_returned_means_fine(returned: object) -> None:
    def do() -> object:
        return returned

    assert run(do).return_value == 0


def test_async_function_is_run() -> None:
    async def do(name: str) -> int:
        return len(name)

    assert run(do, "four").return_value == 4


def test_positional_only_parameter_is_passed_by_position() -> None:
    def do(name: str, /) -> int:
        return len(name)

    assert run(do, "four").return_value == 4


def test_docstring_and_annotated_texts_are_the_help() -> None:
    def do(times: Annotated[int, "how often"] = 1) -> None:
        """Do it.

        And do it again.
        """

    text = run(do, "--help").output
    assert "Do it." in text
    assert "And do it again." in text
    assert "how often" in text
    assert "bistro do" in text


def test_example_shows_everything_that_must_be_given() -> None:
    def do(name: str, size: Size, files: list[Path], *, count: int, loud: bool = False) -> None: ...

    assert example_of("do", read_parameters(command_of(do))) == "bistro do NAME s FILES --count 1"


class Store: ...


def test_unknown_type_is_refused_with_place_and_known_types() -> None:
    def do(store: Store) -> None: ...

    with pytest.raises(CommandSignatureError) as caught:
        read_parameters(command_of(do))
    text = str(caught.value)
    assert "parameter store of the command do has the type Store" in text
    assert "test_command_maker.py:" in text
    assert "pathlib.Path" in text


def test_any_number_of_parameters_is_refused() -> None:
    def do(*names: str) -> None: ...

    with pytest.raises(CommandSignatureError, match="any number"):
        read_parameters(command_of(do))


def test_annotation_of_an_unknown_name_is_refused() -> None:
    def do(name: Nowhere) -> None: ...  # type: ignore[name-defined] # noqa: F821

    with pytest.raises(CommandSignatureError, match="Nowhere"):
        read_parameters(command_of(do))


def test_broken_command_says_so_when_it_is_used() -> None:
    def do(store: Store) -> None: ...

    assert isinstance(run(do, "--anything", "x").exception, CommandSignatureError)
