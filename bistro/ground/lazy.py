"""Names of a package that are loaded when they are first used (PEP 562)."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable, Mapping


def lazy_names(
    package: str, modules: Mapping[str, tuple[str, ...]]
) -> tuple[Callable[[str], object], Callable[[], list[str]]]:
    """Give the `__getattr__` and `__dir__` of a package whose names wait in its modules.

    `modules` has the names that each module gives; modules are named from `package` on (`"errors"`).
    Type checkers read the package's imports under `TYPE_CHECKING`; keep `__getattr__` from them (`if not
    TYPE_CHECKING`), or they take any misspelt name for one of the package's.
    """
    module_of = {name: module for module, names in modules.items() for name in names}
    face = vars(sys.modules[package])

    def load(name: str) -> object:
        module = module_of.get(name)
        if module is None:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        thing: object = getattr(importlib.import_module(f"{package}.{module}"), name)
        face[name] = thing
        return thing

    return load, lambda: sorted({*face, *module_of})
