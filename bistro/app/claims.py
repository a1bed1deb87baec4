"""What two parts claim at once: each settled, or told with both places."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable
from typing import Protocol, TypeVar

from bistro.app.answers import Answers
from bistro.app.errors import HookError, InjectionError, PluginError
from bistro.app.hooks import Provider
from bistro.app.setup import Command, ModelPackage, Registered
from bistro.app.types import name_of_type
from bistro.ground.errors import SetupError
from bistro.ground.registry import Origin
from bistro.http import DefaultHeaders


class Claimed(Protocol):
    """Something of which there may be one for each key."""

    @property
    def origin(self) -> Origin: ...
    @property
    def override(self) -> bool: ...


Entry = TypeVar("Entry", bound=Claimed)
Key = TypeVar("Key", bound=Hashable)


def find_providers(registered: Registered) -> dict[type, Provider]:
    """Who provides each type. Raises `InjectionError` where two do and none overrides the other."""
    return _settle(
        registered.providers,
        lambda provider: provider.type,
        lambda kind: f"two providers for {name_of_type(kind)}",
        InjectionError,
        "Install one of them",
    )


def find_commands(registered: Registered) -> tuple[Command, ...]:
    """The commands by name. Raises `PluginError` where two have one name and none overrides the other."""
    found = _settle(
        registered.commands,
        lambda command: command.name,
        lambda name: f"two commands are called {name}",
        PluginError,
        "Rename one",
    )
    return tuple(found.values())


def find_model_packages(registered: Registered) -> tuple[ModelPackage, ...]:
    """The packages of models by name. Raises `PluginError` where two have one name and none overrides."""
    found = _settle(
        registered.model_packages,
        lambda package: package.name,
        lambda name: f"two packages of models are called {name}",
        PluginError,
        "Rename one",
    )
    return tuple(found.values())


def find_default_headers(registered: Registered) -> DefaultHeaders:
    """The headers of every answer. Raises `HookError` where two plugins set one differently."""
    found = _settle(
        registered.headers,
        lambda header: header.name,
        lambda name: f"two values for the header {name} of every answer",
        HookError,
        "Set it in one place",
        agree=lambda one, other: one.value == other.value,
    )
    values = {name: header.value for name, header in found.items()}
    return DefaultHeaders(
        {name: value for name, value in values.items() if isinstance(value, str)},
        {name: value for name, value in values.items() if callable(value)},
    )


def find_answers(registered: Registered) -> Answers:
    """Who answers results of which types. Raises `PluginError` where two do and none overrides the other."""
    found = _settle(
        registered.answerers,
        lambda answerer: answerer.type,
        lambda kind: f"two parts answer results of type {kind.__name__}",
        PluginError,
        "Install one of them",
    )
    return Answers(found.values())


def _settle(
    entries: Iterable[Entry],
    key_of: Callable[[Entry], Key],
    clash: Callable[[Key], str],
    error: type[SetupError],
    fix: str,
    *,
    agree: Callable[[Entry, Entry], bool] | None = None,
) -> dict[Key, Entry]:
    """The entries by key, the last of several that may follow each other. Raises `error` for others."""
    found: dict[Key, Entry] = {}
    for entry in entries:
        key = key_of(entry)
        known = found.get(key)
        may_follow = known is None or entry.override or (agree is not None and agree(known, entry))
        if known is not None and not may_follow:
            raise error(
                clash(key),
                where=(known.origin, entry.origin),
                fix=f"{fix}, or pass override=True where the second is to win.",
            )
        found[key] = entry
    return found
