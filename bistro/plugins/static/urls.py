"""`static("css/site.css")`: the URL of a static file."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable

from bistro.ground import UrlBuilder, did_you_mean, origin_outside
from bistro.plugins.static.errors import UnknownStaticFile


class StaticUrls:
    """Gives the URL of a static file by its name; a parameter of this type gets it, and so do templates.

    >>> static("css/site.css")
    '/static/css/site-1f0c6a2d9b3e.css'

    Once the files were collected the URL has a hash of the content in it, which browsers may keep
    for ever; before that, and in development, it is the plain one.
    """

    def __init__(
        self,
        url_for: UrlBuilder,
        find_path: Callable[[str], str | None],
        list_names: Callable[[], Iterable[str]],
    ) -> None:
        """`find_path` gives the path of a name among static files, None for a name that there isn't."""
        self._url_for = url_for
        self._find_path = find_path
        self._list_names = list_names

    def __call__(self, name: str) -> str:
        """The URL of the file called `name`. Raises `UnknownStaticFile`."""
        path = self._find_path(name)
        if path is not None:
            return self._url_for("static", path=path)
        near = did_you_mean(name, self._list_names())
        fix = (
            f"Did you mean {near}?"
            if near
            else "Write its path within the folder of static files, such as css/site.css."
        )
        # Between a template and this call stand functions of the renderer; the line to correct is above them.
        frame = inspect.currentframe()
        where = (origin_outside(frame and frame.f_back),)
        raise UnknownStaticFile(f"there is no static file {name!r}", where=where, fix=fix)
