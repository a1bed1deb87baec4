"""C8: request id in and out (`X-Request-ID`, W3C `traceparent`)."""

from __future__ import annotations

import pytest

from bistro import App
from bistro.plugins import RequestLog
from bistro.testing import Client
from tests.features.log_support import LogStream, access_lines_wanted

TRACE = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"


def test_c08_ids_come_in_and_go_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOG_FORMAT", "json")
    stream = LogStream()
    with access_lines_wanted(), Client(App(RequestLog(stream=stream))) as client:
        answer = client.get("/", headers={"x-request-id": "abc-1", "traceparent": TRACE})
    assert answer.headers["x-request-id"] == "abc-1"
    (line,) = stream.lines()
    assert (line["request_id"], line["trace_id"]) == ("abc-1", "4bf92f3577b34da6a3ce929d0e0e4736")
