"""Which pages may open a WebSocket: those of the site itself, and of the origins that it names.

A browser sends the cookies of the site with every handshake, whatever page opens it, and asks
nobody first: without this check any page could talk in the name of its visitor (ASVS 4.4.2).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable

from bistro.app.errors import WebSocketRouteError
from bistro.ground.registry import Origin
from bistro.ground.types import Exchange
from bistro.http import Forbidden

ANY = "*"
PORTS = {"http": "80", "https": "443"}
_split = re.compile(r"(https?)://([a-z0-9.-]{1,253}|\[[0-9a-f:.]{2,45}\])(?::([0-9]{1,5}))?").fullmatch


def origin_check(allowed: Iterable[str], where: Origin) -> Callable[[Exchange], None]:
    """A before-hook that raises `Forbidden` for a handshake from a page of another origin.

    A request without `Origin` comes from no browser. Raises `WebSocketRouteError` where one of
    `allowed` is no origin.
    """
    names = frozenset(_checked(name, where) for name in allowed)

    def check_origin(exchange: Exchange) -> None:
        sent = [value for name, value in exchange.header_items() if name == b"origin"]
        if not sent or ANY in names:
            return
        origin = _canonical(sent[0].decode("latin-1"))
        if len(sent) > 1 or origin is None or not (origin in names or _is_own(origin, exchange)):
            raise Forbidden("This page may not open a WebSocket here.")

    return check_origin


def _is_own(origin: str, exchange: Exchange) -> bool:
    """Whether a page of `origin` is one of the host that was asked.

    The scheme of the page is not compared where we are asked by plain HTTP: a proxy in front may
    speak HTTPS with the browser. A page that came by HTTP is no page of a site that came by HTTPS.
    """
    host = exchange.find_header(b"host")
    scheme = origin.partition(":")[0]
    if host is None or (exchange.scheme == "https" and scheme == "http"):
        return False
    return _canonical(f"{scheme}://{host.decode('latin-1')}") == origin


def _canonical(text: str) -> str | None:
    """An origin in lower case without the port that its scheme has anyway; None where it is none."""
    found = _split(text.lower())
    if found is None:
        return None
    scheme, host, port = found.groups()
    return f"{scheme}://{host}" if port is None or port == PORTS[scheme] else f"{scheme}://{host}:{port}"


def _checked(name: str, where: Origin) -> str:
    origin = ANY if name == ANY else _canonical(name)
    if origin is None:
        raise WebSocketRouteError(
            f"{name!r} is no origin",
            where=(where,),
            fix='Write scheme and host, and a port if it is not the usual one: "https://example.com".',
        )
    return origin
