"""Keep the floors: a module imports from its own room or from a lower floor, and never in a circle.

    python -m tools.floors            print the map, then every arrow that points the wrong way
    python -m tools.floors --map      write the map into ARCHITECTURE.md as well

Imports in functions and under TYPE_CHECKING count: a type that an upper floor needs to be named
below belongs below. Exit code 1, with file and line, if anything is wrong or the map is stale.
"""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator
from pathlib import Path

from tools.imports import Import, Module, find_assignments, find_target, find_texts, read_package

FLOORS: dict[int, tuple[str, ...]] = {
    6: ("cli", "testing"),
    5: ("front door",),  # bistro/__init__.py and bistro/site.py: App() comes with default plugins
    4: ("plugins",),
    3: ("app",),
    2: ("routing", "forms", "serving", "migrations"),
    1: (
        "http",
        "validation",
        "templates",
        "db",
        "cache",
        "tasks",
        "realtime",
        "mail",
        "storage",
        "translation",
    ),
    0: ("ground",),
}
FLOOR_OF = {room: floor for floor, rooms in FLOORS.items() for room in rooms}
# The rooms of floor 2 join some rooms of floor 1; the others are none of their business.
JOINED = {
    "routing": {"http", "validation"},
    "forms": {"http", "validation", "templates", "db"},
    "serving": {"http"},
    "migrations": {"db"},
}
FRONT_DOOR = ("bistro", "bistro.site")
MAP_PATTERN = re.compile(r"(<!-- floors: begin[^\n]*-->\n).*?(<!-- floors: end -->)", re.DOTALL)


def main(arguments: list[str]) -> int:
    root = Path(next((word for word in arguments if not word.startswith("-")), "."))
    modules = read_package(root / "bistro")
    picture = draw_map(modules)
    if "--quiet" not in arguments:
        print(picture)
    faults = [*find_wrong_arrows(modules), *find_circles(modules)]
    faults += check_map(root / "ARCHITECTURE.md", picture, write="--map" in arguments)
    for fault in faults:
        print(fault)
    return 1 if faults else 0


def find_wrong_arrows(modules: dict[str, Module]) -> Iterator[str]:
    """A line `file:line: what is wrong` for each import that breaks a rule."""
    for module in modules.values():
        if room_of(module) not in FLOOR_OF:
            yield f"{module.path}:1: {module.name} stands on no floor; add it to FLOORS in tools/floors.py"
            continue
        faults = ((each.line, find_fault(module, each, modules)) for each in module.imports())
        for line, fault in dict.fromkeys(faults):
            if fault:
                yield f"{module.path}:{line}: {fault}"


def find_fault(module: Module, imported: Import, modules: dict[str, Module]) -> str:
    """What is wrong with an import, or an empty text."""
    if imported.is_relative:
        return "relative import; write the whole name, so that the floor can be read off it"
    target = find_target(imported, modules)
    if target is None:
        is_foreign = imported.module.partition(".")[0] != "bistro"
        return "" if is_foreign else f"there is no module {imported.module}"
    if imported.name == "*":
        return f"star import of {imported.module}; name what you need"
    here, there = room_of(module), room_of(target)
    if here == there:
        return find_fault_between_plugins(module, imported, target, modules) if here == "plugins" else ""
    if there not in FLOOR_OF:
        return ""  # told once, at the module itself
    way = find_wrong_way(here, there)
    if way:
        return f"{here} (floor {FLOOR_OF[here]}) imports {way}: {target.name} (floor {FLOOR_OF[there]})"
    return find_fault_of_face(imported, modules) if here == "plugins" else ""


def find_wrong_way(here: str, there: str) -> str:
    if FLOOR_OF[there] > FLOOR_OF[here]:
        return "up"
    if FLOOR_OF[there] == FLOOR_OF[here]:
        return "sideways"
    return "" if there in {*JOINED.get(here, {there}), "ground"} else "a room that it does not join"


def find_fault_of_face(imported: Import, modules: dict[str, Module]) -> str:
    """A plugin imports names from public faces only: an outsider could not do more."""
    face = modules.get(imported.module)
    if face is None or not face.is_face or imported.module.count(".") > 1:
        return f"plugins import from faces only (from bistro.room import Name), not from {imported.module}"
    if imported.name in (face.public_names or ()):
        return ""
    return f"{imported.name or imported.module} is not a public name of {imported.module} (its __all__)"


