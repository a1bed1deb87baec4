"""What is served in production: every path that there is, looked up once, when the site starts."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Literal

from msgspec import Struct

from bistro.http import File, guess_content_type
from bistro.plugins.static.folders import Source
from bistro.plugins.static.manifest import SUFFIXES, Manifest

FOR_EVER = "public, max-age=31536000, immutable"
"""RFC 8246: what has the hash of its content in its name never changes."""
ASK_EACH_TIME = "no-cache"


class Kept(Struct, frozen=True):
    """A small file in memory, with the headers that it is sent with."""

    content: bytes
    block: bytes


class Variant:
    """One form of a file: as it is, or in a content coding."""

    __slots__ = ("_etag", "_inside", "_modified", "_path", "headers", "kept")

    def __init__(
        self, path: Path, inside: Path | None, headers: Mapping[str, str], etag: str | None = None
    ) -> None:
        self._path = path
        self._inside = inside
        self.headers = headers
        self._etag = etag
        # A date would tell the same as the tag, less exactly, and differ between a site's machines.
        self._modified: datetime | Literal[False] | None = False if etag else None
        self.kept: Kept | None = None

    def open(self) -> File:
        """The answer with this form. Raises `NotFound` where the file is gone."""
        return self._as_file(self._path)

    def from_memory(self, kept: Kept) -> File:
        """The same, made of what is kept."""
        return self._as_file(kept.content)

    def keep(self, file: File, content: bytes) -> None:
        """Keep `content`, and what `file` says of itself."""
        self._etag, self._modified, self.headers = file.etag, file.last_modified, dict(file.headers)
        self.kept = Kept(content, file.headers.to_block())

    def as_form_of(self, plain: Variant, coding: str) -> Variant:
        """This file as `plain` in a content coding."""
        headers = {**plain.headers, "vary": "accept-encoding", "content-encoding": coding}
        return Variant(self._path, self._inside, headers)

    def with_vary(self) -> Variant:
        """The same of a file that has other forms."""
        return Variant(self._path, self._inside, {**self.headers, "vary": "accept-encoding"}, self._etag)

    def _as_file(self, content: Path | bytes) -> File:
        return File(
            content,
            inside=self._inside if isinstance(content, Path) else None,
            content_type=self.headers["content-type"],
            headers=self.headers,
            etag=self._etag,
            last_modified=self._modified,
        )


class Served(Struct, frozen=True):
    """What is behind one path: the file as it is, and in the codings of `coded`, the smallest first."""

    plain: Variant
    coded: Mapping[str, Variant]
    offered: tuple[str, ...]


def table_of_sources(
    sources: Mapping[str, Source], cache_control: Callable[[str], str], *, follow_links: bool
) -> dict[str, Served]:
    """The files as they lie in their folders; `cache_control` gives the header for each name."""
    table = {}
    for name, source in sources.items():
        headers = {"content-type": guess_content_type(name), "cache-control": cache_control(name)}
        inside = None if follow_links else source.folder
        table[name] = Served(Variant(source.path, inside, headers), {}, ())
    return table


def add_prepared_forms(table: dict[str, Served]) -> None:
    """Offer `x.js.br`, `.zst` and `.gz` as forms of `x.js`, for builds that compress their files."""
    for name, served in list(table.items()):
        forms = {
            coding: table[name + suffix].plain
            for coding, suffix in SUFFIXES.items()
            if name + suffix in table
        }
        if forms:
            coded = {coding: form.as_form_of(served.plain, coding) for coding, form in forms.items()}
            table[name] = Served(served.plain.with_vary(), coded, tuple(coded))


def table_of_manifest(manifest: Manifest, folder: Path, cache_control: str) -> dict[str, Served]:
    """The collected files, under their hashed names and, to be asked for each time, their own."""
    table = {}
    for name, file in manifest.files.items():
        offered = tuple(sorted(file.codings, key=lambda coding: file.codings[coding]))
        paths = file.paths(folder)
        for path, caching in ((name, cache_control), (file.hashed, FOR_EVER)):
            headers = {"content-type": guess_content_type(name), "cache-control": caching}
            if offered:
                headers["vary"] = "accept-encoding"
            coded = {
                coding: Variant(
                    paths[coding],
                    folder,
                    {**headers, "content-encoding": coding},
                    f'"{file.digest}-{coding}"',
                )
                for coding in offered
            }
            plain = Variant(paths[""], folder, headers, f'"{file.digest}"')
            table[path] = Served(plain, coded, offered)
    return table
