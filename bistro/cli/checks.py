"""What `bistro check` looks at in every app; plugins and the site add checks of their own."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Final, get_args, get_type_hints  # Any: types and values of the site

from bistro.app import BaseApp, Finding, Frozen
from bistro.cli.command_maker import find_provided, read_parameters
from bistro.cli.commands import BUILT_IN
from bistro.cli.errors import CommandSignatureError
from bistro.ground.errors import BistroError
from bistro.ground.registry import Origin, find_origin

# As written, and as `from __future__ import annotations` leaves it.
PLAIN: Final = frozenset({int, str, float, "int", "str", "float", "UUID"})


def finding_of_error(error: BistroError) -> Finding:
    """An error that keeps the app from starting, as a finding; its id is the error's code."""
    return Finding(error.code, "error", error.what, error.where, error.fix)


def run_checks(app: BaseApp, frozen: Frozen) -> list[Finding]:
    """What the built-in checks find, then those of plugins and the site."""
    found = [finding for check in BUILT_IN_CHECKS for finding in check(app, frozen)]
    for check, origin in frozen.registered.checks:
        found += _run_own(check, app, origin)
    return found


# Any: the check's own return value, which may be anything.
def _run_own(check: Callable[[Any], Any], app: BaseApp, origin: Origin) -> list[Finding]:
    try:
        found = list(check(app))
    except Exception as error:  # noqa: BLE001 - the other checks are still of use
        what = f"the check {origin.name} raised {type(error).__name__}: {error}"
        return [Finding("check.E001", "error", what, (origin,), "Correct the check, or leave it out.")]
    strange = [each for each in found if not isinstance(each, Finding)]
    if strange:
        what = f"the check {origin.name} gave {strange[0]!r:.80}, which is no Finding"
        return [Finding("check.E001", "error", what, (origin,), "Return a list of Finding.")]
    return found


def check_return_annotations(_: BaseApp, frozen: Frozen) -> Iterator[Finding]:
    """app.I001: handlers that don't say what they return."""
    for route in frozen.routes:
        if not route.is_websocket and "return" not in getattr(
            route.handler, "__annotations__", {"return": None}
        ):
            what = f"{route} doesn't say what it returns"
            fix = "Annotate it (-> dict[str, str], -> Html …): the reply is prepared then, and checked."
            yield Finding("app.I001", "info", what, (find_origin(route.handler, route.origin.by),), fix)


def check_unused_providers(_: BaseApp, frozen: Frozen) -> Iterator[Finding]:
    """app.W001: providers of the site itself (plugins may well provide more) that nobody asks."""
    used = asked_types(frozen)
    for provider in frozen.registered.providers:
        if not provider.origin.by and provider.type not in used:
            what = (
                f"nothing asks for the {getattr(provider.type, '__name__', provider.type)} that is provided"
            )
            yield Finding("app.W001", "warning", what, (provider.origin,), "Use it, or delete the provider.")


def check_idle_plugins(app: BaseApp, frozen: Frozen) -> Iterator[Finding]:
    """app.W002: plugins that add nothing."""
    active = {origin.by for origin in all_origins(frozen)}
    for plugin in app.plugins:
        name = type(plugin).__name__
        if name not in active:
            where = (find_origin(type(plugin).install),)
            yield Finding("app.W002", "warning", f"the plugin {name} adds nothing", where, "Leave it out.")


def check_hooks_without_provider(_: BaseApp, frozen: Frozen) -> Iterator[Finding]:
    """app.W003: hooks that wait for a type that nobody provides, and so never run."""
    provided = {provider.type for provider in frozen.registered.providers}
    for hook in frozen.registered.hooks:
        if hook.only_if_used is not None and hook.only_if_used not in provided:
            wanted = hook.only_if_used.__name__
            what = f"the {hook.kind} hook {hook.origin.name} never runs: nobody provides {wanted}"
            yield Finding(
                "app.W003", "warning", what, (hook.origin,), "Install what provides it, or drop only_if_used."
            )


