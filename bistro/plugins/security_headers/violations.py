"""What browsers report: content that the policy kept away from a page (CSP Level 3, §5.3).

Anybody may send such reports, so they are believed little: each is short, said once, and only so many
in an hour reach the log.
"""

from __future__ import annotations

from typing import Any, Final  # Any: a report may hold whatever a client likes
from urllib.parse import urlsplit

from bistro.ground import Clock, SystemClock, get_logger
from bistro.http import BadRequest, Empty, Request, Response, UnsupportedMediaType
from bistro.validation import ValidationFailed

REPORT_SIZE_MAX: Final = 16 * 1024
TOLD_MAX: Final = 100
HOUR_SECONDS: Final = 3600.0
TEXT_LENGTH_MAX: Final = 200
REPORTS_MAX: Final = 10
TYPES: Final = frozenset({"application/csp-report", "application/reports+json", "application/json"})

_logger = get_logger("bistro.csp")


class ViolationLog:
    """Takes reports, and logs each kind of violation once in an hour."""

    def __init__(self, clock: Clock | None = None) -> None:
        self._clock = clock or SystemClock()
        self._told: set[tuple[str, str, str]] = set()
        self._since = self._clock.monotonic()

    async def take(self, request: Request) -> Response:
        """204. Raises `BadRequest` for what is no report."""
        if request.content_type not in TYPES:
            raise UnsupportedMediaType("Send application/csp-report or application/reports+json.")
        try:
            document = await request.json()
        except ValidationFailed:
            raise BadRequest("The report is no JSON.") from None
        for report in _reports_in(document)[:REPORTS_MAX]:
            self._tell(report)
        return Empty()

    def _tell(self, report: dict[str, Any]) -> None:
        now = self._clock.monotonic()
        if now - self._since > HOUR_SECONDS:
            self._told, self._since = set(), now
        directive = _text(report, "effective-directive", "effectiveDirective", "violated-directive")
        blocked = _origin_of(_text(report, "blocked-uri", "blockedURL"))
        page = _path_of(_text(report, "document-uri", "documentURL"))
        kind = (directive, blocked, page)
        if kind in self._told or len(self._told) >= TOLD_MAX:
            return
        self._told.add(kind)
        source = _text(report, "source-file", "sourceFile")
        _logger.warning(
            f"the content security policy kept {blocked or 'something'} away",
            directive=directive,
            page=page,
            source=source,
            line=_text(report, "line-number", "lineNumber"),
        )


def _reports_in(document: Any) -> list[dict[str, Any]]:
    """The reports of a body of either form: `report-uri` sends one, the Reporting API a list."""
    found = document if isinstance(document, list) else [document]
    inner = (each.get("csp-report", each.get("body")) for each in found if isinstance(each, dict))
    return [each for each in inner if isinstance(each, dict)]


def _text(report: dict[str, Any], *names: str) -> str:
    for name in names:
        value = report.get(name)
        if isinstance(value, str | int):
            return str(value)[:TEXT_LENGTH_MAX]
    return ""


def _path_of(page: str) -> str:
    try:
        return urlsplit(page).path
    except ValueError:
        return ""


def _origin_of(blocked: str) -> str:
    # The rest of an address may hold what a visitor has looked at.
    try:
        parts = urlsplit(blocked)
    except ValueError:
        return ""
    return f"{parts.scheme}://{parts.netloc}" if parts.netloc else blocked
