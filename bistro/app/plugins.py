"""Install plugins, each behind those that it requires."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from bistro.app.errors import PluginError, SetupErrors
from bistro.app.setup import Plugin, Registered, Setup
from bistro.app.unprovided import find_plugin_of
from bistro.ground.errors import SetupError
from bistro.ground.registry import find_origin
from bistro.routing import Routes


def install_plugins(plugins: Sequence[Plugin], registered: Registered, folder: Path) -> list[Routes]:
    """Install each plugin behind those it requires; the routes that they added, in that order.

    Raises the `SetupError`s of all of them together, so that settings are not asked for one by one.
    """
    groups, errors = [], dict[str, SetupError]()
    for plugin in in_order_of_requirement(plugins):
        registered.plugins.append(plugin)
        setup = Setup(registered, type(plugin).__name__, folder)
        try:
            plugin.install(setup)
        except SetupError as error:
            errors[str(error)] = error  # several may need the same setting
        except Exception:
            if errors:  # it may miss what another has not installed
                break
            raise
        groups.append(setup.routes)
    if errors:
        raise next(iter(errors.values())) if len(errors) == 1 else SetupErrors(errors.values())
    for step in registered.last_steps:
        step()
    return groups


def with_brought(plugins: Sequence[Plugin]) -> tuple[Plugin, ...]:
    """The plugins, and behind them what they bring with them where none of its kind is given."""
    chosen = list(plugins)
    for plugin in chosen:  # which grows meanwhile: what was brought may bring more
        bring = None if isinstance(plugin, type) else getattr(plugin, "bring", None)
        for each in () if bring is None else bring():
            if not any(type(each) is type(other) for other in chosen):
                chosen.append(each)
    return tuple(chosen)


def in_order_of_requirement(plugins: Sequence[Plugin]) -> list[Plugin]:
    """The plugins so that each stands behind those it requires, else as given. Raises `PluginError`."""
    given: dict[type, Plugin] = {}
    for plugin in plugins:
        _check_is_plugin(plugin)
        if type(plugin) in given:
            fix = "Give it once, with the arguments that you mean."
            raise PluginError(f"the plugin {type(plugin).__name__} is given twice", fix=fix)
        given[type(plugin)] = plugin
    ordered: dict[type, Plugin] = {}
    for plugin in plugins:
        _place(plugin, given, ordered, ())
    return list(ordered.values())


def _check_is_plugin(plugin: object) -> None:
    if isinstance(plugin, type):
        name = plugin.__name__
        fix = find_plugin_of(plugin) or f"Make one of it, with brackets: App({name}())."
        raise PluginError(f"{name} is a class, not a plugin", fix=fix)
    if not callable(getattr(plugin, "install", None)):
        # Plugin and value may share a name, as Database does in bistro.plugins and bistro.db.
        fix = find_plugin_of(type(plugin)) or (
            "Give App objects that have a method install(self, setup: Setup)."
        )
        raise PluginError(f"{plugin!r:.200} is no plugin", fix=fix)


def _place(
    plugin: Plugin, given: Mapping[type, Plugin], ordered: dict[type, Plugin], path: tuple[type, ...]
) -> None:
    kind = type(plugin)
    if kind in path:
        chain = " -> ".join(each.__name__ for each in (*path, kind))
        raise PluginError(f"plugins that require each other: {chain}")
    for required in getattr(plugin, "requires", ()):
        if required not in given:
            raise PluginError(
                f"{kind.__name__} requires {required.__name__}, which is not installed",
                where=(find_origin(kind.install),),
                fix=f"Give it too: App({required.__name__}(), {kind.__name__}()).",
            )
        _place(given[required], given, ordered, (*path, kind))
    ordered.setdefault(kind, plugin)
