"""Copies of the built-in plugins outside of the package, as if somebody else had written them."""

from __future__ import annotations

import ast
import importlib
import re
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType

from tools.imports import Module, find_public_names, read_package

ROOT = Path(__file__).resolve().parent.parent.parent
PLUGINS = ROOT / "bistro" / "plugins"
PREFIX = "outside_"


def plugin_names() -> list[str]:
    """Every plugin: the modules and packages under bistro/plugins."""
    names = [path.stem if path.is_file() else path.name for path in PLUGINS.iterdir()]
    return sorted(name for name in names if not name.startswith("_"))


def files_of(plugin: str) -> list[Path]:
    """The source files of a plugin."""
    single = PLUGINS / f"{plugin}.py"
    return [single] if single.exists() else sorted((PLUGINS / plugin).rglob("*.py"))


def copy_plugins(folder: Path) -> None:
    """Copy every plugin into `folder` as `outside_NAME`; nothing in a copy names bistro.plugins."""
    for plugin in plugin_names():
        source = PLUGINS / plugin
        if source.is_dir():
            shutil.copytree(
                source, folder / f"{PREFIX}{plugin}", ignore=shutil.ignore_patterns("__pycache__")
            )
        else:
            shutil.copy(source.with_suffix(".py"), folder / f"{PREFIX}{plugin}.py")
    for path in folder.rglob("*.py"):
        text = re.sub(r"\bbistro\.plugins\.(?=[a-z])", PREFIX, path.read_text(encoding="utf-8"))
        assert "bistro.plugins" not in text, f"{path.name} names the package of the built-in plugins"
        path.write_text(text, encoding="utf-8")


@contextmanager
def importable(folder: Path) -> Iterator[None]:
    """Let the copies be imported, and forget them afterwards."""
    sys.path.insert(0, str(folder))
    importlib.invalidate_caches()
    try:
        yield
    finally:
        sys.path.remove(str(folder))
        for name in [name for name in sys.modules if name.startswith(PREFIX)]:
            del sys.modules[name]


def import_copy(plugin: str) -> ModuleType:
    """The copy of `plugin`; `importable` must be active."""
    module = importlib.import_module(f"{PREFIX}{plugin}")
    assert "bistro" not in Path(str(module.__file__)).parts
    return module


def forbidden_imports(path: Path) -> list[str]:
    """Imports of bistro that an outsider could not rely on: whatever is in no room's `__all__`."""
    faces = public_faces()
    found = []
    for imported in Module(path.stem, path).imports():
        if imported.module.partition(".")[0] != "bistro" or imported.module.startswith("bistro.plugins."):
            continue
        if imported.name not in faces.get(imported.module, ()):
            found.append(f"{path.name}:{imported.line}: {imported.name or imported.module}")
    return found


def private_uses(path: Path) -> list[str]:
    """Attributes with an underscore in front that are not the object's own."""
    return [
        f"{path.name}:{node.lineno}: .{node.attr}"
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Attribute)
        and node.attr.startswith("_")
        and not node.attr.startswith("__")
        and not (isinstance(node.value, ast.Name) and node.value.id in ("self", "cls"))
    ]


def public_faces() -> dict[str, tuple[str, ...]]:
    """The public names of the package and of each room."""
    return {
        module.name: find_public_names(module.tree) or ()
        for module in read_package(ROOT / "bistro").values()
        if module.is_face and module.name.count(".") <= 1
    }
