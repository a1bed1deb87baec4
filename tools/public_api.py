"""Print the public names of each room: what `__all__` of its face lists, with kind and first line.

    python -m tools.public_api [--json]

This is the surface that a release promises; a change here belongs in the changelog.
"""

from __future__ import annotations

import ast
import json
import sys
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from tools.imports import Module, find_assignments, find_target, read_package

Definition = ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True, slots=True)
class PublicName:
    """A name that users may import, and where it is written."""

    face: str
    name: str
    kind: str
    """`class`, `function`, `value` or `unknown`."""
    file: str
    line: int
    summary: str
    """The docstring's first line; empty where there is none."""


def main(arguments: list[str]) -> int:
    modules = read_package(Path("bistro"))
    names = list(list_public_names(modules))
    if "--json" in arguments:
        print(json.dumps([asdict(name) for name in names], indent=2))
        return 0
    face = ""
    for name in names:
        if name.face != face:
            face = name.face
            print(f"\n{face}")
        print(f"  {name.name:28} {name.kind:9} {name.summary}")
    return 0


def list_public_names(modules: dict[str, Module]) -> Iterator[PublicName]:
    """The names in `__all__` of the front door and of each room's face, in their order."""
    for face in modules.values():
        if face.is_face and face.name.count(".") <= 1:
            for name in face.public_names or ():
                yield describe(face, name, modules)


def describe(face: Module, name: str, modules: dict[str, Module]) -> PublicName:
    home, node = find_definition(face, name, modules)
    if isinstance(node, Definition):
        kind = "class" if isinstance(node, ast.ClassDef) else "function"
        summary = (ast.get_docstring(node) or "").partition("\n")[0]
        return PublicName(face.name, name, kind, str(home.path), node.lineno, summary)
    kind = "value" if node is not None else "unknown"
    return PublicName(face.name, name, kind, str(home.path), getattr(node, "lineno", 1), "")


def find_definition(face: Module, name: str, modules: dict[str, Module]) -> tuple[Module, ast.AST | None]:
    """The module and the statement that define `name`, followed through the imports of faces."""
    module, seen = face, set[str]()
    while module.name not in seen:
        seen.add(module.name)
        definitions = [
            node for node in module.tree.body if isinstance(node, Definition) and node.name == name
        ]
        if definitions:
            return module, definitions[-1]  # the function itself, behind its overloads
        for target, value in find_assignments(module.tree):
            if target == name:
                return module, value
        # Imports under TYPE_CHECKING count: the lazy front door names its homes there.
        for imported in module.imports():
            target_module = find_target(imported, modules)
            if imported.name == name and target_module is not None and target_module is not module:
                module = target_module
                break
    return module, None


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
