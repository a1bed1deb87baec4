"""What `bistro static collect` has made: each name with its hashed name and its compressed forms."""

from __future__ import annotations

import os
from pathlib import Path

import msgspec
from msgspec import Struct

from bistro.plugins.static.errors import ManifestError

MANIFEST_NAME = "bistro-static.json"
VERSION = 1
SUFFIXES = {"br": ".br", "zstd": ".zst", "gzip": ".gz"}
"""What is put behind the name of a file for each coding."""
_FIX = "Run `bistro static collect`."


class CollectedFile(Struct, frozen=True):
    """One file: its name with the hash in it, the whole hash, its size, and the size in each coding."""

    hashed: str
    digest: str
    size: int
    codings: dict[str, int] = {}

    def paths(self, folder: Path) -> dict[str, Path]:
        """Where it lies, by coding; the empty one is the file as it is."""
        path = folder.joinpath(*self.hashed.split("/"))
        return {"": path} | {each: path.with_name(path.name + SUFFIXES[each]) for each in self.codings}


class Manifest(Struct, frozen=True):
    """All collected files by name."""

    files: dict[str, CollectedFile]
    codings: list[str]
    """The codings that were tried."""
    version: int = VERSION

    def write(self, folder: Path) -> bool:
        """Put it into `folder`, whole or not at all; False where it is there already."""
        # Sorted and indented: the same files give the same bytes, and versions of it can be compared.
        text = msgspec.json.format(msgspec.json.encode(self, order="deterministic"), indent=1) + b"\n"
        path = folder / MANIFEST_NAME
        if path.is_file() and path.read_bytes() == text:
            return False
        write_whole(path, text)
        return True


def find_manifest(folder: Path) -> Manifest | None:
    """The manifest in `folder`, None where there is none. Raises `ManifestError` for a broken one."""
    path = folder / MANIFEST_NAME
    try:
        manifest = msgspec.json.decode(path.read_bytes(), type=Manifest)
    except FileNotFoundError:
        return None
    except (OSError, msgspec.MsgspecError, UnicodeError) as error:
        raise ManifestError(f"{path} can't be read: {error}", fix=_FIX) from error
    if manifest.version != VERSION:
        raise ManifestError(f"{path} was written by another version of Bistro", fix=_FIX)
    return manifest


def check_files(manifest: Manifest, folder: Path) -> None:
    """Raise `ManifestError` where a file of the manifest is missing."""
    for name, file in manifest.files.items():
        for path in file.paths(folder).values():
            if not path.is_file():
                raise ManifestError(f"{path} is missing, which {name} was collected as", fix=_FIX)


def write_whole(path: Path, content: bytes) -> None:
    """Write `content` so that nobody ever sees a part of it under the name `path`."""
    # Loaded late: a site that serves writes nothing, and should not wait for it at its start.
    import tempfile

    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=".bistro-")
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
        # mkstemp lets only the owner read; what is served is for everybody.
        Path(temporary).chmod(0o644)
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
