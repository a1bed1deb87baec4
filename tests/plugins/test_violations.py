"""Reports of browsers, which anybody may send; and sites for https alone."""

from __future__ import annotations

import logging
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bistro import App
from bistro.plugins import HttpsOnly, SecurityHeaders
from bistro.plugins.security_headers.violations import ViolationLog
from bistro.testing import Client

OLD = {
    "csp-report": {
        "document-uri": "https://shop.example/cart?card=4111",
        "effective-directive": "script-src",
        "blocked-uri": "https://evil.example/x.js?secret",
        "line-number": 7,
    }
}
NEW = [
    {
        "type": "csp-violation",
        "body": {
            "documentURL": "https://shop.example/",
            "effectiveDirective": "img-src",
            "blockedURL": "inline",
        },
    }
]


@pytest.fixture
def client() -> Client:
    return Client(App(SecurityHeaders(violations_at="/csp-report")))


def send(client: Client, document: Any, kind: str = "application/csp-report") -> int:
    headers = {"content-type": kind, "sec-fetch-site": "cross-site", "origin": "null"}
    return client.post("/csp-report", json=document, headers=headers).status


def test_policy_says_where_to_report(client: Client) -> None:
    assert client.get("/none").headers["content-security-policy"].endswith("; report-uri /csp-report")
    assert "report-uri" not in Client(App()).get("/none").headers["content-security-policy"]


@pytest.mark.parametrize("name", ["document-uri", "documentURL", "blocked-uri", "source-file"])
@pytest.mark.parametrize("address", ["http://[", "//[::1", "http://a]b", "\0", "x" * 15_000])
def test_address_that_is_none_is_no_fault_of_the_site(client: Client, name: str, address: str) -> None:
    assert send(client, {"csp-report": {name: address}}) == 204


def test_each_kind_of_violation_is_logged_once(client: Client, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING, logger="bistro.csp"):
        assert {send(client, OLD) for _ in range(5)} == {204}
        assert send(client, NEW, "application/reports+json") == 204
    told = [each.getMessage() for each in caplog.records]
    assert told == [
        "the content security policy kept https://evil.example away",
        "the content security policy kept inline away",
    ]
    assert "4111" not in caplog.text
    assert "secret" not in caplog.text


def test_flood_of_reports_does_not_fill_the_log(caplog: pytest.LogCaptureFixture) -> None:
    client = Client(App(SecurityHeaders(violations_at="/csp-report")))
    with caplog.at_level(logging.WARNING, logger="bistro.csp"):
        for number in range(30):
            body = {"effectiveDirective": "x", "documentURL": f"https://a/{number}", "blockedURL": "y"}
            reports = [{"body": {**body, "blockedURL": f"b{each}"}} for each in range(50)]
            send(client, reports, "application/reports+json")
    assert len(caplog.records) == 100


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", ""])
def test_other_content_is_refused(client: Client, kind: str) -> None:
    assert send(client, OLD, kind) == 415


@pytest.mark.parametrize("content", [b"", b"{", b"[" * 10_000, b"\xff", b'{"csp-report": NaN}'])
def test_malformed_report_is_refused(client: Client, content: bytes) -> None:
    headers = {"content-type": "application/csp-report"}
    assert client.post("/csp-report", content=content, headers=headers).status == 400


def test_long_report_is_refused(client: Client) -> None:
    headers = {"content-type": "application/csp-report"}
    assert client.post("/csp-report", content=b'"' + b"x" * 20_000 + b'"', headers=headers).status == 413


json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.text(max_size=9),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["csp-report", "body", "blocked-uri", "document-uri", "documentURL"]),
            inner,
            max_size=3,
        )
    ),
    max_leaves=8,
)


@given(json_values)
def test_whatever_is_reported_is_taken(document: Any) -> None:
    client = Client(App(SecurityHeaders(violations_at="/csp-report")))
    assert send(client, document) == 204


def test_log_forgets_after_an_hour(caplog: pytest.LogCaptureFixture) -> None:
    from bistro.testing import FakeClock

    clock = FakeClock()
    log = ViolationLog(clock)
    app = App()
    app.post("/r", csrf=False)(log.take)
    client = Client(app)
    with caplog.at_level(logging.WARNING, logger="bistro.csp"):
        for _ in range(2):
            client.post("/r", json=OLD)
            clock.advance(3601)
    assert len(caplog.records) == 2


def https_client(environment: str, monkeypatch: pytest.MonkeyPatch) -> Client:
    monkeypatch.setenv("ENV", environment)
    app = App(HttpsOnly(), trusted_proxies=["127.0.0.1"])

    async def handler() -> str:
        return "here"

    app.route("GET", "/page/{rest:path}")(handler)
    app.post("/page/")(handler)
    return Client(app, follow_redirects=False)


def test_plain_http_leads_to_https_with_path_and_query(monkeypatch: pytest.MonkeyPatch) -> None:
    answer = https_client("testing", monkeypatch).get("http://localhost/page/a%2Fb?c=d&e")
    assert (answer.status, answer.headers["location"]) == (308, "https://localhost/page/a%2Fb?c=d&e")


def test_unknown_path_leads_to_https_too(monkeypatch: pytest.MonkeyPatch) -> None:
    assert https_client("testing", monkeypatch).get("http://localhost/nowhere").status == 308


def test_what_was_sent_by_plain_http_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    assert https_client("testing", monkeypatch).post("http://localhost/page/").status == 403


def test_https_and_what_a_trusted_proxy_calls_https_are_answered(monkeypatch: pytest.MonkeyPatch) -> None:
    client = https_client("testing", monkeypatch)
    assert client.get("https://localhost/page/x").text == "here"
    assert client.get("http://localhost/page/x", headers={"x-forwarded-proto": "https"}).text == "here"


def test_probes_and_development_are_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    assert https_client("testing", monkeypatch).get("http://localhost/livez").status == 200
    assert https_client("development", monkeypatch).get("http://localhost/page/x").text == "here"
