"""The files of all folders that were given with `setup.static`, by the names under which they are served."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from msgspec import Struct

from bistro.app import StaticFolder
from bistro.ground import Origin, Registry
from bistro.http import File, NotFound
from bistro.plugins.static.names import is_plain_name, is_plain_path


class Source(Struct, frozen=True):
    """A file, and the folder that it belongs to."""

    path: Path
    folder: Path


class Folders:
    """All folders of one site; `follow_links` allows symbolic links that lead out of them."""

    def __init__(self, given: Sequence[StaticFolder], *, follow_links: bool) -> None:
        """`given` may still grow until it is first used."""
        self._given = given
        self._follow_links = follow_links

    def find_all(self) -> Mapping[str, Source]:
        """Every file by its name, in the order of names.

        Raises `ConflictError` (B102) where two folders have a file for one name and neither overrides.
        """
        registry = Registry()
        chosen: dict[str, tuple[StaticFolder, Source]] = {}
        for folder in self._given:
            origin = folder.origin
            # With the folder, so that two folders given at one place are two.
            place = Origin(origin.file, origin.line, os.fspath(folder.path), origin.by)
            for path in self._walk(folder.path, _real(folder.path), ()):
                name = folder.prefix + path.relative_to(folder.path).as_posix()
                registry.claim("static file", name, place, override=folder.override)
                if name not in chosen or folder.override:
                    chosen[name] = (folder, Source(path, folder.path))
        registry.raise_conflicts()
        return {name: chosen[name][1] for name in sorted(chosen)}

    def open(self, name: str) -> File:
        """The file called `name`, as it is now. Raises `NotFound`."""
        if is_plain_path(name):
            for folder in sorted(self._given, key=lambda each: not each.override):
                if name.startswith(folder.prefix):
                    path = folder.path.joinpath(*name.removeprefix(folder.prefix).split("/"))
                    try:
                        return File(path, inside=None if self._follow_links else folder.path)
                    except NotFound:
                        continue
        raise NotFound

    def _walk(self, folder: Path, root: Path, above: tuple[Path, ...]) -> Iterator[Path]:
        real = _real(folder)
        if real in above or not folder.is_dir():
            return  # a link that leads in a circle
        for path in sorted(folder.iterdir()):
            if not is_plain_name(path.name):
                continue
            if path.is_symlink() and not (self._follow_links or _real(path).is_relative_to(root)):
                continue
            if path.is_dir():
                yield from self._walk(path, root, (*above, real))
            elif path.is_file():
                yield path


def _real(path: Path) -> Path:
    # Not Path.resolve, which before Python 3.13 raises for a link that leads to itself.
    return Path(os.path.realpath(path))
