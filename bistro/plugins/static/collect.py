"""`bistro static collect`: every static file under a name with a hash in it, and compressed where that helps.

How it works. A file's hash is made of its content and that of every file that it refers to, directly
or through others: so a style sheet gets a new name when its picture changes, and modules that
import each other in a circle need no order. What was written before under the same hash is the same,
and is left alone, so that a second run does only what has changed.
"""

from __future__ import annotations

import hashlib
import posixpath
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from msgspec import Struct

from bistro.http import compress, find_codings, guess_content_type, is_compressible
from bistro.plugins.static.folders import Source
from bistro.plugins.static.manifest import (
    SUFFIXES,
    CollectedFile,
    Manifest,
    find_manifest,
    write_whole,
)
from bistro.plugins.static.references import Reference, find_references, rewrite

# In every hash: to be raised when the same sources come to give other bytes.
_FORMAT = b"1"
_HASH_LENGTH = 12
# What this has written itself, and nothing else: only that may be removed.
_OWN_NAME = re.compile(r"(?:.*-[0-9a-f]{12}(?:\.[^./]*)?(?:\.br|\.gz|\.zst)?|\.bistro-[^/]*)")


class Missing(Struct, frozen=True):
    """A reference to a file that there isn't."""

    file: str
    line: int
    reference: str


class Prepared(Struct, frozen=True):
    """A file that is to be written: where it comes from, and its text where that changes."""

    source: Source
    hashed: str
    digest: str
    text: str | None

    def content(self) -> bytes:
        """The bytes to serve."""
        return self.source.path.read_bytes() if self.text is None else self.text.encode()


class Collected(Struct):
    """What a run has done: names of hashed files, from the folder of collected files."""

    files: int
    written: list[str]
    removed: list[str]
    stale: list[str]
    """Files of earlier runs that no longer belong to the site."""
    missing: list[Missing]
    is_new: bool
    """Whether the manifest has changed."""


def prepare(sources: Mapping[str, Source], at: str) -> tuple[dict[str, Prepared], list[Missing]]:
    """What each file becomes, by its name, and the references that lead nowhere; writes nothing."""
    texts, references = {}, {}
    digests = {name: _digest_of(source.path) for name, source in sources.items()}
    missing: list[Missing] = []
    for name, source in sources.items():
        text = _read_text(name, source.path)
        found = [] if text is None else find_references(name, text, at)
        known = [each for each in found if each.name in sources]
        if text is not None and known:
            texts[name], references[name] = text, known
        missing += [
            Missing(str(source.path), (text or "").count("\n", 0, each.start) + 1, each.text)
            for each in found
            if each.name not in sources and not each.is_map
        ]
    full = {name: _full_digest(name, digests, references) for name in sources}
    hashed = {name: _hashed_name(name, full[name]) for name in sources}
    return {
        name: Prepared(
            source,
            hashed[name],
            full[name],
            rewrite(texts[name], references[name], hashed) if name in texts else None,
        )
        for name, source in sources.items()
    }, missing


def collect(sources: Mapping[str, Source], at: str, folder: Path, *, prune: bool = False) -> Collected:
    """Write all files into `folder`, then the manifest; with `prune`, remove those of earlier runs."""
    prepared, missing = prepare(sources, at)
    earlier = find_manifest(folder)
    codings = list(find_codings())
    known = _by_hashed_name(earlier, folder) if earlier and earlier.codings == codings else {}
    files, written = {}, []
    for name, each in prepared.items():
        file = known.get(each.hashed)
        if file is None:
            file = _write(each, folder, codings if is_compressible(guess_content_type(name)) else [])
            written.append(each.hashed)
        files[name] = file
    manifest = Manifest(files, codings)
    is_new = manifest.write(folder)
    stale = sorted(_find_stale(manifest, folder))
    if prune:
        for path in stale:
            (folder / path).unlink(missing_ok=True)
    return Collected(len(files), written, stale if prune else [], [] if prune else stale, missing, is_new)


def is_current(manifest: Manifest | None, prepared: Mapping[str, Prepared]) -> bool:
    """Whether what was collected is what these files would become now."""
    return manifest is not None and {name: file.hashed for name, file in manifest.files.items()} == {
        name: each.hashed for name, each in prepared.items()
    }


def _by_hashed_name(manifest: Manifest, folder: Path) -> dict[str, CollectedFile]:
    return {
        file.hashed: file
        for file in manifest.files.values()
        if all(path.is_file() for path in file.paths(folder).values())
    }


def _write(prepared: Prepared, folder: Path, codings: list[str]) -> CollectedFile:
    content = prepared.content()
    path = folder.joinpath(*prepared.hashed.split("/"))
    write_whole(path, content)
    sizes = {}
    for coding in codings:
        compressed = compress(content, coding, "best")
        if len(compressed) < len(content):
            write_whole(path.with_name(path.name + SUFFIXES[coding]), compressed)
            sizes[coding] = len(compressed)
    return CollectedFile(prepared.hashed, prepared.digest, len(content), sizes)


def _find_stale(manifest: Manifest, folder: Path) -> Iterator[str]:
    current = {path for file in manifest.files.values() for path in file.paths(folder).values()}
    for path in folder.rglob("*"):
        if path not in current and _OWN_NAME.fullmatch(path.name) and path.is_file():
            yield path.relative_to(folder).as_posix()


def _full_digest(name: str, digests: Mapping[str, str], references: Mapping[str, list[Reference]]) -> str:
    """The hash of a file and of all that it leads to."""
    if name not in references:
        return digests[name]
    reached, waiting = {name}, [name]
    while waiting:
        for reference in references.get(waiting.pop(), ()):
            if reference.name not in reached:
                reached.add(reference.name)
                waiting.append(reference.name)
    whole = hashlib.blake2b(_FORMAT + digests[name].encode(), digest_size=16)
    for each in sorted(reached):
        whole.update(f"\n{each}\n{digests[each]}".encode())
    return whole.hexdigest()


def _digest_of(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, lambda: hashlib.blake2b(digest_size=16)).hexdigest()


def _hashed_name(name: str, digest: str) -> str:
    stem, suffix = posixpath.splitext(name)
    return f"{stem}-{digest[:_HASH_LENGTH]}{suffix}"


def _read_text(name: str, path: Path) -> str | None:
    """The text of a file that may refer to others; None for what is none."""
    if not name.lower().endswith((".css", ".js", ".mjs")):
        return None
    try:
        # As bytes first: reading as text would change the ends of lines.
        return path.read_bytes().decode()
    except UnicodeDecodeError:
        return None
