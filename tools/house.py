"""Print the figures that tell whether the house is in order.

    python -m tools.house [--json] [--list]

`--list` names the places behind each figure. These are figures to watch, not gates: what must
never happen (circles, wrong arrows) is `tools.floors`, which `./run check` runs.
"""

from __future__ import annotations

import ast
import asyncio
import json
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from types import FrameType
from typing import Any

from tools.doc_examples import find_pages, read_blocks
from tools.floors import find_circles
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
    yield from measure_hello()
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
    """The least time in milliseconds that `statement` takes in a fresh Python, of a few rounds."""
    program = f"import time; a = time.perf_counter(); {statement}; print((time.perf_counter() - a) * 1000)"
    times = []
    for _ in range(IMPORT_ROUNDS):
        done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
        if done.returncode:
            return float("nan")
        times.append(float(done.stdout))
    return min(times)


def measure_hello() -> Iterator[Figure]:
    """Frames between the server and the handler of the five-line app, and framework calls in all."""
    try:
        frames, calls, places = run_hello()
    except Exception as error:  # noqa: BLE001 - the other figures are wanted also while the app can't run
        yield Figure("hello: frames and framework calls", "-", "2, <= 20", (repr(error),))
        return
    yield Figure("hello: frames from server to handler", str(frames), "2")
    yield Figure("hello: framework calls", str(calls), "<= 20", places)


def run_hello() -> tuple[int, int, tuple[str, ...]]:
    """Answer one request in-process; the second one is counted, when everything is frozen and warm."""
    # Imported here so that the figures of the files need nothing but the files.
    from bistro import App
    from bistro.serving.memory import MemoryExchange

    app = App()
    exchange = MemoryExchange()
    stack: list[str] = []
    calls: list[str] = []

    @app.get("/")
    async def hello() -> str:
        frame: FrameType | None = sys._getframe(1)
        stack.clear()
        while frame is not None and frame.f_code is not answer.__code__:
            stack.append(frame.f_code.co_name)
            frame = frame.f_back
        return "Hello from Bistro"

    async def answer() -> None:
        waiting = app.handle(exchange)
        if waiting is not None:
            await waiting

    async def answer_twice() -> None:
        nonlocal exchange
        await app.start()
        await answer()
        exchange = MemoryExchange()
        sys.setprofile(note_call)
        try:
            await answer()
        finally:
            sys.setprofile(None)
        await app.stop()

    # Any: what sys.setprofile passes depends on the event
    def note_call(frame: FrameType, event: str, _: Any) -> None:
        file = frame.f_code.co_filename
        is_framework = "/bistro/" in file.replace("\\", "/") or file.startswith("<")
        if event == "call" and is_framework and not file.endswith("memory.py"):
            calls.append(f"{Path(file).name}: {frame.f_code.co_name}")

    asyncio.run(answer_twice())
    return len(stack), len(calls), tuple(calls)


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
