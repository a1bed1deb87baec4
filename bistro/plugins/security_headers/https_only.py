"""Lead browsers that come by plain HTTP to https (ASVS 5.0, 12.2.1)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar
from urllib.parse import urlunsplit

from bistro.app import Setup
from bistro.ground import find_environment
from bistro.http import SAFE_METHODS, Forbidden, Redirect, Request, Response
from bistro.routing import Route


class PlainHttp(Forbidden):
    """If you see this: a program sent something by plain HTTP to a site that is for https alone."""

    code = "B957"


@dataclass(frozen=True)
class HttpsOnly:
    """Answer plain HTTP with a redirect to https: 308 for GET and HEAD, 403 for what sends something.

    What was sent was readable on its way, so it is refused instead of being sent again. Probes of
    `Health` are answered as they come, and in development nothing is changed. Behind a proxy that ends
    TLS, name it (`App(trusted_proxies=…)`): its word is what tells http from https. Give
    `SecurityHeaders` a `transport_security` as well, so that browsers come by https by themselves.
    """

    port: int = 443

    requires: ClassVar[tuple[type, ...]] = ()

    def install(self, setup: Setup) -> None:
        """Check the scheme before anything else."""
        if find_environment() != "development":
            setup.before(self.lead_to_https, only_for=_is_for_visitors)

    def lead_to_https(self, request: Request) -> Response | None:
        """The redirect for a request by plain HTTP. Raises `PlainHttp`."""
        if request.is_secure:
            return None
        if request.method not in SAFE_METHODS:
            raise PlainHttp("Send it by https.")
        url = request.url
        host = url.host if self.port == 443 else f"{url.host}:{self.port}"
        target = urlunsplit(("https", host, url.path, url.query, ""))
        return Redirect(target, status=308, allowed_hosts=[host])


def _is_for_visitors(route: Route) -> bool:
    return not route.options.get("without_app_hooks")
