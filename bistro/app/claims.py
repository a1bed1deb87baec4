"""What two parts claim at once: providers, commands and headers, each settled or told with both places."""

from __future__ import annotations

from bistro.app.errors import HookError, InjectionError, PluginError
from bistro.app.hooks import Provider
from bistro.app.setup import Command, HeaderValue, Registered
from bistro.ground.registry import Origin
from bistro.http import DefaultHeaders


def find_providers(registered: Registered) -> dict[type, Provider]:
    """Who provides each type. Raises `InjectionError` where two do and none overrides the other."""
    found: dict[type, Provider] = {}
    for provider in registered.providers:
        known = found.get(provider.type)
        if known is not None and not provider.override:
            raise InjectionError(
                f"two providers for {provider.type.__name__}",
                where=(known.origin, provider.origin),
                fix="Install one of them, or pass override=True where the second is to win.",
            )
        found[provider.type] = provider
    return found


def find_commands(registered: Registered) -> tuple[Command, ...]:
    """The commands by name. Raises `PluginError` where two have one name and none overrides the other."""
    found: dict[str, Command] = {}
    for command in registered.commands:
        known = found.get(command.name)
        if known is not None and not command.override:
            raise PluginError(
                f"two commands are called {command.name}",
                where=(known.origin, command.origin),
                fix="Rename one, or pass override=True where the second is to win.",
            )
        found[command.name] = command
    return tuple(found.values())


def find_default_headers(registered: Registered) -> DefaultHeaders:
    """The headers of every answer. Raises `HookError` where two plugins set one differently."""
    found: dict[str, tuple[HeaderValue, Origin]] = {}
    for name, value, origin, override in registered.headers:
        known = found.get(name)
        if known is not None and known[0] != value and not override:
            raise HookError(
                f"two values for the header {name} of every answer",
                where=(known[1], origin),
                fix="Set it in one place, or pass override=True where the second is to win.",
            )
        found[name] = (value, origin)
    return DefaultHeaders(
        {name: value for name, (value, _) in found.items() if isinstance(value, str)},
        {name: value for name, (value, _) in found.items() if callable(value)},
    )
