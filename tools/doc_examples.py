"""Run the examples of README.md and docs/, so that none of them goes stale.

    python -m tools.doc_examples [PAGE …]

The ```python blocks of a page run in order and share one namespace, in an empty folder of their
own, as a reader would paste them. A block whose first line is `# file: name.py` is written as that
file and imported; other languages write a file in the same way, with `<!-- file: … -->` or
`{# file: … #}` where that is their comment. Blocks in other languages are shown, not run.
"""

from __future__ import annotations

import importlib
import os
import re
import sys
import tempfile
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

FENCE = re.compile(r"^(?P<indent> *)```(?P<language>[\w+-]*)[^\n`]*$")
FILE_LINE = re.compile(r"^(?:#|//|<!--|\{#)\s*file:\s*(?P<name>[\w./-]+)\s*(?:-->|#\})?\s*$")
MODULE_NAME = "bistro_doc_example"


@dataclass(frozen=True, slots=True)
class Block:
    """A fenced block of a page; `line` is the number of its first line inside the fence."""

    language: str
    text: str
    line: int

    @property
    def file_name(self) -> str:
        """The file that the block is to be written as; empty for a block that only runs."""
        match = FILE_LINE.match(self.text.partition("\n")[0])
        return match["name"] if match else ""

    @property
    def runs(self) -> bool:
        return self.language == "python"


def main(arguments: list[str]) -> int:
    pages = [Path(word) for word in arguments] or find_pages(Path.cwd())
    failed = 0
    for page in pages:
        try:
            count = run_page(page)
        except Exception:  # noqa: BLE001 - whatever an example raises is what its writer must see
            failed += 1
            traceback.print_exc()
        else:
            print(f"{page}: {count} blocks ran")
    return 1 if failed else 0


def find_pages(root: Path) -> list[Path]:
    """README.md and every page under docs/, in order."""
    return [page for page in (root / "README.md", *sorted(root.glob("docs/**/*.md"))) if page.exists()]


def run_page(page: Path) -> int:
    """Run the blocks of `page` and return how many ran; what an example raises goes to the caller."""
    page = page.absolute()  # the folder changes while the page runs
    blocks = read_blocks(page.read_text(encoding="utf-8"))
    with fresh_folder() as folder, fresh_modules(folder), same_environment():
        module = ModuleType(MODULE_NAME)
        # Registered, because annotations of classes are looked up in the module that they name.
        sys.modules[MODULE_NAME] = module
        for block in blocks:
            run_block(block, page, folder, module)
    return sum(block.runs for block in blocks)


@contextmanager
def same_environment() -> Iterator[None]:
    """Take back what the examples set, for the tests that come after them."""
    before = dict(os.environ)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


def read_blocks(text: str) -> list[Block]:
    """The fenced blocks of a Markdown text; a fence inside a list loses its indent."""
    blocks: list[Block] = []
    lines = text.splitlines()
    position = 0
    while position < len(lines):
        opening = FENCE.match(lines[position])
        position += 1
        if not opening:
            continue
        first = position
        while position < len(lines) and lines[position].strip() != "```":
            position += 1
        inner = [line.removeprefix(opening["indent"]) for line in lines[first:position]]
        blocks.append(Block(opening["language"], "".join(f"{line}\n" for line in inner), first + 1))
        position += 1
    return blocks


def run_block(block: Block, page: Path, folder: Path, module: ModuleType) -> None:
    if block.file_name:
        file = (folder / block.file_name).resolve()
        if not file.is_relative_to(folder):
            raise ValueError(f"{page}:{block.line}: {block.file_name} is outside the page's folder")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(block.text, encoding="utf-8")
        if block.runs:
            import_anew(block.file_name)
    elif block.runs:
        # Blank lines in front, so that a traceback names the line of the page.
        code = compile("\n" * (block.line - 1) + block.text, str(page), "exec")
        exec(code, module.__dict__)  # noqa: S102 - running the examples is what this program is for


def import_anew(file_name: str) -> None:
    name = file_name.removesuffix(".py").removesuffix("/__init__").replace("/", ".")
    sys.modules.pop(name, None)
    importlib.invalidate_caches()
    importlib.import_module(name)


@contextmanager
def fresh_folder() -> Iterator[Path]:
    """An empty folder that is the current one for a while."""
    before = Path.cwd()
    with tempfile.TemporaryDirectory(prefix="bistro-docs-") as name:
        folder = Path(name).resolve()
        os.chdir(folder)
        try:
            yield folder
        finally:
            os.chdir(before)


@contextmanager
def fresh_modules(folder: Path) -> Iterator[None]:
    """Let `folder` be imported from for a while, and forget what was."""
    write_bytecode = not sys.dont_write_bytecode
    before = set(sys.modules)
    sys.path.insert(0, str(folder))
    # A file that a page writes twice within a second would be taken from its first bytecode.
    sys.dont_write_bytecode = True
    try:
        yield
    finally:
        sys.dont_write_bytecode = not write_bytecode
        sys.path.remove(str(folder))
        for name in set(sys.modules) - before:
            # Only what came from the folder: others may hold on to an installed package.
            file = getattr(sys.modules[name], "__file__", None) or ""
            if name == MODULE_NAME or file.startswith(str(folder)):
                del sys.modules[name]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
