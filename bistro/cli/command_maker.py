"""A command of the command line, made from a function: its parameters become arguments and options.

| parameter             | on the command line                                       |
|-----------------------|-----------------------------------------------------------|
| `name: str`           | an argument: `bistro greet Ada`                           |
| `count: int = 1`      | an option: `--count 3`                                    |
| `loud: bool = False`  | a flag: `--loud`, `--no-loud`                             |
| `files: list[Path]`   | one or more arguments; with a default, a repeated option  |
| `user: str \\| None`  | an argument that may be left out                          |
| `*, since: int`       | an option that must be given                              |
| `database: Database`  | nothing: what a plugin of the site provides is handed in  |

`Annotated[int, "how many"]` adds a help text.
"""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Callable, Container, Hashable, Mapping, Sequence
from functools import partial
from typing import Any, get_type_hints  # Any: types and values of the site

import click

from bistro.app import BaseApp, Command
from bistro.cli.errors import CommandSignatureError
from bistro.cli.in_site import run_in_site, wait_for
from bistro.cli.parameter_types import KNOWN, Wanted, find_wanted


def make_command(command: Command, site: BaseApp | None = None) -> click.Command:
    """The click command for a command of the app `site`, whose providers give it what they have.

    Where its signature can't be had from a command line, using it raises CommandSignatureError;
    the others still work.
    """
    try:
        provided = find_provided(command, site)
        parameters = read_parameters(command, provided)
    except CommandSignatureError as error:
        return _broken(command, error)
    return click.Command(
        command.name,
        params=parameters,
        callback=_runner(command.function, site, provided),
        help=inspect.getdoc(command.function) or command.help,
        short_help=command.help or None,
        epilog=f"\b\nExample:\n  {example_of(command.name, parameters)}",
    )


def find_provided(command: Command, site: BaseApp | None) -> dict[str, Any]:
    """The parameters of the function that the site provides, with their types."""
    if site is None:
        return {}
    providers = site.freeze().providers
    return {name: hint for name, hint in _hints_of(command).items() if _is_among(hint, providers)}


def _is_among(hint: Any, providers: Container[Any]) -> bool:
    return isinstance(hint, Hashable) and hint in providers


def read_parameters(command: Command, provided: Container[str] = ()) -> list[click.Parameter]:
    """Arguments and options for the parameters that are not `provided`. Raises CommandSignatureError."""
    hints = _hints_of(command)
    found = inspect.signature(command.function).parameters.values()
    return [
        _make_parameter(command, each, hints.get(each.name, str))
        for each in found
        if each.name not in provided
    ]


def _hints_of(command: Command) -> dict[str, Any]:
    try:
        return get_type_hints(command.function, include_extras=True)
    except (NameError, TypeError) as error:
        what = f"the annotations of the command {command.name} can't be read: {error}"
        raise CommandSignatureError(what, where=(command.origin,)) from None


def example_of(name: str, parameters: Sequence[click.Parameter]) -> str:
    """A command line that has everything the command must be given."""
    words = ["bistro", name]
    for parameter in parameters:
        if parameter.required and isinstance(parameter, click.Option):
            words.append(parameter.opts[0])
        if parameter.required and not getattr(parameter, "is_flag", False):
            words.append(_sample(parameter))
    return " ".join(words)


# Any: annotations are objects of many kinds.
def _make_parameter(command: Command, parameter: inspect.Parameter, hint: Any) -> click.Parameter:
    about = f"the parameter {parameter.name} of the command {command.name}"
    if parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD):
        what = f"{about} stands for any number of parameters"
        raise CommandSignatureError(
            what, where=(command.origin,), fix="Name each of them; a list takes many."
        )
    wanted = find_wanted(hint)
    if wanted is None:
        what = f"{about} has the type {_name_of(hint)}, which can't come from a command line"
        fix = f"Use {KNOWN},\nor a type that a plugin of the site provides."
        raise CommandSignatureError(what, where=(command.origin,), fix=fix)
    is_named = parameter.kind is parameter.KEYWORD_ONLY or wanted.is_flag
    if is_named or parameter.default is not parameter.empty:
        return _make_option(parameter, wanted)
    return click.Argument(
        [parameter.name],
        type=wanted.type,
        nargs=-1 if wanted.is_list else 1,
        required=not wanted.is_optional,
        callback=_converter(wanted),
    )


def _make_option(parameter: inspect.Parameter, wanted: Wanted) -> click.Option:
    option = "--" + parameter.name.strip("_").replace("_", "-")
    # Any: click takes many kinds of values by name.
    more: dict[str, Any] = {"required": True}
    if parameter.default is not parameter.empty or wanted.is_optional:
        default = None if parameter.default is parameter.empty else wanted.word_for(parameter.default)
        shown = default not in (None, "", []) and not wanted.is_flag
        more = {"default": default, "show_default": shown}
    return click.Option(
        [parameter.name, f"{option}/--no-{option[2:]}" if wanted.is_flag else option],
        type=wanted.type,
        multiple=wanted.is_list,
        help=wanted.help or None,
        callback=_converter(wanted),
        **more,
    )


def _converter(wanted: Wanted) -> Callable[[click.Context, click.Parameter, Any], Any]:
    def convert(_: click.Context, parameter: click.Parameter, given: object) -> object:
        if given == () and parameter.default is None and not parameter.required:
            return None if wanted.is_optional else []
        return wanted.value_of(given)

    return convert


# Any: the function takes what its parameters name, and returns what it likes.
def _runner(
    function: Callable[..., Any], site: BaseApp | None, provided: Mapping[str, Any]
) -> Callable[..., int]:
    """Calls (or runs) the function; an int that it returns is the exit code."""
    parameters = inspect.signature(function).parameters.values()
    positional = [each.name for each in parameters if each.kind is each.POSITIONAL_ONLY]

    def run(**values: Any) -> int:
        first = [values.pop(name) for name in positional]
        if site is not None and provided:
            result = run_in_site(site, partial(function, *first), values, provided)
            return _exit_code(result)
        result = function(*first, **values)
        if inspect.isawaitable(result):
            result = asyncio.run(wait_for(result))
        return _exit_code(result)

    return run


def _exit_code(result: object) -> int:
    return result if isinstance(result, int) and not isinstance(result, bool) else 0


def _broken(command: Command, error: CommandSignatureError) -> click.Command:
    def refuse(**_: object) -> None:
        raise error

    anything = {"ignore_unknown_options": True, "allow_extra_args": True}
    help_text = f"(broken: {error.what})"
    return click.Command(command.name, callback=refuse, help=help_text, context_settings=anything)


def _sample(parameter: click.Parameter) -> str:
    if isinstance(parameter.type, click.Choice):
        return str(parameter.type.choices[0])
    is_number = parameter.type in (click.INT, click.FLOAT)
    return "1" if is_number else (parameter.name or "value").upper()


def _name_of(hint: Any) -> str:
    return hint.__qualname__ if isinstance(hint, type) else str(hint)