def find_fault_between_plugins(
    module: Module, imported: Import, target: Module, modules: dict[str, Module]
) -> str:
    """A plugin uses another one only if it says so: one of the other's classes is in its `requires`,
    or in its `uses`, where the other one need not be installed for it."""
    here, there = plugin_of(module), plugin_of(target)
    if here in (there, ""):  # its own files, or the face of all plugins
        return ""
    if there == "":
        return f"import {imported.name} from its plugin's own module, not from the face of all plugins"
    required = {name for each in files_of_plugin(here, modules) for name in find_required(each.tree)}
    offered = {node.name for each in files_of_plugin(there, modules) for node in ast.walk(each.tree)
               if isinstance(node, ast.ClassDef)}  # fmt: skip
    if not required & offered:
        return f"plugin {here} uses plugin {there} without naming it in `requires`"
    is_public = target.public_names is None or imported.name in target.public_names
    if imported.name.startswith("_") or not is_public:
        return f"{imported.name} is not a public name of {target.name}"
    return ""


def find_required(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.ClassDef):
            body = ast.Module(body=node.body, type_ignores=[])
            for name, value in find_assignments(body):
                if name in ("requires", "uses"):
                    yield from (part.id for part in ast.walk(value) if isinstance(part, ast.Name))
                    yield from find_texts(value, {})


def find_circles(modules: dict[str, Module]) -> Iterator[str]:
    """A line for each circle of imports, told where it begins."""
    arrows = {name: arrows_of(module, modules) for name, module in modules.items()}
    done: set[str] = set()
    for start in arrows:
        path: list[str] = []
        waiting = [iter([start])]
        # A walk by hand and not by recursion: a deep package must not end the check.
        while waiting:
            name = next(waiting[-1], None)
            if name is None:
                waiting.pop()
                if path:
                    done.add(path.pop())
            elif name in path:
                circle = [*path[path.index(name) :], name]
                line = arrows[circle[0]][circle[1]]
                yield f"{modules[circle[0]].path}:{line}: circle of imports: {' -> '.join(circle)}"
            elif name not in done:
                path.append(name)
                waiting.append(iter(arrows[name]))


def arrows_of(module: Module, modules: dict[str, Module]) -> dict[str, int]:
    """The modules that `module` imports, each with the line that does."""
    arrows: dict[str, int] = {}
    for imported in module.imports():
        target = find_target(imported, modules)
        if target is not None and target.name != module.name:
            arrows.setdefault(target.name, imported.line)
    return arrows


def draw_map(modules: dict[str, Module]) -> str:
    """The floors, top to bottom, each room with the rooms that it imports now."""
    uses: dict[str, set[str]] = {}
    for module in modules.values():
        targets = {room_of(modules[name]) for name in arrows_of(module, modules)}
        uses.setdefault(room_of(module), set()).update(targets - {room_of(module)})
    lines = ["floor  room         imports"]
    for floor, rooms in FLOORS.items():
        for room in rooms:
            if room in uses:
                below = sorted(uses[room], key=lambda name: (-FLOOR_OF.get(name, 0), name))
                lines.append(f"{floor}      {room:12} {', '.join(below)}".rstrip())
    return "\n".join(lines)


def check_map(page: Path, picture: str, *, write: bool) -> Iterator[str]:
    """Compare the map in ARCHITECTURE.md with the code; `write` puts it right instead."""
    if not page.exists():
        return
    text = page.read_text(encoding="utf-8")
    fresh = MAP_PATTERN.sub(lambda match: f"{match[1]}```text\n{picture}\n```\n{match[2]}", text)
    if fresh == text:
        return
    if write:
        page.write_text(fresh, encoding="utf-8")
    else:
        yield f"{page}:1: the floor map is stale; ./run format draws it anew"


def room_of(module: Module) -> str:
    """The room of a module; `python -m bistro` is a way in and belongs to cli."""
    if module.room:
        return module.room
    return {**dict.fromkeys(FRONT_DOOR, "front door"), "bistro.__main__": "cli"}.get(module.name, module.name)


def plugin_of(module: Module) -> str:
    """Which plugin a file under plugins/ belongs to; empty for the face of all plugins."""
    return ".".join(module.name.split(".")[2:3])


def files_of_plugin(plugin: str, modules: dict[str, Module]) -> Iterator[Module]:
    return (each for each in modules.values() if room_of(each) == "plugins" and plugin_of(each) == plugin)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
