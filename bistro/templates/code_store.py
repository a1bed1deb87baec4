"""Compiled templates that outlive the process: kept in a folder, and found there by the next start.

How it works: a file holds the code of one program and what it was made of: the templates, by the digests
of their texts, those that were looked for in vain, and the classes whose attributes it relies on. Where
all of these are as they were, so is the code. A checksum that depends on the compiler, on Python, and on
the names of all filters, tests and functions lets a file of any other set-up pass for damaged.
"""

from __future__ import annotations

import hashlib
import importlib.util
import marshal
import sys
from collections.abc import Collection, Iterable, Iterator, Mapping
from pathlib import Path
from types import CodeType
from typing import Any, Final  # Any: hints are types of every kind.

import jinja2
import msgspec
from jinja2.bccache import Bucket, BytecodeCache
from jinja2.filters import FILTERS
from jinja2.tests import TESTS
from jinja2.utils import _PassArg as PassArgument

from bistro.ground.cache_folder import CacheFolder
from bistro.templates.library import Library, Reading
from bistro.templates.program import Compiled
from bistro.templates.recipes import Recipe
from bistro.templates.source import Text

SIZE_MAX: Final = 8 * 1024 * 1024
CHECKSUM_SIZE: Final = 16
COMPILERS: Final = (
    "bistro.ground.codegen", "jinja2", "jinja2.compiler", "jinja2.idtracking", "jinja2.lexer", "jinja2.nodes",
    "jinja2.parser", "markupsafe",
)  # fmt: skip
"""What decides, besides this room, what a template becomes."""


class KeptProgram(msgspec.Struct, array_like=True):
    """A program as it is written to a file; `reason` says why there is none."""

    types: str
    reason: str
    texts: list[tuple[str, str, bytes]]
    absent: list[str]
    modules: list[tuple[str, str]]
    mentioned: list[str]
    recipes: dict[str, Recipe]
    codes: bytes


class Found(msgspec.Struct, frozen=True):
    """A program that was kept, all of whose parts are unchanged."""

    compiled: Compiled | None
    reason: str
    texts: tuple[Text, ...]
    mentioned: frozenset[str]


class Key(msgspec.Struct, frozen=True):
    """What a program is kept under: `words` name its file, `types` are those that it was made for.

    A page whose fields have changed takes the file of the page that it was.
    """

    words: tuple[str, ...]
    types: str


class CodeStore:
    """The programs of one engine that are kept in a folder."""

    def __init__(
        self, folder: CacheFolder, environment: jinja2.Environment, made_names: Collection[str], *place: str
    ) -> None:
        """`place` tells this site from others that share the folder."""
        self._files = CheckedFiles(folder, fingerprint(environment, made_names))
        self._place = place
        environment.bytecode_cache = StockCode(self._files)

    def find(self, key: Key, library: Library) -> Found | None:
        """The program that was kept under `key`, if everything that it was made of is as it was."""
        content = self._files.find(self._file(key))
        if content is None:
            return None
        kept = msgspec.msgpack.decode(content, type=KeptProgram)
        texts = [library.text(name) for name, _, _ in kept.texts if library.has(name)]
        if (
            kept.types != key.types
            or [(text.name, text.file, text.digest) for text in texts] != kept.texts
            or any(library.has(name) for name in kept.absent)
            or any(stamp_of_module(name) != stamp for name, stamp in kept.modules)
        ):
            return None
        codes: tuple[CodeType, ...] = marshal.loads(kept.codes)  # noqa: S302 - of this user's own folder, checked
        compiled = None if kept.reason else Compiled(codes, kept.recipes)
        return Found(compiled, kept.reason, tuple(texts), frozenset(kept.mentioned))

    def keep(self, key: Key, reading: Reading, found: Found) -> None:
        """Keep a program, unless it relies on a class that comes from no file."""
        modules = {
            base.__module__: stamp_of_module(base.__module__)
            for each in reading.classes
            for base in each.__mro__
        }
        if not all(modules.values()):
            return
        compiled = found.compiled
        kept = KeptProgram(
            key.types,
            found.reason,
            [(text.name, text.file, text.digest) for text in found.texts],
            sorted(reading.absent),
            sorted(modules.items()),
            sorted(found.mentioned),
            dict(compiled.recipes) if compiled else {},
            marshal.dumps(compiled.codes if compiled else ()),
        )
        self._files.keep(self._file(key), msgspec.msgpack.encode(kept))

    def _file(self, key: Key) -> str:
        return f"template-{digest_of([*self._place, *key.words]).hex()}"


