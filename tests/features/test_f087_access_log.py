"""F87: an access log with method, path, status, ms and request id."""

from __future__ import annotations

import pytest

from bistro import App
from bistro.plugins import RequestLog
from bistro.testing.live_server import LiveServer
from tests.features.log_support import LogStream, access_lines_wanted, raw_request


def test_f087_every_answer_on_the_socket_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOG_FORMAT", "json")
    stream = LogStream()
    app = App(RequestLog(stream=stream))

    @app.get("/notes/{id:int}")
    async def show(id: int) -> dict[str, int]:
        return {"id": id}

    with access_lines_wanted(), LiveServer(app) as server:
        raw_request(server.port, b"GET /notes/7 HTTP/1.1\r\nHost: localhost\r\n\r\n")
        raw_request(server.port, b"GET /nowhere HTTP/1.1\r\nHost: localhost\r\n\r\n")
        raw_request(server.port, b"NONSENSE\r\n\r\n")
        raw_request(server.port, b"GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n")
    lines = stream.lines()
    assert [(line.get("method"), line.get("path"), line["status"]) for line in lines] == [
        ("GET", "/notes/7", 200),
        ("GET", "/nowhere", 404),
        (None, None, 400),
    ]
    assert all(isinstance(line["ms"], float) for line in lines)
    assert all(line["request_id"] for line in lines[:2])
