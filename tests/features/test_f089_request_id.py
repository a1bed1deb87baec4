"""F89: a request id is made or taken over, and present in every line and answer."""

from __future__ import annotations

import pytest

from bistro import App, Request
from bistro.plugins import RequestLog
from bistro.testing import Client
from tests.features.log_support import LogStream, access_lines_wanted


def test_f089_answer_line_and_handler_know_the_same_id(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOG_FORMAT", "json")
    stream = LogStream()
    app = App(RequestLog(stream=stream))

    @app.get("/")
    async def hello(request: Request) -> str:
        return request.id

    with access_lines_wanted(), Client(app) as client:
        made = client.get("/")
        taken = client.get("/", headers={"x-request-id": "from-the-proxy"})
        missed = client.get("/nowhere")
    assert made.headers["x-request-id"] == made.text
    assert taken.headers["x-request-id"] == taken.text == "from-the-proxy"
    ids = [answer.headers["x-request-id"] for answer in (made, taken, missed)]
    assert [line["request_id"] for line in stream.lines()] == ids
