"""Find the app that a command is about, and import it.

Looked for in this order: the command's argument, the environment's `BISTRO_APP`, `[tool.bistro]
app` in pyproject.toml, then `app.py` and `main.py` in the folder. An app is named by a file
(`shop/app.py`), by a module (`shop`), or by either and what it is called there (`shop:app`).
"""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

from bistro.app import BaseApp
from bistro.cli.errors import AppImportFailed, AppNotFound
from bistro.cli.project import read_project
from bistro.ground.registry import Origin, find_origin
from bistro.ground.text import did_you_mean

FILES = ("app.py", "main.py")
NAMES = ("app", "application")
FACTORY = "create_app"


@dataclass(frozen=True, slots=True)
class AppSource:
    """Where an app is: the `module` to import from the folder `root`, and its name there, if given."""

    root: Path
    module: str
    attribute: str | None
    said_by: str
    """Who named it, for messages: `the argument`, `BISTRO_APP`, `pyproject.toml`, `app.py in this folder`."""


def load_app(argument: str | None, folder: Path, env: Mapping[str, str] = os.environ) -> BaseApp:
    """The app that `argument` names, or that `folder` holds. Raises AppNotFound or AppImportFailed."""
    source = find_source(argument, folder, env)
    if source is None:
        raise _nothing_found(folder)
    return import_app(source)


def find_source(argument: str | None, folder: Path, env: Mapping[str, str] = os.environ) -> AppSource | None:
    """Where the app is, without importing it. Raises AppNotFound if a place is named and isn't there."""
    project = read_project(folder)
    named = (
        (argument, folder, "the argument"),
        (env.get("BISTRO_APP"), folder, "BISTRO_APP"),
        (project.app, project.folder, "pyproject.toml"),
    )
    for text, start, said_by in named:
        if text:
            return _parse(text, start, said_by)
    for name in FILES:
        if (folder / name).is_file():
            return AppSource(folder, name.removesuffix(".py"), None, f"{name} in this folder")
    return None


def import_app(source: AppSource) -> BaseApp:
    """Import the module and take the app from it. Raises AppNotFound or AppImportFailed."""
    module = _import_module(source)
    if source.attribute is None:
        return _only_app(module, source)
    return _named_app(module, source.attribute, source)


def _parse(text: str, folder: Path, said_by: str) -> AppSource:
    place, colon, attribute = text.rpartition(":")
    # `C:\shop\app.py` has a colon too, and what follows it is no name.
    if not colon or not attribute.replace(".", "").removesuffix("()").isidentifier():
        place, attribute = text, ""
    path = folder / place
    if path.is_dir() and (path / "app.py").is_file():
        path /= "app.py"
    if path.is_file():
        return _from_file(path.resolve(), attribute, said_by)
    if place.endswith(".py") or "/" in place or os.sep in place:
        raise _no_such_file(place, folder, said_by)
    if not all(part.isidentifier() for part in place.split(".")):
        fix = "Write a file (shop/app.py), a module (shop), or either with a name (shop:app)."
        raise AppNotFound(f"{said_by} says {text!r}, which names no app", fix=fix)
    return AppSource(folder, place, attribute or None, said_by)


def _from_file(path: Path, attribute: str, said_by: str) -> AppSource:
    """A file inside a package is imported as part of it, so that its imports mean what they mean elsewhere."""
    names = [path.stem] if path.stem != "__init__" else []
    root = path.parent
    while (root / "__init__.py").is_file():
        names.insert(0, root.name)
        root = root.parent
    return AppSource(root, ".".join(names), attribute or None, said_by)


def _import_module(source: AppSource) -> ModuleType:
    root = str(source.root)
    if root not in sys.path:
        sys.path.insert(0, root)
    importlib.invalidate_caches()
    try:
        return importlib.import_module(source.module)
    except ModuleNotFoundError as error:
        if error.name is not None and (source.module + ".").startswith(error.name + "."):
            raise _no_such_module(source, error.name) from None
        raise _import_failed(source, error) from error
    except Exception as error:
        raise _import_failed(source, error) from error


def _only_app(module: ModuleType, source: AppSource) -> BaseApp:
    apps = {name: value for name, value in vars(module).items() if isinstance(value, BaseApp)}
    for name in NAMES:
        if name in apps:
            return apps[name]
    if len(set(map(id, apps.values()))) == 1:
        return next(iter(apps.values()))
    if callable(getattr(module, FACTORY, None)):
        return _named_app(module, FACTORY, source)
    where = (_origin_of(module),)
    if apps:
        names = ", ".join(apps)
        fix = f"Say which: bistro run {source.module}:{next(iter(apps))}, or call one of them `app`."
        raise AppNotFound(f"{module.__name__} has several apps: {names}", where=where, fix=fix)
    raise AppNotFound(f"{module.__name__} has no app", where=where, fix="Write there: app = App()")


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
    raise AppNotFound(
        f"{module.__name__}:{attribute} is a {type(value).__name__}, not an App",
        where=(_origin_of(module),),
        fix="Name an App, or a function that returns one.",
    )


def _call_factory(function: object, attribute: str, source: AppSource) -> object:
    assert callable(function)
    try:
        return function()
    except Exception as error:
        what = f"{attribute} in {source.module}, called without arguments, raised {type(error).__name__}"
        raise AppImportFailed(what, where=(find_origin(function),)) from error


def _origin_of(module: ModuleType) -> Origin:
    return Origin(getattr(module, "__file__", None) or module.__name__, 1)


def _nothing_found(folder: Path) -> AppNotFound:
    return AppNotFound(
        f"there is no app.py in {folder}",
        fix=(
            "Go to the folder of your site, name its app (bistro run shop/app.py), or write\n"
            '[tool.bistro] app = "shop:app" into pyproject.toml. `bistro new NAME` makes a site.'
        ),
    )


def _no_such_file(place: str, folder: Path, said_by: str) -> AppNotFound:
    path = folder / place
    names = [each.name for each in path.parent.iterdir()] if path.parent.is_dir() else []
    near = did_you_mean(path.name, names)
    fix = f"Did you mean {path.with_name(near).relative_to(folder, walk_up=False) if near else ''}?" if near else ""
    return AppNotFound(f"{said_by} says {place}, and there is no such file", fix=fix or "Check the path.")


def _no_such_module(source: AppSource, missing: str) -> AppNotFound:
    near = did_you_mean(missing, [path.stem for path in source.root.glob("*") if path.suffix in ("", ".py")])
    fix = f"Did you mean {near}?" if near else "Run the command in the folder that holds the module, or name its file."
    what = f"{source.said_by} says {source.module}, and there is no module {missing} in {source.root}"
    return AppNotFound(what, fix=fix)


def _no_such_name(module: ModuleType, value: object, name: str, source: AppSource) -> AppNotFound:
    near = did_you_mean(name, [each for each in dir(value) if not each.startswith("_")])
    apps = [key for key, each in vars(module).items() if isinstance(each, BaseApp)]
    if near is None and apps:
        near = apps[0]
    fix = f"Did you mean {source.module}:{near}?" if near else "Write there: app = App()"
    return AppNotFound(f"{module.__name__} has no {name!r}", where=(_origin_of(module),), fix=fix)


def _import_failed(source: AppSource, error: Exception) -> AppImportFailed:
    return AppImportFailed(f"{source.module} can't be imported: {type(error).__name__}: {error}")