def check_path_parameters(_: BaseApp, frozen: Frozen) -> Iterator[Finding]:
    """app.W004: a parameter of the path that nobody reads, beside one that comes from the query."""
    for route in frozen.routes:
        parameters = inspect.signature(route.handler).parameters
        unread = [name for name in route.parameters if name not in parameters]
        asked = [
            name
            for name, parameter in parameters.items()
            # By its type alone a number or text is read from the query; markers stand in Annotated.
            if name not in route.parameters
            and parameter.default is parameter.empty
            and parameter.annotation in PLAIN
        ]
        if unread and asked:
            what = f"{route} takes {asked[0]} from the query, and nobody reads {{{unread[0]}}} of its path"
            fix = f"Call both {unread[0]} or both {asked[0]}."
            yield Finding("app.W004", "warning", what, (find_origin(route.handler, route.origin.by),), fix)


def check_commands(app: BaseApp, frozen: Frozen) -> Iterator[Finding]:
    """cli.E001: commands that can't be had from a command line; cli.W001: those hidden by others."""
    known: dict[str, Origin | None] = dict.fromkeys(BUILT_IN)
    for command in frozen.commands:
        if command.name in known:
            first = known[command.name]
            where = (command.origin,) if first is None else (first, command.origin)
            what = f"the command {command.name} is never reached: another has its name"
            yield Finding("cli.W001", "warning", what, where, "Give it another name.")
        known.setdefault(command.name, command.origin)
        try:
            read_parameters(command, find_provided(command, app))
        except CommandSignatureError as error:
            yield Finding("cli.E001", "error", error.what, error.where, error.fix)


BUILT_IN_CHECKS: tuple[Callable[[BaseApp, Frozen], Iterator[Finding]], ...] = (
    check_return_annotations,
    check_unused_providers,
    check_idle_plugins,
    check_hooks_without_provider,
    check_path_parameters,
    check_commands,
)


# Any, here and below: annotations are objects of many kinds.
def asked_types(frozen: Frozen) -> set[Any]:
    """Every type that a parameter of a handler, hook, provider or template global names."""
    functions: list[Callable[..., Any]] = [hook.function for hook in frozen.registered.hooks]
    functions += [provider.function for provider in frozen.registered.providers]
    functions += [each.function for each in frozen.registered.template_parts.find_globals().values()]
    for route in frozen.routes:
        functions.append(route.handler)
        functions += [hook.function for group in route.groups for hook in group.hooks]
        functions += [each for kind in ("before", "after", "around") for each in route.options.get(kind, ())]
    return {kind for function in functions for kind in _types_of(function)}


def all_origins(frozen: Frozen) -> Iterator[Origin]:
    """Where everything registered comes from."""
    registered = frozen.registered
    yield from (route.origin for route in frozen.routes)
    yield from (hook.origin for hook in registered.hooks)
    yield from (provider.origin for provider in registered.providers)
    yield from (step.origin for step in registered.steps)
    yield from (origin for _, origin in (*registered.observers, *registered.refusals))
    yield from (header.origin for header in registered.headers)
    yield from (each.origin for each in registered.commands)
    yield from (each.origin for each in registered.static_folders)
    yield from (origin for _, origin in registered.checks)
    yield from (each.origin for each in registered.answerers)
    parts = registered.template_parts
    yield from (folder.origin for folder in parts.folders)
    yield from (name.origin for name in parts.names)


def _types_of(function: Callable[..., Any]) -> set[Any]:
    target = function if inspect.isroutine(function) else getattr(function, "__call__", function)  # noqa: B004
    try:
        hints = get_type_hints(target)
    except (NameError, TypeError, AttributeError):
        return set()
    return set(_flatten(hint for name, hint in hints.items() if name != "return"))


def _flatten(hints: Iterable[Any]) -> Iterator[Any]:
    for hint in hints:
        # The parameters of a Callable are a list: no type itself, but its members are.
        if isinstance(hint, list):
            yield from _flatten(hint)
            continue
        yield hint
        yield from _flatten(get_args(hint))
