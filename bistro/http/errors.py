"""Answers that are raised: one class per HTTP status that a site may want to refuse with.

    BistroError
    ├── HttpError                    has `status`, `title`, and becomes a page or a problem document
    │   ├── BadRequest … 400–451     the client can do something about it
    │   └── InternalServerError …    500–507, it can't
    └── ClientDisconnected           nobody is left to answer
        └── WebSocketDisconnected    has `close_code` and `reason`

The base of the tree is drawn at the head of `bistro/ground/errors.py`.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from typing import Any, ClassVar, Final

from bistro.ground.errors import BistroError
from bistro.ground.problems import Problem
from bistro.http.headers import check_header


class HttpError(BistroError):
    """An answer that is raised instead of returned; raise one of the kinds below.

    `detail` is shown to the client, so it must not tell what the client may not know. `headers` go
    with the answer; `problems` list what is wrong with single values; `type` and `extensions` are
    the members of that name in RFC 9457. If you see this: the handler refused the request.
    """

    code: ClassVar[str] = "B500"
    status: ClassVar[int] = 500
    title: ClassVar[str] = "Internal Server Error"

    def __init__(
        self,
        detail: str = "",
        *,
        headers: Mapping[str, str] | None = None,
        problems: Sequence[Problem] = (),
        type: str = "about:blank",
        extensions: Mapping[str, Any] | None = None,  # Any: JSON of the site's own choice
    ) -> None:
        super().__init__(detail or self.title)
        self.detail = detail
        self.headers = (
            {check_header(name, value): value for name, value in headers.items()} if headers else {}
        )
        self.problems = tuple(problems)
        self.type = type
        self.extensions = dict(extensions) if extensions else {}


# Any: a JSON document; RFC 9457 §3.2 leaves the extension members open.
def problem_details(error: HttpError, instance: str | None = None) -> dict[str, Any]:
    """The members of the `application/problem+json` document for `error` (RFC 9457 §3.1).

    `instance` is the URI of this very occurrence. Every text in it can be encoded as UTF-8, so the
    answer to a lone surrogate isn't an error itself.
    """
    document: dict[str, Any] = {"type": error.type, "title": error.title, "status": error.status}
    if error.detail:
        document["detail"] = error.detail
    if instance is not None:
        document["instance"] = instance
    if error.problems:
        document["errors"] = [
            {"place": problem.place, "path": problem.path, "message": problem.message, "code": problem.code}
            for problem in error.problems
        ]
    return _encodable({**error.extensions, **document})  # type: ignore[no-any-return]  # a dict stays one


def http_error_for(status: int, detail: str = "") -> HttpError:
    """A new error for `status`; an unregistered one becomes its class's x00 (RFC 9110 §15).

    Raises ValueError if `status` is no error status.
    """
    if not 400 <= status <= 599:
        raise ValueError(f"{status} is no error status; errors have 400 to 599")
    kind = _KINDS.get(status) or (BadRequest if status < 500 else InternalServerError)
    return kind(detail)


class ClientDisconnected(BistroError):
    """The client went away before the answer was complete.

    If you see this: a write failed because nobody is listening; nothing needs to be repaired.
    """

    code = "B499"

    def __init__(self, what: str = "the client went away before the answer was complete") -> None:
        super().__init__(what)


class WebSocketDisconnected(ClientDisconnected):
    """A WebSocket is closed, so that nothing can be received or sent.

    If you see this: the client went away, or one side closed; `close_code` and `reason` tell how
    (RFC 6455 §7.4). A handler needn't catch it: it ends the conversation without an error.
    """

    code = "B498"

    def __init__(self, close_code: int, reason: str = "") -> None:
        super().__init__(f"the WebSocket is closed ({close_code}{f': {reason}' if reason else ''})")
        self.close_code = close_code
        self.reason = reason


class BadRequest(HttpError):
    """If you see this: the request can't be understood; the detail names the part that is malformed."""

    status, title, code = 400, "Bad Request", "B400"


class Unauthorized(HttpError):
    """If you see this: log in first; answers to API clients must name the way in `www-authenticate`."""

    status, title, code = 401, "Unauthorized", "B401"


class PaymentRequired(HttpError):
    """If you see this: the site asks for a payment before it serves this."""

    status, title, code = 402, "Payment Required", "B402"


class Forbidden(HttpError):
    """If you see this: you are known, or needn't be, but may not do this; logging in again won't help."""

    status, title, code = 403, "Forbidden", "B403"


class NotFound(HttpError):
    """If you see this: no route matches the path, or what it names doesn't exist (any more)."""

    status, title, code = 404, "Not Found", "B404"


class MethodNotAllowed(HttpError):
    """If you see this: the path exists, but not for this method; the `allow` header lists those it has."""

    status, title, code = 405, "Method Not Allowed", "B405"

    def __init__(
        self,
        detail: str = "",
        *,
        allow: Collection[str] = (),
        headers: Mapping[str, str] | None = None,
        extensions: Mapping[str, Any] | None = None,  # Any: as in HttpError
    ) -> None:
        # RFC 9110 §15.5.6: Allow is required; an empty one says that no method is allowed now.
        super().__init__(
            detail, headers={**(headers or {}), "allow": ", ".join(sorted(allow))}, extensions=extensions
        )
        self.allow = tuple(sorted(allow))


