"""Who has just changed something reads from the primary: replicas may not have it yet."""

from __future__ import annotations

from bistro.db import RequestScope
from bistro.http import Request, Response

COOKIE = "bistro-wrote"
PRIMARY_SECONDS = 5
"""How long after a change a visitor reads from the primary."""


class ReplicaReader:
    """Chooses where a request reads."""

    def __init__(self, scope: RequestScope) -> None:
        self._scope = scope

    def enter(self, request: Request) -> None:
        """Read from the primary where this visitor's cookie asks for it."""
        if COOKIE in request.cookies:
            self._scope.enter_primary()
        else:
            self._scope.enter()

    def mark(self, response: Response) -> None:
        """Let the visitor, who may have changed something, read from the primary for a while."""
        response.set_cookie(COOKIE, "1", max_age=PRIMARY_SECONDS)
