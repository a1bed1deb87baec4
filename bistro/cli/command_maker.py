"""A command of the command line, made from a function: its parameters become arguments and options.

| parameter                | on the command line                                       |
|--------------------------|-----------------------------------------------------------|
| `name: str`              | an argument: `bistro greet Ada`                           |
| `count: int = 1`         | an option: `--count 3`                                    |
| `loud: bool = False`     | a flag: `--loud`, `--no-loud`                             |
| `files: list[Path]`      | any number of arguments, at least one; with a default, an option that may be repeated |
| `user: str \\| None`     | an argument that may be left out                          |
| `*, since: int`          | an option that must be given                              |

`Annotated[int, "how many"]` adds a help text.
"""

from __future__ import annotations

import asyncio
import inspect
import types
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints

import click

from bistro.app import Command
from bistro.cli.errors import CommandSignatureError

PLAIN_TYPES: Mapping[Any, click.ParamType] = {
    str: click.STRING,
    int: click.INT,
    float: click.FLOAT,
    Path: click.Path(path_type=Path),
}
KNOWN = "str, int, float, bool, pathlib.Path, an Enum, a Literal, a list of one of these, or `… | None`"


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a parameter's annotation asks for."""

    type: click.ParamType
    is_flag: bool = False
    is_list: bool = False
    is_optional: bool = False
    help: str = ""


def make_command(command: Command) -> click.Command:
    """The click command for a command of the app.

    Where its signature can't be had from a command line, using it raises CommandSignatureError;
    the others still work.
    """
    try:
        parameters = read_parameters(command)
    except CommandSignatureError as error:
        return _broken(command, error)
    text = inspect.getdoc(command.function) or command.help
    return click.Command(
        command.name,
        params=list(parameters),
        callback=_runner(command.function),
        help=text,
        short_help=command.help or None,
        epilog=f"\b\nExample:\n  {example_of(command.name, parameters)}",
    )


def read_parameters(command: Command) -> list[click.Parameter]:
    """Arguments and options for the parameters of the function. Raises CommandSignatureError."""
    try:
        hints = get_type_hints(command.function, include_extras=True)
    except (NameError, TypeError) as error:
        raise CommandSignatureError(
            f"the annotations of the command {command.name} can't be read: {error}", where=(command.origin,)
        ) from None
    found = inspect.signature(command.function).parameters.values()
    return [_make_parameter(command, parameter, hints.get(parameter.name, str)) for parameter in found]


def example_of(name: str, parameters: list[click.Parameter]) -> str:
    """A command line that has everything the command must be given."""
    words = ["bistro", name]
    for parameter in parameters:
        if parameter.required and isinstance(parameter, click.Option):
            words += [parameter.opts[0]] if parameter.is_flag else [parameter.opts[0], _sample(parameter)]
        elif parameter.required:
            words.append(_sample(parameter))
    return " ".join(words)


# Any, here and below: annotations are objects of many kinds.
def _make_parameter(command: Command, parameter: inspect.Parameter, hint: Any) -> click.Parameter:
    if parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD):
        raise _wrong(command, parameter, "stands for any number of parameters", "Name each of them; a list takes many.")
    wanted = _read_hint(command, parameter, hint)
    has_default = parameter.default is not parameter.empty
    if has_default or wanted.is_flag or parameter.kind is parameter.KEYWORD_ONLY:
        return _make_option(parameter, wanted, has_default)
    return click.Argument(
        [parameter.name],
        type=wanted.type,
        nargs=-1 if wanted.is_list else 1,
        required=not wanted.is_optional,
    )


def _make_option(parameter: inspect.Parameter, wanted: Wanted, has_default: bool) -> click.Option:
    option = "--" + parameter.name.strip("_").replace("_", "-")
    required = not has_default and not wanted.is_optional
    names = [parameter.name, f"{option}/--no-{option[2:]}" if wanted.is_flag else option]
    if required:
        return click.Option(names, type=wanted.type, required=True, multiple=wanted.is_list, help=wanted.help)
    default = parameter.default if has_default else None
    shown = default is not None and default != [] and not isinstance(default, bool)
    return click.Option(
        names, type=wanted.type, default=default, multiple=wanted.is_list, help=wanted.help, show_default=shown
    )


