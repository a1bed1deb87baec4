"""Refuse what another site makes a visitor's browser do (cross-site request forgery), without tokens.

How it works. A browser says of each request which page asked for it, and no page can change that:
`Sec-Fetch-Site` (Fetch Metadata, §2.3), and in browsers older than 2023 `Origin` (RFC 6454 §7). A
request with neither does not come from a browser, unless one that is very old: it passes only where
no cookie could speak for the visitor. Requests that ask for nothing to be changed always pass, so a
site must change nothing on GET (RFC 9110 §9.2.1); they have no line in their plan.

| method | Sec-Fetch-Site | Origin | |
|---|---|---|---|
| safe | anything | anything | passes |
| unsafe | `same-origin`, `none` | anything | passes |
| unsafe | anything else | trusted | passes |
| unsafe | anything else | else, or none | refused |
| unsafe | none | the host that was asked, or trusted | passes |
| unsafe | none | else, such as `null` | refused |
| unsafe | none | none, without a cookie | passes |
| unsafe | none | none, with a cookie | refused |
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar
from urllib.parse import urlsplit

from msgspec import Struct

from bistro.app import Setup
from bistro.ground import Exchange, SetupError, get_logger
from bistro.http import SAFE_METHODS, Forbidden
from bistro.routing import Route

_logger = get_logger("bistro.csrf")


class CsrfError(SetupError):
    """A trusted origin is none."""

    code = "B951"


class CrossSiteRequest(Forbidden):
    """If you see this: a page of another site sent the request, or a program with a cookie and no Origin."""

    code = "B952"


class Verdict(Struct, frozen=True):
    """Why a request was refused: the check that failed, and how to fix it."""

    check: str
    fix: str


@dataclass(frozen=True)
class Csrf:
    """Refuse unsafe requests that pages of other sites make (ASVS 5.0, 3.5.1).

    `trusted_origins` are other origins, such as `"https://admin.example.com"`, whose pages may send
    forms and scripts' requests here. A route with `csrf=False` is not protected: a webhook that
    proves by a signature who sent it.
    """

    trusted_origins: Sequence[str] = ()

    requires: ClassVar[tuple[type, ...]] = ()

    def install(self, setup: Setup) -> None:
        """Check each unsafe request before anything else sees it. Raises `CsrfError`."""
        trusted = frozenset(map(check_origin, self.trusted_origins))

        def refuse_cross_site(exchange: Exchange) -> None:
            verdict = judge(exchange, trusted)
            if verdict is not None:
                _logger.warning(f"refused a cross-site request: {verdict.check}. {verdict.fix}")
                raise CrossSiteRequest(f"{verdict.check}. {verdict.fix}", extensions={"check": verdict.check})

        setup.before(refuse_cross_site, only_for=is_protected)


def judge(exchange: Exchange, trusted: frozenset[str]) -> Verdict | None:
    """None for a request that may pass, else why it may not."""
    if exchange.method in SAFE_METHODS:
        return None
    site = exchange.find_header(b"sec-fetch-site")
    origin = exchange.find_header(b"origin")
    if site in (b"same-origin", b"none"):
        return None
    if origin is not None and origin.decode("latin-1") in trusted:
        return None
    if site:
        return Verdict(
            f"Sec-Fetch-Site is {_shown(site)}: another site's page sent this",
            "Send it from a page of this site, or name that page's origin in Csrf(trusted_origins=…).",
        )
    if origin:
        if _host_of(origin) == (exchange.find_header(b"host") or b"").decode("latin-1").lower():
            return None
        return Verdict(
            f"Origin is {_shown(origin)}, which is not the host that was asked",
            "Send it from a page of this site, or name the origin in Csrf(trusted_origins=…).",
        )
    if exchange.find_header(b"cookie") is None:
        return None  # no browser, and nobody speaks for a visitor
    return Verdict(
        "there is a cookie, but neither Sec-Fetch-Site nor Origin",
        "A program sends Origin: https://HOST-OF-THIS-SITE with its cookie, or no cookie.",
    )


def check_origin(text: str) -> str:
    """`text` if it is an origin as browsers send it. Raises `CsrfError`."""
    parts = urlsplit(text)
    if f"{parts.scheme}://{parts.netloc}" != text.lower() or parts.scheme not in ("http", "https"):
        raise CsrfError(
            f"{text!r} is no origin",
            fix='Write scheme and host, and a port if it is not the usual one: "https://example.com".',
        )
    if text != text.lower() or "@" in text or not parts.netloc:
        raise CsrfError(f"{text!r} is no origin as browsers send it", fix=f'Write "{text.lower()}".')
    return text


def is_protected(route: Route) -> bool:
    """Whether requests to `route` may change something, and nobody has opted out."""
    is_exchange = not route.is_websocket  # handshakes have a check of their own
    return is_exchange and route.options.get("csrf", True) and not route.methods <= SAFE_METHODS


def _host_of(origin: bytes) -> str | None:
    try:
        return urlsplit(origin.decode("latin-1").lower()).netloc or None
    except ValueError:
        return None


def _shown(value: bytes) -> str:
    return repr(value[:60].decode("latin-1"))
