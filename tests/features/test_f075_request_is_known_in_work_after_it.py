"""F75: the request's id, and what was bound beside it, are in the lines of work that it leaves behind."""

from __future__ import annotations

import logging

import pytest

from bistro import App, Background
from bistro.ground import bind_log_fields, get_logger
from bistro.plugins import RequestLog
from bistro.testing import Client
from tests.features.log_support import LogStream


def test_f075_background_work_logs_with_the_fields_of_its_request(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOG_FORMAT", "json")
    stream = LogStream()
    app = App(RequestLog(stream=stream))
    seen: list[dict[str, object]] = []

    async def tell() -> None:
        from bistro.ground import request_log_fields

        seen.append(dict(request_log_fields.get() or {}))
        get_logger("shop").info("done")

    @app.post("/orders")
    async def order(background: Background) -> None:
        bind_log_fields(user="ann", locale="de")
        background.add(tell)

    with Client(app) as client:
        answers = [client.post("/orders", headers={"x-request-id": name}) for name in ("one", "two")]
    assert [answer.status for answer in answers] == [204, 204]
    wanted = [{"request_id": name, "user": "ann", "locale": "de"} for name in ("one", "two")]
    assert [{key: each.get(key) for key in wanted[0]} for each in seen] == wanted
    assert logging.getLogger("shop").name == "shop"