def _read_hint(command: Command, parameter: inspect.Parameter, hint: Any) -> Wanted:
    origin, arguments = get_origin(hint), get_args(hint)
    if origin is Annotated:
        help_text = next((each for each in arguments[1:] if isinstance(each, str)), "")
        inner = _read_hint(command, parameter, arguments[0])
        return Wanted(inner.type, inner.is_flag, inner.is_list, inner.is_optional, help_text)
    if origin in (Union, types.UnionType):
        others = [each for each in arguments if each is not types.NoneType]
        if len(others) == 1:
            inner = _read_hint(command, parameter, others[0])
            return Wanted(inner.type, inner.is_flag, inner.is_list, is_optional=True)
    if origin is list and arguments:
        inner = _read_hint(command, parameter, arguments[0])
        if not (inner.is_list or inner.is_flag or inner.is_optional):
            return Wanted(inner.type, is_list=True)
    found = _find_plain_type(hint)
    if found is None:
        fix = f"Use {KNOWN}.\nValues that plugins provide can't be asked for in commands yet."
        raise _wrong(command, parameter, f"has the type {_name_of(hint)}", fix)
    return Wanted(found, is_flag=hint is bool)


def _find_plain_type(hint: Any) -> click.ParamType | None:
    if hint is bool:
        return click.BOOL
    if get_origin(hint) is Literal:
        return OneOf({str(value): value for value in get_args(hint)})
    if isinstance(hint, type) and issubclass(hint, Enum):
        return OneOf({str(member.value): member for member in hint})
    return PLAIN_TYPES.get(hint) if isinstance(hint, type) else None


class OneOf(click.Choice[str]):
    """One of a few words, each of which stands for a value."""

    def __init__(self, values: Mapping[str, Any]) -> None:
        super().__init__(list(values))
        self._values = values

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """The value that the word stands for; a default comes as the value itself."""
        if not isinstance(value, str) or isinstance(value, Enum):
            return value
        return self._values[super().convert(value, param, ctx)]


def _runner(function: Callable[..., Any]) -> Callable[..., int]:
    """Calls (or runs) the function; an int that it returns is the exit code."""

    def run(**values: Any) -> int:
        given = {name: list(value) if isinstance(value, tuple) else value for name, value in values.items()}
        parameters = inspect.signature(function).parameters
        positional = [given.pop(name) for name, each in parameters.items() if each.kind is each.POSITIONAL_ONLY]
        result = function(*positional, **given)
        if inspect.isawaitable(result):
            result = asyncio.run(_wait_for(result))
        return result if isinstance(result, int) and not isinstance(result, bool) else 0

    return run


async def _wait_for(result: Any) -> Any:
    return await result


def _broken(command: Command, error: CommandSignatureError) -> click.Command:
    def refuse(**_: object) -> None:
        raise error

    anything = {"ignore_unknown_options": True, "allow_extra_args": True}
    return click.Command(command.name, callback=refuse, help=f"(broken: {error.what})", context_settings=anything)


def _wrong(command: Command, parameter: inspect.Parameter, what: str, fix: str) -> CommandSignatureError:
    return CommandSignatureError(
        f"the parameter {parameter.name} of the command {command.name} {what}", where=(command.origin,), fix=fix
    )


def _sample(parameter: click.Parameter) -> str:
    if isinstance(parameter.type, click.Choice):
        return str(parameter.type.choices[0])
    numbers = {click.INT: "1", click.FLOAT: "0.5"}
    return numbers.get(parameter.type, parameter.name.upper() if parameter.name else "VALUE")


def _name_of(hint: Any) -> str:
    return hint.__qualname__ if isinstance(hint, type) else str(hint)
