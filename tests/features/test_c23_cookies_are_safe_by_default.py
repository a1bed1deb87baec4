"""C23: cookies are Secure, HttpOnly and SameSite=Lax in production, and `__Host-` names keep what they promise."""

from __future__ import annotations

import pytest

from bistro import App, Response, Text
from bistro.http import HeaderValueError
from bistro.testing import Client


def cookie_line(name: str = "seen", **options: object) -> str:
    app = App(defaults=False)

    @app.get("/")
    async def visit() -> Response:
        response = Text("hello")
        response.set_cookie(name, "1", **options)  # type: ignore[arg-type]  # options are the test's
        return response

    return Client(app).get("/").headers["set-cookie"]


@pytest.mark.parametrize("environment", ["production", "testing", None])
def test_a_cookie_is_secure_unless_the_site_is_being_developed(
    environment: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    if environment:
        monkeypatch.setenv("ENV", environment)
    parts = set(cookie_line().split("; "))
    assert {"Secure", "HttpOnly", "SameSite=Lax", "Path=/"} <= parts
    assert not any(part.startswith("Domain") for part in parts)


def test_in_development_a_cookie_works_without_tls(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ENV", "development")
    parts = cookie_line().split("; ")
    assert "Secure" not in parts
    assert {"HttpOnly", "SameSite=Lax"} <= set(parts)


def test_a_host_cookie_is_for_this_host_all_paths_and_tls_only(monkeypatch: pytest.MonkeyPatch) -> None:
    assert cookie_line("__Host-id").startswith("__Host-id=1; ")
    response = Text("hello")
    for broken in ({"domain": "example.com"}, {"path": "/shop"}, {"secure": False}):
        with pytest.raises(HeaderValueError):
            response.set_cookie("__Host-id", "1", **broken)  # type: ignore[arg-type]  # wrong on purpose
