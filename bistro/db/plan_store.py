"""Plans that outlive the process: what made them is kept in a file, so that the next start makes no SQL.

How it works: each recipe is a line `<key> <checksum> <JSON>` at the end of `plans.txt`. Lines are only
ever added, in one write each, so that several processes share the file; one that was cut or damaged
does not fit its checksum. A program has some dozens of forms; where one makes them without end, the
file is begun anew.
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Final

from bistro.db.plan_codec import decode_recipe, encode_recipe
from bistro.db.plan_keys import KeyWriter, NotKept
from bistro.db.recipe import Recipe
from bistro.db.shape import Shape
from bistro.ground.cache_folder import CacheFolder

FILE: Final = "plans.txt"
SIZE_MAX: Final = 4 * 1024 * 1024
KEY_SIZE: Final = 64


class PlanStore:
    """The recipes in a folder; they are read when the first one is asked for."""

    def __init__(self, folder: CacheFolder) -> None:
        self._folder = folder
        self._lines: dict[bytes, bytes] | None = None
        self._size = 0

    def find(self, shape: Shape, dialect: str) -> Recipe | None:
        """The recipe that was kept for this form of a query."""
        if self._lines is None:
            self._lines = self._read()
        try:
            line = self._lines.get(KeyWriter().key(shape, dialect).encode())
        except NotKept:
            return None
        checksum, _, content = (line or b"").partition(b" ")
        return decode_recipe(content) if checksum == _checksum(content) else None

    def keep(self, shape: Shape, dialect: str, recipe: Recipe) -> None:
        """Keep a recipe for the next run, unless it has a part that only this one knows."""
        writer = KeyWriter()
        try:
            key = writer.key(shape, dialect)
            # The line break comes first, so that a line that was cut spoils no other.
            content = encode_recipe(recipe, writer.tables)
            line = b"\n%s %s %s" % (key.encode(), _checksum(content), content)
        except NotKept:
            return
        self._size += len(line)
        if self._size <= SIZE_MAX:
            self._folder.append(FILE, line)

    def _read(self) -> dict[bytes, bytes]:
        content = self._folder.read(FILE, SIZE_MAX)
        if content is None:
            # Too large, or nothing to believe: the next one begins it anew.
            self._folder.remove(FILE)
            return {}
        self._size = len(content)
        lines = (line for line in content.split(b"\n") if line[KEY_SIZE : KEY_SIZE + 1] == b" ")
        return {line[:KEY_SIZE]: line[KEY_SIZE + 1 :] for line in lines}


def _checksum(content: bytes) -> bytes:
    return hashlib.blake2b(content, digest_size=8).hexdigest().encode()


_store: PlanStore | None = None


def find_store() -> PlanStore | None:
    """The store of this process, if it has one."""
    return _store


def use_store(store: PlanStore | None) -> None:
    """Keep the plans of this process in `store`, and take them from there."""
    global _store
    _store = store


def keep_plans(beside: Path) -> None:
    """Keep what queries became in the folder `.bistro` beside a program, for its next start.

    A program whose queries are all there never loads what makes SQL, which takes longer than all the
    rest of a start. `BISTRO_CACHE` names another folder, or says `off`. The plugin
    `Database` calls this for its app.
    """
    use_store(PlanStore(CacheFolder(beside)))
