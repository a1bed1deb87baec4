"""Headers that two names of CGI make one of, sent to a mounted WSGI application (as CVE-2015-0219)."""

from __future__ import annotations

from bistro import App
from bistro.testing import LiveServer
from tests.features.support import fetch


def show_headers(environ, start_response):
    names = sorted(f"{name}={value}" for name, value in environ.items() if name.startswith("HTTP_X_"))
    start_response("200 OK", [("content-type", "text/plain")])
    return ["\n".join(names).encode()]


def test_underscored_headers_never_stand_in_for_those_with_hyphens() -> None:
    app = App()
    app.mount("/in", show_headers)
    forged = {"X_Forwarded_For": "6.6.6.6", "X_Remote-User": "admin", "X-Forwarded-For": "192.0.2.1"}
    with LiveServer(app) as server:
        assert fetch(server, "/in/", headers=forged).text == "HTTP_X_FORWARDED_FOR=192.0.2.1"
