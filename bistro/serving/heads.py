"""The bytes at the head of an answer, prepared once."""

from __future__ import annotations

from http import HTTPStatus

_REASONS = {status.value: status.phrase for status in HTTPStatus} | {
    413: "Content Too Large",
    414: "URI Too Long",
    416: "Range Not Satisfiable",
    422: "Unprocessable Content",
    431: "Request Header Fields Too Large",
}

STATUS_LINES: dict[int, bytes] = {
    status: f"HTTP/1.1 {status} {_REASONS.get(status, '')}\r\n".encode() for status in range(100, 600)
}

# RFC 9110 §6.4.1: these never have a body; RFC 9112 §6.2 and RFC 9110 §8.6: nor a length.
BODILESS: frozenset[int] = frozenset({*range(100, 200), 204, 304})

PLAIN_STATUS_LINES: dict[int, bytes] = {
    status: line for status, line in STATUS_LINES.items() if status not in BODILESS
}
"""The statuses of ordinary answers; the fast way of `HttpExchange.send` looks only here."""

CLOSE = b"connection: close\r\n"
CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"


def refusal(status: int, detail: str, date_line: bytes) -> bytes:
    """A whole answer that the server gives by itself to what is no valid request, then closes.

    `detail` is one of our own fixed sentences, never text from the client.
    """
    reason = _REASONS[status]
    body = (f'{{"type":"about:blank","title":"{reason}","status":{status},"detail":"{detail}"}}').encode()
    return b"%bcontent-type: application/problem+json\r\n%bcontent-length: %d%b%b" % (
        STATUS_LINES[status],
        CLOSE,
        len(body),
        date_line,
        body,
    )
