"""The files of a folder, as they are."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from bistro.app import Setup
from bistro.ground import SetupError
from bistro.http import File, NotFound

DEFAULT_FOLDER = "static"


class StaticFolderError(SetupError):
    """A folder of static files that is not there.

    If you see this: the folder given to `Static` does not exist, as seen from the folder in which
    the site was started. `Static(Path(__file__).parent / "assets")` is found from anywhere.
    """

    code = "B312"


@dataclass(frozen=True)
class Static:
    """Serve the files in `folder` under the path `at`; `app.url("static", path="site.css")` leads there.

    A relative `folder` counts from the folder in which the site is started. The default may be
    missing: then there is nothing to serve. Without `cache_seconds`, browsers ask each time whether
    a file has changed, and get 304 if not. There is no listing of folders; names that begin with a
    dot, and names that Windows would take for a device or another drive, are not found, on any system.
    `follow_links` allows symbolic links that lead out of the folder.
    """

    folder: str | os.PathLike[str] = DEFAULT_FOLDER
    at: str = "/static"
    cache_seconds: int | None = None
    follow_links: bool = False

    requires: ClassVar[tuple[type, ...]] = ()

    def install(self, setup: Setup) -> None:
        """Add the route. Raises `StaticFolderError`."""
        # Resolved here, so that a later change of the working directory changes nothing.
        folder = Path(self.folder).absolute()
        if folder.is_dir():
            files = StaticFiles(folder, self.cache_seconds, self.follow_links)
            setup.routes.get(f"{self.at.rstrip('/')}/{{path:path}}", name="static")(files.serve)
        elif self.folder != DEFAULT_FOLDER:
            fix = "Make the folder, or give the path of the right one."
            raise StaticFolderError(f"there is no folder {os.fspath(self.folder)}", fix=fix)


class StaticFiles:
    """Answers with the files of one folder."""

    def __init__(self, folder: Path, cache_seconds: int | None, follow_links: bool) -> None:
        self._folder = folder
        self._cache_seconds = cache_seconds
        self._follow_links = follow_links

    def serve(self, path: str) -> File:
        """The file at `path`; a `def` handler, so that a slow disk holds up a thread and not the loop."""
        if not is_plain_path(path):
            raise NotFound
        file = File(
            self._folder.joinpath(*path.split("/")), inside=None if self._follow_links else self._folder
        )
        if self._cache_seconds is None:
            file.headers["cache-control"] = "no-cache"
        else:
            file.cache(self._cache_seconds, public=True)
        return file


def is_plain_path(path: str) -> bool:
    """Whether every part of `path` is a name that means the same on every system, and is not hidden.

    Refused are empty parts, `.` and `..`, leading dots, backslashes, drives and streams (`C:`,
    `a.txt::$DATA`), devices (`con`, `aux.txt`), dots and blanks at the end, and control characters
    (CVE-2024-49766, CVE-2025-66221, CVE-2026-27199).
    """
    return len(path) <= PATH_LENGTH_MAX and all(_is_plain_name(name) for name in path.split("/"))


def _is_plain_name(name: str) -> bool:
    return (
        0 < len(name) <= 255
        and name[0] != "."
        and name[-1] not in ". "
        and name.isprintable()
        and not _FORBIDDEN.search(name)
        and not _DEVICE.fullmatch(name.partition(".")[0].rstrip(" "))
    )


PATH_LENGTH_MAX = 1024
_FORBIDDEN = re.compile(r'[\\:<>"|?*]')
_DEVICE = re.compile(r"con|prn|aux|nul|conin\$|conout\$|clock\$|(?:com|lpt)[0-9¹²³]", re.IGNORECASE)