class NotAcceptable(HttpError):
    """If you see this: no form of the answer fits the request's `accept` header."""

    status, title, code = 406, "Not Acceptable", "B406"


class RequestTimeout(HttpError):
    """If you see this: the request's head or body didn't arrive in time."""

    status, title, code = 408, "Request Timeout", "B408"


class Conflict(HttpError):
    """If you see this: the request clashes with the present state; read it again and repeat."""

    status, title, code = 409, "Conflict", "B409"


class Gone(HttpError):
    """If you see this: it was here, was removed on purpose, and won't come back."""

    status, title, code = 410, "Gone", "B410"


class LengthRequired(HttpError):
    """If you see this: send the body with a `content-length`."""

    status, title, code = 411, "Length Required", "B411"


class PreconditionFailed(HttpError):
    """If you see this: it changed since you read it (`if-match`, `if-unmodified-since`); read it again."""

    status, title, code = 412, "Precondition Failed", "B412"


class ContentTooLarge(HttpError):
    """If you see this: the body, or one part of it, is over its limit; limits are arguments of the route."""

    status, title, code = 413, "Content Too Large", "B413"


class UriTooLong(HttpError):
    """If you see this: the request line is over 8 KiB; send long values in the body."""

    status, title, code = 414, "URI Too Long", "B414"


class UnsupportedMediaType(HttpError):
    """If you see this: the route doesn't read this `content-type`, charset or `content-encoding`."""

    status, title, code = 415, "Unsupported Media Type", "B415"


class RangeNotSatisfiable(HttpError):
    """If you see this: the range begins behind the end; `content-range` tells the size."""

    status, title, code = 416, "Range Not Satisfiable", "B416"


class ExpectationFailed(HttpError):
    """If you see this: the request has an `expect` header other than `100-continue`."""

    status, title, code = 417, "Expectation Failed", "B417"


class MisdirectedRequest(HttpError):
    """If you see this: the `host` asked for isn't served here; add it to the allowed hosts."""

    status, title, code = 421, "Misdirected Request", "B421"


class UnprocessableContent(HttpError):
    """If you see this: the body is well formed, but its values aren't valid; `errors` lists each."""

    status, title, code = 422, "Unprocessable Content", "B422"


class Locked(HttpError):
    """If you see this: somebody else holds a lock on it."""

    status, title, code = 423, "Locked", "B423"


class UpgradeRequired(HttpError):
    """If you see this: the route speaks another protocol only, e.g. WebSocket; `upgrade` names it."""

    status, title, code = 426, "Upgrade Required", "B426"


class PreconditionRequired(HttpError):
    """If you see this: send `if-match` with the ETag that you read, so that no change gets lost."""

    status, title, code = 428, "Precondition Required", "B428"


class TooManyRequests(HttpError):
    """If you see this: wait as long as `retry-after` says."""

    status, title, code = 429, "Too Many Requests", "B429"


class HeaderFieldsTooLarge(HttpError):
    """If you see this: the headers are over 64 KiB, one is over 16 KiB, or there are more than 100."""

    status, title, code = 431, "Request Header Fields Too Large", "B431"


class UnavailableForLegalReasons(HttpError):
    """If you see this: a legal demand keeps the site from showing it (RFC 7725)."""

    status, title, code = 451, "Unavailable For Legal Reasons", "B451"


class InternalServerError(HttpError):
    """If you see this: the site made a mistake; its log has the traceback under the request's id."""

    status, title, code = 500, "Internal Server Error", "B500"


class NotImplementedMethod(HttpError):
    """If you see this: the server knows no such method for any path."""

    status, title, code = 501, "Not Implemented", "B501"


class BadGateway(HttpError):
    """If you see this: another server that this one asked gave an answer that makes no sense."""

    status, title, code = 502, "Bad Gateway", "B502"


class ServiceUnavailable(HttpError):
    """If you see this: the site is starting, stopping, overloaded or without its database; try again."""

    status, title, code = 503, "Service Unavailable", "B503"


class GatewayTimeout(HttpError):
    """If you see this: the handler, or a server that it asked, took longer than the route allows."""

    status, title, code = 504, "Gateway Timeout", "B504"


class HttpVersionNotSupported(HttpError):
    """If you see this: the server speaks HTTP/1.0 and HTTP/1.1 on this port."""

    status, title, code = 505, "HTTP Version Not Supported", "B505"


class InsufficientStorage(HttpError):
    """If you see this: the server's disk is full."""

    status, title, code = 507, "Insufficient Storage", "B507"


def _encodable(value: Any) -> Any:  # Any: JSON in, JSON out
    """`value` with U+FFFD for every lone surrogate, which UTF-8 has no bytes for."""
    if isinstance(value, str):
        return value if value.isascii() else _LONE_SURROGATE.sub("\ufffd", value)
    if isinstance(value, Mapping):
        return {_encodable(key): _encodable(each) for key, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [_encodable(each) for each in value]
    return value


_LONE_SURROGATE: Final = re.compile("[\ud800-\udfff]")
_KINDS: Final[Mapping[int, type[HttpError]]] = {kind.status: kind for kind in HttpError.__subclasses__()}
