"""The bytes at the head of an answer, prepared once."""

from __future__ import annotations

from bistro.http.errors import http_error_for

# RFC 9110 §15, and RFC 6585, 7725 and 8297 for what it does not list. A table and not the standard
# library's enumeration, which takes longer to make than this whole module.
_REASONS = {
    200: "OK",
    201: "Created",
    202: "Accepted",
    203: "Non-Authoritative Information",
    204: "No Content",
    205: "Reset Content",
    206: "Partial Content",
    207: "Multi-Status",
    300: "Multiple Choices",
    301: "Moved Permanently",
    302: "Found",
    303: "See Other",
    304: "Not Modified",
    307: "Temporary Redirect",
    308: "Permanent Redirect",
} | {error.status: error.title for error in map(http_error_for, range(400, 600))}

# From 200 on: what is sent with a 1xx is no answer, so that the client takes the next one for it.
STATUS_LINES: dict[int, bytes] = {
    status: f"HTTP/1.1 {status} {_REASONS.get(status, '')}\r\n".encode() for status in range(200, 600)
}

# RFC 9110 §6.4.1: these never have a body; RFC 9112 §6.2 and RFC 9110 §8.6: nor a length.
BODILESS: frozenset[int] = frozenset({*range(100, 200), 204, 304})

PLAIN_STATUS_LINES: dict[int, bytes] = {
    status: line for status, line in STATUS_LINES.items() if status not in BODILESS
}
"""The statuses of ordinary answers; the fast way of `HttpExchange.send` looks only here."""

LENGTHS_COUNT = 1024
LENGTHS: list[bytes] = [b"content-length: %d" % size for size in range(LENGTHS_COUNT)]
"""Made once, since they take as long to write as all the rest of a head."""

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
