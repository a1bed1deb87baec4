"""Why a parameter gets no value, and what to do about it."""

from __future__ import annotations

import inspect
from collections.abc import Iterable

# Any: type hints are objects of every kind.
from typing import Any, Literal

from bistro.app.errors import HookError, InjectionError
from bistro.app.types import name_of_type, strip_optional
from bistro.ground.registry import Origin
from bistro.ground.text import did_you_mean

Role = Literal["handler", "before", "after", "around", "provider"]


def nobody_provides(
    name: str, hint: Any, role: Role, origin: Origin, providers: Iterable[Any]
) -> InjectionError | HookError:
    """The error for a parameter that nothing gives a value, with what to do about it."""
    if hint is inspect.Parameter.empty:
        return InjectionError(
            f"the parameter {name!r} of {origin.name} has no type",
            where=(origin,),
            fix=f"Annotate it, e.g. {name}: str for a field of the query, or put {{{name}}} in the path.",
        )
    if is_plugin(hint):
        # Plugin and value may share a name, as Database does in bistro.plugins and bistro.db.
        same = [each for each in providers if name_of_type(each) == name_of_type(hint)]
        said = f": {_importable_name(same[0])}" if same else ""
        return InjectionError(
            f"the parameter {name}: {name_of_type(hint)} of {origin.name} asks for a plugin",
            where=(origin,),
            fix=f"Plugins are given to App; ask for what it provides{said}.",
        )
    known = [name_of_type(each) for each in providers]
    near = did_you_mean(name_of_type(hint), known)
    hint_text = f" Did you mean {near}?" if near else ""
    error = InjectionError if role in ("handler", "provider") else HookError
    return error(
        f"nobody can provide the parameter {name}: {name_of_type(hint)} of {origin.name}",
        where=(origin,),
        fix=_where_from(hint) + hint_text,
    )


def find_plugin_of(kind: object) -> str | None:
    """How to install the plugin that provides a class, if the class says which one does."""
    for each in kind.__mro__ if isinstance(kind, type) else ():
        plugin = vars(each).get("__provided_by__")
        if isinstance(plugin, str):
            module, _, name = plugin.rpartition(".")
            module = module or _room_of(each)
            return f"Install the plugin that provides it: App({name}()), with {name} from {module}."
    return None


def _where_from(hint: Any) -> str:
    kind = strip_optional(hint)
    return find_plugin_of(kind) or (
        "Install the plugin that provides it, or register a function that makes it: "
        f"app.provide({name_of_type(kind)}, make_it)."
    )


def _importable_name(kind: type) -> str:
    return f"{_room_of(kind)}.{kind.__qualname__}"


def _room_of(kind: type) -> str:
    """The module to import a class from; of Bistro's own, that is the room."""
    module = kind.__module__
    return ".".join(module.split(".")[:2]) if module.startswith("bistro.") else module


def is_plugin(hint: Any) -> bool:
    """Whether it is the class of a plugin, which nobody gives as a value."""
    return isinstance(hint, type) and hasattr(hint, "install") and hasattr(hint, "requires")
