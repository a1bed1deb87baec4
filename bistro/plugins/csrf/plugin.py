"""Refuse what another site makes a visitor's browser do (cross-site request forgery), without tokens.

How it works. A browser says of each request which page asked for it, and no page can change that:
`Sec-Fetch-Site` (Fetch Metadata, §2.3), and in browsers older than 2023 `Origin` (RFC 6454 §7). A
request with neither does not come from a browser, unless one that is very old: it passes only where
no cookie could speak for the visitor, or where `Referer`, which no page can forge either, is of the
site itself. With `tokens=True` such a browser may prove by a token where it comes from. Requests that
ask for nothing to be changed always pass, so a site must change nothing on GET (RFC 9110 §9.2.1); they
have no line in their plan.

| method | Sec-Fetch-Site | Origin | |
|---|---|---|---|
| safe | anything | anything | passes |
| unsafe | `same-origin`, `none` | anything | passes |
| unsafe | anything else | trusted | passes |
| unsafe | anything else | else, or none | refused |
| unsafe | none | the host that was asked, over TLS if the request came so, or trusted | passes |
| unsafe | none | else, such as `null` | refused |
| unsafe | none | none, without a cookie | passes |
| unsafe | none | none, with a cookie, Referer of the host that was asked | passes |
| unsafe | none | none, with a cookie, and a token if there are tokens | passes |
| unsafe | none | none, with a cookie | refused |
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import ClassVar, NoReturn
from urllib.parse import urlsplit

from msgspec import Struct

from bistro.app import Setup
from bistro.ground import Exchange, Markup, SetupError, get_logger
from bistro.http import SAFE_METHODS, Forbidden, Request, Response
from bistro.plugins.csrf.tokens import CsrfToken, has_token
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
    is_unknown: bool = False
    """Whether nothing says where it comes from, so that a token may."""


@dataclass(frozen=True)
class Csrf:
    """Refuse unsafe requests that pages of other sites make (ASVS 5.0, 3.5.1).

    `trusted_origins` are other origins, such as `"https://admin.example.com"`, whose pages may send
    forms and scripts' requests here. A route with `csrf=False` is not protected: a webhook that
    proves by a signature who sent it.

    Today's browsers need no token. `tokens=True` is for sites that must serve browsers from before
    2020: templates put `{{ csrf_field() }}` into forms, and scripts send `{{ csrf_token() }}` as
    `X-CSRF-Token`. Without it `csrf_field()` is empty, so that a template may use it anyway.
    """

    trusted_origins: Sequence[str] = ()
    tokens: bool = False

    requires: ClassVar[tuple[type, ...]] = ()

    def install(self, setup: Setup) -> None:
        """Check each unsafe request before anything else sees it. Raises `CsrfError`."""
        trusted = frozenset(map(check_origin, self.trusted_origins))

        def refuse_cross_site(exchange: Exchange) -> None:
            verdict = judge(exchange, trusted)
            if verdict is not None:
                refuse(verdict)

        async def refuse_without_proof(request: Request) -> None:
            verdict = judge(request.exchange, trusted)
            if verdict is not None and not (verdict.is_unknown and await has_token(request)):
                refuse(verdict)

        setup.before(refuse_without_proof if self.tokens else refuse_cross_site, only_for=is_protected)
        if self.tokens:
            setup.provide(CsrfToken, CsrfToken)
            setup.after(keep_token, only_if_used=CsrfToken)
        setup.template_global("csrf_field", make_field if self.tokens else make_no_field)
        setup.template_global("csrf_token", make_value if self.tokens else make_no_value)


def refuse(verdict: Verdict) -> NoReturn:
    """Raise `CrossSiteRequest`, and say so in the log."""
    _logger.warning(f"refused a cross-site request: {verdict.check}. {verdict.fix}")
    raise CrossSiteRequest(f"{verdict.check}. {verdict.fix}", extensions={"check": verdict.check})


def keep_token(request: Request, response: Response, token: CsrfToken) -> None:
    """Set the visitor's cookie where a page has used the token."""
    token.keep(request, response)


def make_field(token: CsrfToken) -> Callable[[], Markup]:
    """`csrf_field()`: a hidden input with the visitor's token."""
    return lambda: token.field


def make_value(token: CsrfToken) -> Callable[[], str]:
    """`csrf_token()`: the visitor's token, for a script to send as `X-CSRF-Token`."""
    return lambda: token.value


def make_no_field() -> Callable[[], Markup]:
    """`csrf_field()` where there are no tokens: nothing."""
    return Markup


def make_no_value() -> Callable[[], str]:
    """`csrf_token()` where there are no tokens: an empty text."""
    return str


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
        # Over TLS no page of plain http: anybody on the way may have written it.
        is_downgraded = exchange.scheme == "https" and not origin.startswith(b"https://")
        own = (exchange.find_header(b"host") or b"").decode("latin-1").lower()
        if _host_of(origin) == own and not is_downgraded:
            return None
        return Verdict(
            f"Origin is {_shown(origin)}, which is not the host that was asked",
            "Send it from a page of this site, or name the origin in Csrf(trusted_origins=…).",
        )
    if exchange.find_header(b"cookie") is None:
        return None  # no browser, and nobody speaks for a visitor
    if is_own_page(exchange):
        return None
    return Verdict(
        "there is a cookie, but neither Sec-Fetch-Site nor Origin",
        "A program sends Origin: https://HOST-OF-THIS-SITE with its cookie, or no cookie. "
        "For browsers that send neither: Csrf(tokens=True).",
        is_unknown=True,
    )


def is_own_page(exchange: Exchange) -> bool:
    """Whether `Referer` is a page of the host that was asked, over TLS if the request came so."""
    referer = exchange.find_header(b"referer")
    if referer is None or (exchange.scheme == "https" and not referer.startswith(b"https://")):
        return False
    return _host_of(referer) == (exchange.find_header(b"host") or b"").decode("latin-1").lower()


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
