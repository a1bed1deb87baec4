from __future__ import annotations

import logging
from itertools import product

import pytest

from bistro import App, Request
from bistro.http import WebSocket
from bistro.plugins import Csrf, CsrfError
from bistro.testing import Client

TRUSTED = "https://admin.example.com"
OWN = "http://localhost"


def make_client(**options: bool) -> Client:
    app = App(Csrf(trusted_origins=[TRUSTED]))

    async def handler(request: Request) -> str:
        return request.method

    for method in ("GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE"):
        app.route(method, "/", **options)(handler)
    return Client(app, headers={"sec-fetch-site": None})  # what it sends by itself as a browser would


# The cases of Go's net/http CrossOriginProtection (src/net/http/csrf_test.go), method by method:
# 8 combinations of Sec-Fetch-Site and Origin, for a safe and for two unsafe methods.
CASES = [
    ("same-origin", None, True),
    ("none", None, True),
    ("cross-site", None, False),
    ("same-site", None, False),
    (None, OWN, True),
    (None, "https://attacker.example", False),
    (None, "null", False),
    (None, None, True),
]
TABLE = [
    (method, site, origin, passes or method == "GET")
    for method, (site, origin, passes) in product(("GET", "POST", "PUT"), CASES)
]


@pytest.mark.parametrize(
    ("base", "origin", "passes"),
    [
        ("https://localhost", "https://localhost", True),
        ("https://localhost", "http://localhost", False),  # anybody on the way may have written that page
        ("http://localhost", "http://localhost", True),
        ("http://localhost", "https://localhost", True),  # a proxy that is not trusted has ended the TLS
    ],
)
def test_page_without_tls_is_not_of_a_site_with_it(base: str, origin: str, passes: bool) -> None:
    answer = make_client().post(f"{base}/", headers={"origin": origin})
    assert answer.status == (200 if passes else 403)


def ask(client: Client, method: str, site: str | None, origin: str | None, cookie: str | None = None) -> int:
    sent = {"sec-fetch-site": site, "origin": origin, "cookie": cookie}
    headers = {name: value for name, value in sent.items() if value is not None}
    return client.request(method, "/", headers=headers).status


def test_the_table_has_24_cases() -> None:
    assert len(TABLE) == 24


@pytest.mark.parametrize(("method", "site", "origin", "passes"), TABLE)
def test_verdict_is_that_of_the_table(
    method: str, site: str | None, origin: str | None, passes: bool
) -> None:
    assert ask(make_client(), method, site, origin) == (200 if passes else 403)


@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE"])
@pytest.mark.parametrize("cookie", [None, "session=x"])
def test_request_without_either_header_passes_only_without_a_cookie(method: str, cookie: str | None) -> None:
    is_safe = method in ("GET", "HEAD", "OPTIONS")
    passes = is_safe or cookie is None
    assert ask(make_client(), method, None, None, cookie) == (200 if passes else 403)


@pytest.mark.parametrize(
    "origin",
    [
        "http://localhost:8000",
        "http://localhost.evil.example",
        "http://evil.example/http://localhost",
        "http://localhost@evil.example",
        "localhost",
        "http://[localhost",
        "://",
        "file://",
        "http://evil.example#localhost",
        "\xff",
    ],
)
def test_origin_that_only_looks_like_ours_is_refused(origin: str) -> None:
    assert ask(make_client(), "POST", None, origin) == 403


@pytest.mark.parametrize("host", ["LOCALHOST", "LocalHost", "localhost"])
@pytest.mark.parametrize("origin", ["http://localhost", "HTTP://LOCALHOST"])
def test_host_and_origin_are_compared_without_their_case(host: str, origin: str) -> None:
    # RFC 9110 §4.2.3: browsers write both in lower case, and proxies may not.
    answer = make_client().post("/", headers={"host": host, "origin": origin})
    assert answer.status == 200


def test_handshake_of_a_websocket_has_no_line_of_it_in_its_plan() -> None:
    app = App(Csrf())

    @app.websocket("/live")
    async def live(socket: WebSocket) -> None:
        await socket.accept()

    frozen = app.freeze()
    (route,) = [route for route in frozen.routes if route.name == "live"]
    assert "refuse_cross_site" not in getattr(frozen.plan_of(route), "source", "")


@pytest.mark.parametrize("site", ["", "SAME-ORIGIN", "same-origin ", "same-origin, cross-site", "\x80"])
def test_odd_values_of_sec_fetch_site_pass_nothing_that_origin_would_not(site: str) -> None:
    assert ask(make_client(), "POST", site, "https://evil.example") in (400, 403)


@pytest.mark.parametrize("site", ["cross-site", "same-site", None])
def test_trusted_origin_passes(site: str | None) -> None:
    assert ask(make_client(), "POST", site, TRUSTED) == 200


def test_trust_is_for_the_exact_origin_only() -> None:
    assert ask(make_client(), "POST", "cross-site", TRUSTED + ":8443") == 403
    assert ask(make_client(), "POST", "cross-site", TRUSTED.replace("https", "http")) == 403


def test_route_can_opt_out() -> None:
    assert ask(make_client(csrf=False), "POST", "cross-site", None) == 200


def test_safe_routes_have_no_line_in_their_plan() -> None:
    app = App()

    @app.get("/read")
    async def read() -> str:
        return "read"

    @app.post("/write")
    async def write() -> str:
        return "written"

    frozen = app.freeze()
    lines = {
        route.name: getattr(frozen.plan_of(route), "source", "").count("refuse_cross_site")
        for route in frozen.routes
        if route.name in ("read", "write")
    }
    assert lines == {"read": 0, "write": 2}  # with the comment that says where it is from


def test_answer_and_log_say_which_check_failed_and_how_to_fix_it(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING, "bistro.csrf"):
        answer = make_client().post("/", headers={"origin": "https://evil.example"})
    assert "Origin is 'https://evil.example'" in answer.json()["detail"]
    assert "trusted_origins" in answer.json()["detail"]
    assert "Origin is" in caplog.text


def test_header_in_the_page_of_the_refusal_is_escaped() -> None:
    headers = {"origin": "<script>alert(1)</script>", "accept": "text/html"}
    page = make_client().post("/", headers=headers)
    assert page.status == 403
    assert "<script>alert" not in page.text


@pytest.mark.parametrize(
    "origin",
    [
        "example.com",
        "https://example.com/",
        "https://EXAMPLE.com",
        "ftp://x",
        "",
        "https://a@b",
        "https://",
        "http://",
        "HTTPS://example.com",
        "null",
        "*",
        "https://example.com?x",
        "https://example.com#x",
    ],
)
def test_text_that_is_no_origin_stops_the_start(origin: str) -> None:
    with pytest.raises(CsrfError, match="B951"):
        App(Csrf(trusted_origins=[origin])).freeze()


def test_client_of_tests_is_like_a_browser_on_the_site() -> None:
    client = Client(make_client().app)
    client.cookies["a"] = "b"
    assert client.post("/").status == 200
