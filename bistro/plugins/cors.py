"""Let scripts of other origins use the site: cross-origin resource sharing (the Fetch standard)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from bistro.app import Setup
from bistro.ground import SetupError
from bistro.http import BadRequest, Empty, Forbidden, Request, Response, parse_host


class CorsError(SetupError):
    """Origins that can't be allowed as written.

    If you see this: an origin is scheme, host and port as a browser sends them, e.g.
    `https://shop.example.com` or `http://localhost:5173`, without a path; and `*` can't be
    joined with credentials.
    """

    code = "B311"


@dataclass(frozen=True)
class Cors:
    """Allow scripts from `origins` to read the site's answers.

    Origins are compared letter by letter; `["*"]` allows every one, but never with `credentials`
    (cookies and HTTP authentication). `methods` and `headers` are what requests may use besides what
    any page may send anyway, `expose_headers` what scripts may read of answers, `max_age_seconds`
    how long browsers need not ask again. Preflights are answered before hooks installed after this
    plugin, and before handlers.
    """

    origins: Sequence[str]
    credentials: bool = False
    methods: Sequence[str] = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")
    headers: Sequence[str] = ("authorization", "content-type")
    expose_headers: Sequence[str] = ()
    max_age_seconds: int = 600

    requires: ClassVar[tuple[type, ...]] = ()

    def install(self, setup: Setup) -> None:
        """Answer preflights, and mark every other answer. Raises `CorsError`."""
        gate = CorsGate(self)
        setup.after(gate.mark)
        setup.before(gate.answer_preflight)


class CorsGate:
    """The headers of one configuration, made once."""

    def __init__(self, cors: Cors) -> None:
        if isinstance(cors.origins, str):
            raise CorsError(f"the origins are {cors.origins!r}", fix="Give a list of them: Cors([…]).")
        self._origins = frozenset(check_origin(origin) for origin in cors.origins)
        self._any_origin = "*" in self._origins
        if self._any_origin and cors.credentials:
            raise CorsError(
                "every origin is allowed to use the cookies of visitors",
                fix="Name the origins, or leave credentials=True out: any site could read private pages.",
            )
        self._common = {"access-control-allow-credentials": "true"} if cors.credentials else {}
        self._plain = dict(self._common)
        if cors.expose_headers:
            self._plain["access-control-expose-headers"] = ", ".join(cors.expose_headers)
        self._preflight = {
            **self._common,
            "access-control-allow-methods": ", ".join(cors.methods),
            "access-control-allow-headers": ", ".join(cors.headers),
            "access-control-max-age": str(cors.max_age_seconds),
            "vary": "origin, access-control-request-method, access-control-request-headers",
        }

    def answer_preflight(self, request: Request) -> Response | None:
        """The answer to a preflight; None for every other request."""
        if request.method != "OPTIONS":
            return None
        find = request.exchange.find_header
        if find(b"origin") is None or find(b"access-control-request-method") is None:
            return None
        if self._allowed(request) is None:
            raise Forbidden("Scripts of this origin may not use this site.")
        return Empty(headers=self._preflight)

    def mark(self, request: Request, response: Response) -> None:
        """Say whether the origin that asks may read the answer."""
        # Always: a cache must not give the answer for one origin, or for none, to another.
        response.vary("origin")
        origin = self._allowed(request)
        if origin is not None:
            response.headers["access-control-allow-origin"] = origin
            response.headers.update(self._plain)

    def _allowed(self, request: Request) -> str | None:
        sent = request.exchange.find_header(b"origin")
        if sent is None:
            return None
        if self._any_origin:
            return "*"
        origin = sent.decode("latin-1")
        return origin if origin in self._origins else None


def check_origin(origin: str) -> str:
    """Return `origin` if a browser may send it so, or `*`. Raises `CorsError`."""
    if origin == "*":
        return origin
    scheme, mark, authority = origin.partition("://")
    try:
        host, port = parse_host(authority)
    except BadRequest:
        host, port = "", None
    default_port = {"http": 80, "https": 443}.get(scheme)
    written = f"{scheme}://{host}" + (f":{port}" if port is not None and port != default_port else "")
    if not (mark and scheme and scheme.isascii() and scheme.isalpha() and host) or written != origin:
        hint = f"Did you mean {written}? " if mark and host else ""
        raise CorsError(
            f"{origin!r} is not an origin as browsers send it",
            fix=f"{hint}Write scheme, host and, unless it is the usual one, port: https://shop.example.com.",
        )
    return origin
