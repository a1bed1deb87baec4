"""What imports what: the modules of a package and every import in them, read without running them."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Import:
    """One imported name. `module` is the module it leads to, `name` is empty for `import module`."""

    module: str
    name: str
    line: int
    is_relative: bool = False


@dataclass(frozen=True)
class Module:
    """One file of the package."""

    name: str
    path: Path

    @cached_property
    def tree(self) -> ast.Module:
        return ast.parse(self.path.read_text(encoding="utf-8"), filename=str(self.path))

    @property
    def is_face(self) -> bool:
        return self.path.name == "__init__.py"

    @property
    def room(self) -> str:
        """The folder of the package it stands in; empty for files beside the folders."""
        parts = self.name.split(".")
        is_in_folder = len(parts) > 2 or (len(parts) == 2 and self.is_face)
        return parts[1] if is_in_folder else ""

    @cached_property
    def public_names(self) -> tuple[str, ...] | None:
        """The names of `__all__`; None where the module has none."""
        return find_public_names(self.tree)

    def imports(self) -> list[Import]:
        """Every import of the file, those in functions and under TYPE_CHECKING included."""
        return list(find_imports(self.tree))


def read_package(package: Path) -> dict[str, Module]:
    """The modules of the package in the folder `package`, by dotted name, in order."""
    modules = {}
    for path in sorted(package.rglob("*.py")):
        parts = [package.name, *path.relative_to(package).with_suffix("").parts]
        if parts[-1] == "__init__":
            parts.pop()
        if all(part.isidentifier() for part in parts):
            modules[".".join(parts)] = Module(".".join(parts), path)
    return modules


def find_target(imported: Import, modules: dict[str, Module]) -> Module | None:
    """The module of the package that an import leads to; None for foreign ones."""
    inner = f"{imported.module}.{imported.name}"
    return modules.get(inner) or modules.get(imported.module)


def find_imports(tree: ast.AST) -> Iterator[Import]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield Import(alias.name, "", node.lineno)
        elif isinstance(node, ast.ImportFrom):
            for alias in node.names:
                yield Import(node.module or "", alias.name, node.lineno, is_relative=node.level > 0)
        elif isinstance(node, ast.Call) and called_name(node) in ("import_module", "__import__"):
            first = node.args[0] if node.args else None
            if isinstance(first, ast.Constant) and isinstance(first.value, str):
                yield Import(first.value, "", node.lineno)


def called_name(call: ast.Call) -> str:
    function = call.func
    if isinstance(function, ast.Attribute):
        return function.attr
    return function.id if isinstance(function, ast.Name) else ""


def find_public_names(tree: ast.Module) -> tuple[str, ...] | None:
    """`__all__`, written as a list or tuple, or made of the keys of a dict in the same file.

    The lazy front door may compute its `__all__` in a way that only running it would tell; then it
    is the names that it imports for type checkers in the form of a re-export, `X as X` (PEP 484).
    """
    values = dict(find_assignments(tree))
    if "__all__" not in values:
        return None
    is_empty = isinstance(values["__all__"], ast.List | ast.Tuple) and not values["__all__"].elts
    return find_texts(values["__all__"], values) or (() if is_empty else find_reexports(tree))


def find_reexports(tree: ast.Module) -> tuple[str, ...]:
    froms = (node for node in ast.walk(tree) if isinstance(node, ast.ImportFrom))
    return tuple(alias.name for node in froms for alias in node.names if alias.asname == alias.name)


def find_assignments(tree: ast.Module) -> Iterator[tuple[str, ast.expr]]:
    for node in tree.body:
        if isinstance(node, ast.Assign):
            yield from ((target.id, node.value) for target in node.targets if isinstance(target, ast.Name))
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name) and node.value:
            yield node.target.id, node.value


def find_texts(node: ast.expr | None, values: dict[str, ast.expr]) -> tuple[str, ...]:
    """The strings that a list, a tuple, a dict's keys, `list(x)`, `sorted(x)` or `*x` consist of."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return (node.value,)
    if isinstance(node, ast.List | ast.Tuple | ast.Set):
        return tuple(text for element in node.elts for text in find_texts(element, values))
    if isinstance(node, ast.Dict):
        return tuple(text for key in node.keys for text in find_texts(key, values))
    if isinstance(node, ast.Starred):
        return find_texts(node.value, values)
    if isinstance(node, ast.Call) and node.args:
        return find_texts(node.args[0], values)
    if isinstance(node, ast.Name) and node.id in values:
        return find_texts(values[node.id], values)
    return ()
