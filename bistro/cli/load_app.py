"""Import the app that a command is about."""

from __future__ import annotations

import contextlib
import importlib
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

from bistro.app import BaseApp, Frozen
from bistro.cli.errors import AppImportFailed, AppNotFound
from bistro.cli.find_app import AppSource, get_source
from bistro.cli.settings import choose_environment, hand_on_env_file, read_settings
from bistro.ground.errors import BistroError
from bistro.ground.registry import Origin, find_origin
from bistro.ground.text import did_you_mean

NAMES = ("app", "application")
FACTORY = "create_app"


def load_app(argument: str | None, folder: Path | None = None) -> BaseApp:
    """The app that `argument` names, or that the folder holds. Raises AppNotFound or AppImportFailed.

    What the site prints while it is imported goes to standard error: standard output is for data.
    """
    choose_environment()
    source = get_source(argument, folder or Path.cwd(), read_settings().bistro_app)
    with contextlib.redirect_stdout(sys.stderr):
        return import_app(source)


def load_frozen(argument: str | None) -> tuple[BaseApp, Frozen]:
    """The app and what freezing it gave: its routes, plans and everything registered. Raises SetupError."""
    app = load_app(argument)
    with contextlib.redirect_stdout(sys.stderr):
        return app, app.freeze()


def import_app(source: AppSource) -> BaseApp:
    """Import the module and take the app from it. Raises AppNotFound or AppImportFailed."""
    hand_on_env_file()
    module = _import_module(source)
    if source.attribute is not None:
        return _named_app(module, source.attribute, source)
    return _only_app(module, source)


def _import_module(source: AppSource) -> ModuleType:
    # First what every site needs: a module of the site's own that has the name of one of Python's must
    # not be taken for that by Bistro.
    importlib.import_module("bistro.site")
    root = str(source.root)
    if root not in sys.path:
        sys.path.insert(0, root)
    importlib.invalidate_caches()
    try:
        module = importlib.import_module(source.module)
    except BistroError:
        raise  # it says itself what, where and how to fix it
    except ModuleNotFoundError as error:
        if error.name is not None and f"{source.module}.".startswith(f"{error.name}."):
            raise _no_such_module(source, error.name) from None
        raise _import_failed(source, error) from error
    except Exception as error:
        raise _import_failed(source, error) from error
    _refuse_namesake(module, source)
    return module


def _refuse_namesake(module: ModuleType, source: AppSource) -> None:
    file = getattr(module, "__file__", None)
    if source.is_file and file is not None and not Path(file).resolve().is_relative_to(source.root.resolve()):
        raise AppNotFound(
            f"another module is called {source.module} as well",
            where=(Origin(file, 0),),
            fix=f"Rename the file {source.module}.py in {source.root}.",
        )


def _only_app(module: ModuleType, source: AppSource) -> BaseApp:
    apps = {name: value for name, value in vars(module).items() if isinstance(value, BaseApp)}
    for name in NAMES:
        if name in apps:
            return apps[name]
    if len({id(app) for app in apps.values()}) == 1:
        return next(iter(apps.values()))
    if apps:
        fix = f"Say which, as in {source.module}:{next(iter(apps))}, or call one of them `app`."
        what = f"{module.__name__} has several apps: {', '.join(apps)}"
        raise AppNotFound(what, where=(_origin_of(module),), fix=fix)
    if callable(getattr(module, FACTORY, None)):
        return _named_app(module, FACTORY, source)
    fix = "Write there: from bistro import App, and app = App()."
    raise AppNotFound(f"{module.__name__} has no app", where=(_origin_of(module),), fix=fix)


def _named_app(module: ModuleType, attribute: str, source: AppSource) -> BaseApp:
    value: object = module
    for name in attribute.removesuffix("()").split("."):
        if not hasattr(value, name):
            raise _no_such_name(module, value, name, source)
        value = getattr(value, name)
    if callable(value) and not isinstance(value, BaseApp):
        value = _call_factory(value, attribute, source)
    if isinstance(value, BaseApp):
        return value
    what = f"{module.__name__}:{attribute} is of type {type(value).__name__}, not an App"
    fix = "Name an App, or a function that returns one."
    raise AppNotFound(what, where=(_origin_of(module),), fix=fix)


# Any: whatever the site's own function returns; the caller looks at it.
def _call_factory(function: Callable[[], Any], attribute: str, source: AppSource) -> object:
    try:
        return function()
    except BistroError:
        raise
    except Exception as error:
        what = (
            f"{source.module}:{attribute}, called without arguments, raised {type(error).__name__}: {error}"
        )
        raise AppImportFailed(what, where=(find_origin(function),)) from error


def _origin_of(module: ModuleType) -> Origin:
    return Origin(getattr(module, "__file__", None) or module.__name__, 1)


def _no_such_module(source: AppSource, missing: str) -> AppNotFound:
    names = [path.stem for path in source.root.glob("*") if path.suffix in ("", ".py")]
    near = did_you_mean(missing, names)
    fix = (
        f"Did you mean {near}?" if near else "Run the command in the folder of that module, or name its file."
    )
    what = f"{source.said_by} says {source.module}, and there is no module {missing} in {source.root}"
    return AppNotFound(what, fix=fix)


def _no_such_name(module: ModuleType, value: object, name: str, source: AppSource) -> AppNotFound:
    near = did_you_mean(name, [each for each in dir(value) if not each.startswith("_")])
    apps = [key for key, each in vars(module).items() if isinstance(each, BaseApp)]
    near = near or next(iter(apps), None)
    fix = f"Did you mean {source.module}:{near}?" if near else "Write there: app = App()."
    return AppNotFound(f"{module.__name__} has no {name!r}", where=(_origin_of(module),), fix=fix)


def _import_failed(source: AppSource, error: Exception) -> AppImportFailed:
    return AppImportFailed(f"{source.module} can't be imported: {type(error).__name__}: {error}")
