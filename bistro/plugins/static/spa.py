"""A front end that routes by itself: files of its build, and its one page for every other path."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import ClassVar

from bistro.app import Setup, StaticFolder
from bistro.ground import Origin, find_debug, run_in_thread
from bistro.http import NotFound, Request, Response
from bistro.plugins.static.answers import KnownFiles
from bistro.plugins.static.errors import StaticFolderError
from bistro.plugins.static.folders import Folders
from bistro.plugins.static.table import (
    ASK_EACH_TIME,
    FOR_EVER,
    Served,
    add_prepared_forms,
    table_of_sources,
)


@dataclass(frozen=True)
class Spa:
    """Serve the build of a single-page front end in `folder`; unknown paths get its page `index`.

    That is for navigation only: the path has no file extension and the request accepts HTML. A missing
    script is a 404, and so is every path below those of `exclude`. Routes of the site come first.
    Names below `hashed` have a hash in them (as those of Vite in `assets/`) and are kept for ever;
    others are asked for each time. `x.js.br`, `.zst` and `.gz` beside `x.js` are sent to whoever
    takes them. In development each file is read anew, and the build may be missing.
    """

    folder: str | os.PathLike[str]
    at: str = "/"
    index: str = "index.html"
    exclude: Sequence[str] = ("/api",)
    hashed: Sequence[str] = ("assets/",)

    requires: ClassVar[tuple[type, ...]] = ()

    def install(self, setup: Setup) -> None:
        """Add the routes. Raises `StaticFolderError` where there is no build outside of development."""
        folder = Path(self.folder).absolute()
        if not (folder / self.index).is_file() and not find_debug():
            fix = "Build the front end, or give the path of the folder with its build."
            raise StaticFolderError(f"there is no {self.index} in {os.fspath(self.folder)}", fix=fix)
        front_end = FrontEnd(self, folder)
        at = self.at.rstrip("/")
        setup.routes.get(at or "/", name="spa")(front_end.show_index)
        setup.routes.get(f"{at}/{{path:path}}", name="spa.path")(front_end.serve)
        if not find_debug():
            setup.on_start(front_end.prepare)


class FrontEnd:
    """Answers for one build."""

    def __init__(self, spa: Spa, folder: Path) -> None:
        self._spa = spa
        self._folders = Folders([StaticFolder(folder, "", Origin(str(folder), 0))], follow_links=False)
        self._excluded = tuple(f"{path.rstrip('/')}/" for path in spa.exclude)
        self._serve_known = KnownFiles(lambda: self.table).serve
        self._is_live = find_debug()

    async def show_index(self, request: Request) -> Response:
        """The page itself."""
        try:
            return await self._serve_file(request, self._spa.index)
        except NotFound:
            # Elsewhere visitors read the answer, and a folder of the server is not for them.
            if not self._is_live:
                raise
            raise NotFound(
                f"There is no {self._spa.index} in {os.fspath(self._spa.folder)}. "
                "Build the front end, or open it at the address of the tool that builds it."
            ) from None

    async def serve(self, request: Request, path: str) -> Response:
        """The file at `path`, or the page where a person navigates to it."""
        try:
            return await self._serve_file(request, path)
        except NotFound:
            if not self._is_page(request, path):
                raise
        response = await self.show_index(request)
        response.vary("accept")
        return response

    def prepare(self) -> None:
        """Find all files before the first request."""
        _ = self.table

    @cached_property
    def table(self) -> dict[str, Served]:
        """Every file of the build."""
        table = table_of_sources(self._folders.find_all(), self._cache_control, follow_links=False)
        add_prepared_forms(table)
        return table

    async def _serve_file(self, request: Request, path: str) -> Response:
        if not self._is_live:
            return await self._serve_known(request, path)
        file = await run_in_thread(self._folders.open, path)
        file.headers["cache-control"] = ASK_EACH_TIME
        return file

    def _cache_control(self, name: str) -> str:
        return FOR_EVER if name.startswith(tuple(self._spa.hashed)) else ASK_EACH_TIME

    def _is_page(self, request: Request, path: str) -> bool:
        return (
            "." not in path.rpartition("/")[2]
            and not f"{request.path}/".startswith(self._excluded)
            and request.wants_html
        )
