from __future__ import annotations

import re
from datetime import timedelta

import pytest

from bistro import App, render
from bistro.app import BaseApp, HookError
from bistro.http import Html, NotFound
from bistro.plugins import DebugPage, ErrorPages, Rendered, Rendering, SecurityHeaders
from bistro.testing import Client

EXPECTED = {
    "x-content-type-options": "nosniff",
    "referrer-policy": "strict-origin-when-cross-origin",
    "x-frame-options": "DENY",
    "cross-origin-opener-policy": "same-origin",
    "content-security-policy": (
        "default-src 'self'; base-uri 'self'; form-action 'self'; frame-ancestors 'none'; object-src 'none'"
    ),
}


def make_app(*plugins: object) -> BaseApp:
    app = BaseApp(*plugins)  # type: ignore[arg-type]

    @app.get("/")
    async def hello() -> str:
        return "hello"

    @app.get("/own")
    async def own() -> Html:
        return Html(
            "<p>", headers={"content-security-policy": "default-src *", "x-frame-options": "SAMEORIGIN"}
        )

    @app.get("/missing")
    async def missing() -> str:
        raise NotFound

    return app


@pytest.mark.parametrize("path", ["/", "/missing", "/nowhere"])
def test_every_answer_has_them(path: str) -> None:
    with Client(make_app(SecurityHeaders())) as client:
        headers = client.get(path).headers
    assert {name: headers.get(name) for name in EXPECTED} == EXPECTED


def test_header_that_a_handler_sets_wins_and_is_sent_once() -> None:
    with Client(make_app(SecurityHeaders())) as client:
        headers = client.get("/own").headers
    assert headers.get_all("content-security-policy") == ["default-src *"]
    assert headers.get_all("x-frame-options") == ["SAMEORIGIN"]
    assert headers["x-content-type-options"] == "nosniff"


def test_none_leaves_a_header_out() -> None:
    with Client(make_app(SecurityHeaders(frame_options=None))) as client:
        assert "x-frame-options" not in client.get("/").headers


def test_transport_security_is_sent_only_where_it_is_set() -> None:
    with Client(make_app(SecurityHeaders())) as client:
        assert "strict-transport-security" not in client.get("/").headers
    with Client(make_app(SecurityHeaders(transport_security=timedelta(days=365)))) as client:
        expected = "max-age=31536000; includeSubDomains"
        assert client.get("/").headers["strict-transport-security"] == expected


def test_policy_lets_in_nothing_inline() -> None:
    policy = EXPECTED["content-security-policy"]
    assert "unsafe" not in policy
    assert "*" not in policy


def test_built_in_pages_bring_a_policy_with_their_own_style(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ENV", "development")
    with Client(make_app(SecurityHeaders(), ErrorPages(), DebugPage())) as client:
        for path in ("/missing", "/nowhere"):
            policies = client.get(path, headers={"accept": "text/html"}).headers.get_all(
                "content-security-policy"
            )
            assert len(policies) == 1
            assert "style-src 'sha256-" in policies[0]
            assert "unsafe" not in policies[0]


def test_check_tells_what_is_weak(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ENV", "production")
    weak = SecurityHeaders(content_security_policy="script-src 'unsafe-inline'")
    assert [finding.id for finding in weak.find_faults(None)] == ["security.I001", "security.W001"]
    monkeypatch.setenv("ENV", "development")
    assert SecurityHeaders().find_faults(None) == []


def test_two_values_for_one_header_keep_the_app_from_starting() -> None:
    class Other:
        requires = ()

        def install(self, setup: object) -> None:
            setup.headers({"x-frame-options": "SAMEORIGIN"})  # type: ignore[attr-defined]

    with pytest.raises(HookError, match="x-frame-options"):
        make_app(SecurityHeaders(), Other()).freeze()


def app_with_nonce() -> App:
    policy = "default-src 'self'; script-src 'self' {nonce}"
    app = App(
        SecurityHeaders(content_security_policy=policy),
        Rendering(sources={"a.html": "<script nonce='{{ csp_nonce }}'></script>{{ csp_nonce }}"}),
    )

    @app.get("/")
    async def show() -> Rendered:
        return render("a.html")

    return app


def test_nonce_of_the_policy_is_that_of_the_template() -> None:
    answer = Client(app_with_nonce()).get("/")
    policy = answer.headers["content-security-policy"]
    found = re.fullmatch(r"default-src 'self'; script-src 'self' 'nonce-([A-Za-z0-9+/]{22}==)'", policy)
    assert found is not None
    assert answer.text == f"<script nonce='{found[1]}'></script>{found[1]}"


def test_nonce_is_another_one_each_time_and_in_each_process() -> None:
    one, other = Client(app_with_nonce()), Client(app_with_nonce())
    headers = {"x-request-id": "chosen"}
    policies = [one.get("/").headers["content-security-policy"] for _ in range(3)]
    policies.append(one.get("/", headers=headers).headers["content-security-policy"])
    policies.append(other.get("/", headers=headers).headers["content-security-policy"])
    assert len(set(policies)) == 5
