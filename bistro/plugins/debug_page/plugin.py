"""`DebugPage`: what the developer sees when a handler fails. It shows, and never runs anything."""

from __future__ import annotations

import traceback
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from difflib import get_close_matches
from typing import ClassVar

from bistro.app import Setup
from bistro.ground import SetupError, find_environment, redact_text
from bistro.http import Html, InternalServerError, NotFound, Request, Response
from bistro.plugins.debug_page.frames import is_own_frame
from bistro.plugins.debug_page.page import make_error_page, make_miss_page
from bistro.plugins.debug_page.style import STYLE
from bistro.plugins.error_pages import ErrorPageMaker, ErrorPages, page_headers, problem_answer, wants_page
from bistro.routing import Route

LINES_MAX = 200
NEAREST_MAX = 3
_PATH_LENGTH_MAX = 200


class DebugPageError(SetupError):
    """The error page of development was to be shown in production.

    If you see this: the page shows source code and values to everyone. Take `DebugPage` out and unset
    `DEBUG`, or, if this is no production, say so: `ENV=development`.
    """

    code = "B313"
    exit_code = 78


@dataclass(frozen=True)
class DebugPage:
    """Show errors with their source, values and the request; development only.

    `list_routes` gives the routes of the site, for "did you mean" where a path has none; `App` gives
    its own. Programs get a problem document with the traceback as text. Installing it in production,
    or where nobody has said what the site runs as, keeps the app from starting.
    """

    list_routes: Callable[[], Iterable[Route]] = tuple

    requires: ClassVar[tuple[type, ...]] = (ErrorPages,)

    def install(self, setup: Setup) -> None:
        """Answer unexpected errors and paths without a route. Raises `DebugPageError`."""
        if find_environment() == "production":
            fix = "Take DebugPage out, unset DEBUG, or set ENV=development where this is development."
            raise DebugPageError(
                "the debug page would show the site's source and secrets to everyone", fix=fix
            )
        maker = DebugPageMaker(self.list_routes)
        setup.on_error(Exception)(maker.answer_unexpected)
        setup.on_error(NotFound)(maker.answer_miss)


class DebugPageMaker:
    """Makes the answers."""

    def __init__(self, list_routes: Callable[[], Iterable[Route]]) -> None:
        self._list_routes = list_routes
        self._headers = page_headers(STYLE)
        self._plain = ErrorPageMaker("/", "en", {})

    def answer_unexpected(self, error: Exception, request: Request) -> Response:
        """The page about an error that nobody expected."""
        if wants_page(request):
            return Html(make_error_page(error, request), status=500, headers=self._headers)
        return problem_answer(InternalServerError(extensions=describe(error)))

    def answer_miss(self, error: NotFound, request: Request) -> Response:
        """The routes that there are, where none fits; a NotFound of a handler's own looks as ever.

        So does one of a plugin that says what was not found.
        """
        if not wants_page(request) or error.detail or was_raised_by_site(error):
            return self._plain.answer(error, request)
        routes = list(self._list_routes())
        nearest = find_nearest(request.exchange.raw_path, routes)
        return Html(make_miss_page(request, routes, nearest), status=404, headers=self._headers)


def describe(error: BaseException) -> dict[str, object]:
    """The error for a program: its kind and the traceback, as text, bounded."""
    try:
        text = "".join(traceback.format_exception(error, limit=-40))
    except Exception:  # noqa: BLE001 - an error whose own __str__ fails
        text = f"{type(error).__qualname__} (its text could not be made)"
    return {"exception": type(error).__qualname__, "traceback": redact_text(text).splitlines()[-LINES_MAX:]}


def was_raised_by_site(error: BaseException) -> bool:
    """Whether some frame of its traceback is the site's own code, and not the framework's."""
    return any(is_own_frame(frame) for frame, _ in traceback.walk_tb(error.__traceback__))


def find_nearest(path: str, routes: Iterable[Route]) -> list[Route]:
    """The routes whose path looks most like `path`, the best first."""
    asked = path[:_PATH_LENGTH_MAX].split("/")
    by_text: dict[str, Route] = {}
    for route in routes:
        by_text.setdefault(_as_asked(route, asked), route)
    matches = get_close_matches("/".join(asked), by_text, n=NEAREST_MAX, cutoff=0.6)
    return [by_text[text] for text in matches]


def _as_asked(route: Route, asked: list[str]) -> str:
    """The route's path with the parts asked for in place of its parameters, which match any text."""
    wanted = route.pattern.text[:_PATH_LENGTH_MAX].split("/")
    filled = [
        asked[at] if "{" in part and at < len(asked) and asked[at] else part for at, part in enumerate(wanted)
    ]
    return "/".join(filled)