class CheckedFiles:
    """Files of a folder that are believed only where their content fits their checksum under a key."""

    def __init__(self, folder: CacheFolder, key: bytes) -> None:
        self._folder = folder
        self._key = key

    def find(self, name: str) -> bytes | None:
        """What was kept under this name, unless it is damaged or made by another set-up."""
        content = self._folder.read(name, SIZE_MAX)
        if content is None or content[:CHECKSUM_SIZE] != self._checksum(name, content[CHECKSUM_SIZE:]):
            return None
        return content[CHECKSUM_SIZE:]

    def keep(self, name: str, content: bytes) -> None:
        """Keep `content` in place of what was kept under this name."""
        self._folder.replace(name, self._checksum(name, content) + content)

    def _checksum(self, name: str, content: bytes) -> bytes:
        # The name, too: a file that was copied over another must not pass for it.
        made = hashlib.blake2b(name.encode(), digest_size=CHECKSUM_SIZE, key=self._key)
        made.update(content)
        return made.digest()


class StockCode(BytecodeCache):
    """The code of templates that are left to stock Jinja2, in the same folder."""

    def __init__(self, files: CheckedFiles) -> None:
        self._files = files

    def load_bytecode(self, bucket: Bucket) -> None:
        """Give Jinja2 what was kept."""
        content = self._files.find(f"stock-{bucket.key}")
        if content is not None:
            bucket.bytecode_from_string(content)

    def dump_bytecode(self, bucket: Bucket) -> None:
        """Keep what Jinja2 has compiled."""
        self._files.keep(f"stock-{bucket.key}", bucket.bytecode_to_string())


def key_of(name: str, block: str | None, page: type | None, hints: Mapping[str, Any] | None) -> Key:
    """The key of a template, or of a block of it, for contexts of a page."""
    kind = "" if page is None else f"{page.__module__}.{page.__qualname__}"
    types = "" if hints is None else repr(sorted((field, repr(hint)) for field, hint in hints.items()))
    return Key((name, repr(block), kind), types)


def fingerprint(environment: jinja2.Environment, made_names: Collection[str]) -> bytes:
    """Tells apart the set-ups that make different code of the same templates."""
    return digest_of(
        [
            sys.version,
            importlib.util.MAGIC_NUMBER.hex(),
            # By their content, not their times, which images and packages often set to one and the same.
            *(
                hashlib.blake2b(file.read_bytes(), digest_size=16).hexdigest()
                for file in _files_of_compiler()
            ),
            *(
                f"{each.identifier} {stamp_of_module(type(each).__module__)}"
                for each in environment.iter_extensions()
            ),
            *_describe("filter", environment.filters, FILTERS),
            *_describe("test", environment.tests, TESTS),
            *_describe("global", environment.globals, {}),
            *sorted(made_names),
        ]
    )


def _files_of_compiler() -> Iterator[Path]:
    yield from sorted(Path(__file__).parent.glob("*.py"))
    for name in COMPILERS:
        file = getattr(sys.modules.get(name), "__file__", None)
        if file is not None:
            yield Path(file)


def _describe(kind: str, functions: Mapping[str, Any], built_in: Mapping[str, Any]) -> Iterator[str]:
    """What the compiler asks about filters, tests and functions."""
    for name, function in sorted(functions.items()):
        yield f"{kind} {name} {PassArgument.from_obj(function)} {built_in.get(name) is function}"


def digest_of(words: Iterable[str]) -> bytes:
    """Tells these words from all others."""
    text = "\0".join(words)
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).digest()


def stamp_of_module(name: str) -> str:
    """Tells whether the file of a module has changed; empty for one that has no file."""
    if name in sys.builtin_module_names:
        return sys.version
    file = getattr(sys.modules.get(name), "__file__", None)
    return stamp_of(Path(file)) if file else ""


def stamp_of(file: Path) -> str:
    """Tells whether a file has changed; empty where it is not there."""
    try:
        status = file.stat()
    except OSError:
        return ""
    return f"{file} {status.st_size} {status.st_mtime_ns}"
