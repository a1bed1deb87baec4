"""C9: `/livez` and `/readyz` are not logged and answer whatever host a probe names."""

from __future__ import annotations

import pytest

from bistro import App
from bistro.plugins import HostCheck, RequestLog
from bistro.testing.live_server import LiveServer
from tests.features.log_support import LogStream, access_lines_wanted, raw_request


@pytest.mark.parametrize("path", ["/livez", "/readyz"])
def test_c09_probe_by_address_is_answered_and_leaves_no_line(
    path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ENV", "production")
    stream = LogStream()
    app = App(RequestLog(stream=stream), HostCheck(["example.com"]))
    with access_lines_wanted(), LiveServer(app) as server:
        request = f"GET {path} HTTP/1.1\r\nHost: 10.1.2.3:8000\r\nUser-Agent: kube-probe/1.31\r\n\r\n"
        answer = raw_request(server.port, request.encode())
    assert answer.startswith(b"HTTP/1.1 200")
    assert b"set-cookie" not in answer
    assert stream.getvalue() == b""
