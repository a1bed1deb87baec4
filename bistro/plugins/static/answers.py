"""Answers with static files."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache

from bistro.ground import run_in_thread
from bistro.http import File, NotFound, Request, Response, choose_encoding
from bistro.plugins.static.folders import Folders
from bistro.plugins.static.table import Served

MEMORY_SIZE_MAX = 16 * 1024 * 1024
CONDITIONS = (b"if-none-match", b"range", b"if-modified-since", b"if-match", b"if-unmodified-since")


class LiveFiles:
    """Looks for each file when it is asked for: what was changed or added is there at once."""

    def __init__(self, folders: Folders, cache_control: str) -> None:
        self._folders = folders
        self._cache_control = cache_control

    def serve(self, path: str) -> File:
        """The file at `path`; a `def` handler, so that a slow disk holds up a thread and not the loop."""
        file = self._folders.open(path)
        file.headers["cache-control"] = self._cache_control
        return file


class KnownFiles:
    """Serves the files of a table; a path that is not in it costs no look at the disk.

    Small files stay in memory once they were asked for, 16 MiB of them at most. No others take
    their place then, so that nobody can make this read the disk by asking in turns.
    """

    def __init__(self, get_table: Callable[[], Mapping[str, Served]]) -> None:
        self._get_table = get_table
        self._choose = lru_cache(maxsize=256)(_choose_coding)
        self._room = MEMORY_SIZE_MAX

    async def serve(self, request: Request, path: str) -> Response:
        """The file at `path`, in the coding that the client takes and that is smallest."""
        served = self._get_table().get(path)
        if served is None:
            raise NotFound
        find_header = request.exchange.find_header
        variant = served.plain
        if served.offered and (accepted := find_header(b"accept-encoding")):
            coding = self._choose(accepted, served.offered)
            variant = served.coded[coding] if coding else variant
        kept = variant.kept
        if kept is None:
            file = await run_in_thread(variant.open)
            content = file.content
            if content is not None and variant.kept is None and len(content) <= self._room:
                self._room -= len(content)
                variant.keep(file, content)
            return file
        for name in CONDITIONS:
            if find_header(name) is not None:
                return variant.from_memory(kept)
        return Response.prepared(200, kept.block, kept.content)


def _choose_coding(accepted: bytes, offered: tuple[str, ...]) -> str | None:
    return choose_encoding(accepted.decode("latin-1"), offered)
