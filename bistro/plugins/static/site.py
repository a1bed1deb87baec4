"""The static files of one site: its folders, what was collected of them, and what is wrong with that."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any  # Any: a check is given the app, which it need not know

from bistro.app import Finding, StaticFolder
from bistro.ground import BistroError, did_you_mean, find_debug, find_environment
from bistro.http import NotFound, Request
from bistro.plugins.static.folders import Folders, Source
from bistro.plugins.static.integrity import integrity_of
from bistro.plugins.static.manifest import Manifest, check_files, find_manifest
from bistro.plugins.static.table import ASK_EACH_TIME, Served, table_of_manifest, table_of_sources
from bistro.plugins.static.urls import StaticUrls


class StaticSite:
    """What `Static` serves. Everything is found at its first use, when all folders are known."""

    def __init__(
        self,
        given: Sequence[StaticFolder],
        at: str,
        collected: Path,
        cache_seconds: int | None,
        *,
        follow_links: bool,
    ) -> None:
        self.at = at.rstrip("/")
        self.collected = collected
        self.folders = Folders(given, follow_links=follow_links)
        self.cache_control = ASK_EACH_TIME if cache_seconds is None else f"public, max-age={cache_seconds}"
        self._follow_links = follow_links

    @cached_property
    def sources(self) -> Mapping[str, Source]:
        """Every file by its name. Raises `ConflictError` where two folders have one name."""
        return self.folders.find_all()

    @cached_property
    def manifest(self) -> Manifest | None:
        """What was collected, if anything was. Raises `ManifestError`."""
        return find_manifest(self.collected)

    @cached_property
    def table(self) -> Mapping[str, Served]:
        """Every path that is served, when files are not looked for each time."""
        if self.manifest is None:
            return table_of_sources(
                self.sources, lambda _: self.cache_control, follow_links=self._follow_links
            )
        check_files(self.manifest, self.collected)
        return table_of_manifest(self.manifest, self.collected, self.cache_control)

    def prepare(self) -> None:
        """Find everything before the first request needs it, and what is wrong with it."""
        _ = self.folders.find_all() if find_debug() else self.table

    def make_urls(self, request: Request) -> StaticUrls:
        """What gives the URLs of static files, as the client of this request has to write them."""
        if find_debug():
            return StaticUrls(request.url_for, self._find_live, self.folders.find_all)
        return StaticUrls(request.url_for, self._find_known, lambda: self.sources)

    def find_integrity(self, name: str) -> str | None:
        """The hash that browsers hold a file to; None while it is developed, or not collected."""
        file = None if find_debug() or self.manifest is None else self.manifest.files.get(name)
        return None if file is None else integrity_of(file.paths(self.collected)[""])

    def check_call(self, name: object = None) -> str | None:
        """What is wrong with `static(name)` in a template, or None."""
        names = self.folders.find_all() if find_debug() else self.sources
        if not isinstance(name, str) or name in names:
            return None
        near = did_you_mean(name, names)
        return f"there is no static file {name!r}\n{f'Did you mean {near}?' if near else ''}"

    def find_faults(self, _: Any) -> list[Finding]:
        """What `bistro check` says: two files of one name, nothing collected, or not everything."""
        try:
            sources, manifest = self.sources, self.manifest
        except BistroError as error:
            return [Finding(error.code, "error", error.what, error.where, error.fix)]
        fix = "Run `bistro static collect` where you build what you deploy."
        if manifest is None:
            if not sources or find_environment() != "production":
                return []
            what = "the static files are not collected, so browsers ask for each of them each time"
            return [Finding("static.I001", "info", what, fix=fix)]
        missing = sorted(sources.keys() - manifest.files.keys())
        if not missing:
            return []
        what = f"{len(missing)} static files were not collected, so production has none of them: "
        return [Finding("static.W001", "warning", what + ", ".join(missing[:5]), fix=fix)]

    def _find_known(self, name: str) -> str | None:
        """The path of a file, with its hash if it was collected."""
        if self.manifest is None:
            return name if name in self.sources else None
        file = self.manifest.files.get(name)
        return None if file is None else file.hashed

    def _find_live(self, name: str) -> str | None:
        """The path of a file that is there now."""
        try:
            self.folders.open(name)
        except NotFound:
            return None
        return name
