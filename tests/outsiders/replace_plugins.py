"""A pytest plugin: whoever imports `bistro.plugins…` gets the copies in OUTSIDERS_FOLDER instead.

Loaded with `-p` in a process of its own by test_outsiders.py, so that the plugins' whole tests run
against code that stands outside of the package.
"""

from __future__ import annotations

import importlib
import os
import sys
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec
from importlib.util import spec_from_loader
from types import ModuleType

FOLDER = os.environ["OUTSIDERS_FOLDER"]


class Alias:
    """A loader that gives an existing module a second name."""

    def __init__(self, name: str) -> None:
        self._name = name

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        module = importlib.import_module(self._name)
        self._spec = module.__spec__
        return module

    def exec_module(self, module: ModuleType) -> None:
        module.__spec__ = self._spec


class Redirect(MetaPathFinder):
    """Leads `bistro.plugins.x` to `outside_x`."""

    def find_spec(self, name: str, path: object, target: object = None) -> ModuleSpec | None:
        if not name.startswith("bistro.plugins."):
            return None
        return spec_from_loader(name, Alias(name.replace("bistro.plugins.", "outside_", 1)))  # type: ignore[arg-type]


sys.path.insert(0, FOLDER)
sys.meta_path.insert(0, Redirect())
