"""Print the figures that tell whether the house is in order.

    python -m tools.house [--json] [--list]

`--list` names the places behind each figure. These are figures to watch, not gates: what must
never happen (circles, wrong arrows) is `tools.floors`, which `./run check` runs.
"""

from __future__ import annotations

import ast
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from tools.doc_examples import find_pages, read_blocks
from tools.floors import find_circles
from tools.hello import measure_hello
from tools.imports import Module, called_name, read_package
from tools.public_api import find_definition
from tools.reasons import find_unexplained

FILE_LINES_MAX = 400
FUNCTION_LINES_MAX = 60
IMPORT_ROUNDS = 5


@dataclass(frozen=True, slots=True)
class Figure:
    """One line of the answer. `goal` is what we aim at, `places` are the files and lines behind it."""

    name: str
    value: str
    goal: str
    places: tuple[str, ...] = ()


def main(arguments: list[str]) -> int:
    figures = list(measure(Path()))
    if "--json" in arguments:
        print(json.dumps([asdict(figure) for figure in figures], indent=2))
        return 0
    for figure in figures:
        print(f"{figure.name:44} {figure.value:>10}   goal {figure.goal}")
        if "--list" in arguments:
            print("".join(f"    {place}\n" for place in figure.places), end="")
    return 0


def measure(root: Path) -> Iterator[Figure]:
    """All figures of the checkout in `root`."""
    modules = read_package(root / "bistro")
    yield count("files over 400 lines", find_long_files(modules), "0")
    yield count("functions over 60 lines", find_long_functions(modules), "0")
    yield count("circles of imports", list(find_circles(modules)), "0")
    yield from describe_hello()
    yield Figure("import bistro", f"{measure_import('import bistro'):.0f} ms", "<= 100 ms")
    yield Figure("from bistro import App", f"{measure_import('from bistro import App'):.0f} ms", "<= 100 ms")
    yield count("public names without docstring", find_undocumented(modules), "0")
    yield count("Any or type: ignore without reason", find_all_unexplained(modules), "0")
    yield count("ContextVar(", find_calls(modules, "ContextVar"), "2")
    yield count("exec(", find_calls(modules, "exec"), "1")
    yield measure_tests(root)
    yield count_doc_blocks(root)
    yield find_test_time(root)


def count(name: str, places: list[str], goal: str) -> Figure:
    return Figure(name, str(len(places)), goal, tuple(places))


def find_long_files(modules: dict[str, Module]) -> list[str]:
    lengths = {
        module.path: len(module.path.read_text(encoding="utf-8").splitlines()) for module in modules.values()
    }
    return [f"{path}: {length} lines" for path, length in lengths.items() if length > FILE_LINES_MAX]


def find_long_functions(modules: dict[str, Module]) -> list[str]:
    found = []
    for module in modules.values():
        for node in ast.walk(module.tree):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                length = (node.end_lineno or node.lineno) - node.lineno + 1
                if length > FUNCTION_LINES_MAX:
                    found.append(f"{module.path}:{node.lineno}: {node.name}, {length} lines")
    return found


def find_undocumented(modules: dict[str, Module]) -> list[str]:
    """Public classes and functions, and public methods of these classes, without a docstring."""
    found: dict[str, None] = {}
    for face in modules.values():
        for name in face.public_names or () if face.is_face else ():
            home, node = find_definition(face, name, modules)
            if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
                for line, missing in find_without_docstring(node):
                    found[f"{home.path}:{line}: {missing}"] = None
    return list(found)


def find_without_docstring(
    node: ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef,
) -> Iterator[tuple[int, str]]:
    if not ast.get_docstring(node):
        yield node.lineno, node.name
    for inner in node.body if isinstance(node, ast.ClassDef) else ():
        if isinstance(inner, ast.FunctionDef | ast.AsyncFunctionDef) and not inner.name.startswith("_"):
            decorators = " ".join(ast.unparse(each) for each in inner.decorator_list)
            if not ast.get_docstring(inner) and not re.search(r"overload|setter|override", decorators):
                yield inner.lineno, f"{node.name}.{inner.name}"


def find_all_unexplained(modules: dict[str, Module]) -> list[str]:
    return [
        f"{module.path}:{line}: {what}"
        for module in modules.values()
        for line, what in find_unexplained(module)
    ]


def find_calls(modules: dict[str, Module], name: str) -> list[str]:
    return [
        f"{module.path}:{node.lineno}"
        for module in modules.values()
        for node in ast.walk(module.tree)
        if isinstance(node, ast.Call) and called_name(node) == name
    ]


def measure_import(statement: str) -> float:
    """The least processor time in milliseconds that `statement` takes in a fresh Python, of a few rounds.

    Not the time on the clock, which says as much about what else the machine does.
    """
    program = f"import time; a = time.process_time(); {statement}; print((time.process_time() - a) * 1000)"
    # Compiled modules are kept, as an installation keeps them.
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONDONTWRITEBYTECODE"}
    times = []
    for _ in range(IMPORT_ROUNDS):
        command = [sys.executable, "-c", program]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
        if done.returncode:
            return float("nan")
        times.append(float(done.stdout))
    return min(times)


def describe_hello() -> Iterator[Figure]:
    """Frames between the server and the handler of the five-line app, and framework calls in all."""
    try:
        cost = measure_hello()
    except Exception as error:  # noqa: BLE001 - the other figures are wanted also while the app can't run
        yield Figure("hello: frames and framework calls", "-", "<= 2, <= 20", (repr(error),))
        return
    yield count("hello: frames from server to handler", cost.frames, "<= 2")
    yield count("hello: framework calls", cost.calls, "<= 20")


def measure_tests(root: Path) -> Figure:
    code = sum(count_code_lines(file) for file in root.glob("bistro/**/*.py"))
    tests = sum(count_code_lines(file) for file in root.glob("tests/**/*.py"))
    return Figure(f"test code / code ({tests} / {code} lines)", f"{tests / max(code, 1):.2f}", ">= 1.5")


def count_code_lines(file: Path) -> int:
    """Lines that are neither blank nor only a comment."""
    lines = file.read_text(encoding="utf-8").splitlines()
    return sum(bool(line.strip()) and not line.lstrip().startswith("#") for line in lines)


def count_doc_blocks(root: Path) -> Figure:
    blocks = [block for page in find_pages(root) for block in read_blocks(page.read_text(encoding="utf-8"))]
    python = [block for block in blocks if block.language in ("python", "py", "python3")]
    running = sum(block.runs for block in python)
    return Figure("doc blocks of Python that run", f"{running}/{len(python)}", "all")


def find_test_time(root: Path) -> Figure:
    """What the last test run said at its end."""
    log = root / ".cache" / "pytest.log"
    last = log.read_text(encoding="utf-8").splitlines()[-1:] if log.exists() else []
    seconds = re.search(r"in ([\d.]+)s", last[0]) if last else None
    return Figure("last test run", f"{seconds[1]} s" if seconds else "-", "quick: <= 60 s", tuple(last))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
