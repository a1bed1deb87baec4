"""The plugin: which folders, under which path, kept how long."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from bistro.app import Setup, StaticFolder
from bistro.ground import find_debug
from bistro.plugins.static.answers import KnownFiles, LiveFiles
from bistro.plugins.static.errors import StaticFolderError
from bistro.plugins.static.site import StaticSite
from bistro.plugins.static.tags import AssetTags
from bistro.plugins.static.urls import StaticUrls

DEFAULT_FOLDER = "static"


@dataclass(frozen=True)
class Static:
    """Serve the files in `folder`, and those that plugins bring, under the path `at`.

    `static("css/site.css")` in a template, or a parameter of type `StaticUrls`, gives the URL of one.
    A relative `folder` counts from the folder in which the site is started; one called `static` may
    be missing. In development, a file is looked for when it is asked for. Elsewhere all are looked up
    once, at the start: those in `collected` (by default `static-collected` beside `folder`) if
    `bistro static collect` was run, under names that browsers keep for ever. Other names are asked
    for each time, and answered with 304 while nothing has changed, or kept for `cache_seconds`.

    There is no listing of folders; names that begin with a dot, and names that Windows would take
    for a device or another drive, are not found, on any system. `follow_links` allows symbolic links
    that lead out of a folder; with `override`, files of `folder` take the place of those of plugins.
    """

    folder: str | os.PathLike[str] = DEFAULT_FOLDER
    at: str = "/static"
    cache_seconds: int | None = None
    follow_links: bool = False
    collected: str | os.PathLike[str] | None = None
    override: bool = False

    requires: ClassVar[tuple[type, ...]] = ()

    def install(self, setup: Setup) -> None:
        """Add the route, the URLs and a check. Raises `StaticFolderError`."""
        folder = self._folder()
        if not folder.is_dir() and folder.name != DEFAULT_FOLDER:
            fix = "Make the folder, or give the path of the right one."
            raise StaticFolderError(f"there is no folder {os.fspath(self.folder)}", fix=fix)
        if folder.is_dir():
            setup.static(folder, override=self.override)
        site = self.site(setup.static_folders)
        setup.check(site.find_faults)
        setup.on_start(site.prepare)

        def add_route() -> None:
            # Where there is nothing to serve, the path belongs to the site.
            if setup.static_folders:
                live, known = LiveFiles(site.folders, site.cache_control), KnownFiles(lambda: site.table)
                serve = live.serve if find_debug() else known.serve
                setup.routes.get(f"{site.at}/{{path:path}}", name="static", public=True)(serve)

        setup.when_installed(add_route)
        setup.provide(StaticUrls, site.make_urls)
        setup.template_global("static", site.make_urls, check=site.check_call)
        tags = AssetTags(site, lambda: setup.template_parts.find_names("global").get("csp_nonce"))
        setup.template_global("script", tags.make_script, check=site.check_call)
        setup.template_global("stylesheet", tags.make_stylesheet, check=site.check_call)

    def site(self, folders: Sequence[StaticFolder]) -> StaticSite:
        """The static files of an app that has these folders."""
        folder = self._folder()
        collected = (
            folder.with_name(f"{folder.name}-collected")
            if self.collected is None
            else Path(self.collected).absolute()
        )
        return StaticSite(folders, self.at, collected, self.cache_seconds, follow_links=self.follow_links)

    def _folder(self) -> Path:
        # Resolved at once, so that a later change of the working directory changes nothing.
        return Path(self.folder).absolute()
