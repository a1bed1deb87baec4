"""Answers that have not changed since the client read them are not sent again."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from bistro.app import Setup
from bistro.http import Empty, Request, Response, evaluate_preconditions, make_etag


@dataclass(frozen=True)
class ETags:
    """Give each answer to GET a tag made from its bytes, and answer 304 where the client has them.

    It saves sending, not making: the handler runs all the same. Answers that have a tag already are
    compared by that. Left alone are streams, answers that must not be stored, and other statuses
    than 200. `weak` says that answers with one tag mean the same, where their bytes may differ
    (as when a proxy compresses them).
    """

    weak: bool = False

    requires: ClassVar[tuple[type, ...]] = ()

    def install(self, setup: Setup) -> None:
        """Look at every answer."""
        setup.after(self.tag)

    def tag(self, request: Request, response: Response) -> Response | None:
        """The answer 304 (or 412) where the conditions of the request ask for it."""
        if response.status != 200 or response.is_stream or request.method not in ("GET", "HEAD"):
            return None
        headers = response.headers
        if "no-store" in ",".join(headers.get_all("cache-control")).lower():
            return None
        etag = headers.get("etag")
        if etag is None:
            etag = headers["etag"] = make_etag(response.body, weak=self.weak)
        decision = evaluate_preconditions(request.method, request.headers.find_joined, etag=etag)
        if decision is None:
            return None
        answer = Empty(status=decision)
        for name, value in headers.multi_items():
            # RFC 9110 §15.4.5: everything but what describes the content that is not sent.
            if not name.startswith("content-") or name == "content-location":
                answer.headers.add(name, value)
        return answer
