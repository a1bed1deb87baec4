"""F94: slow requests and slow queries are warnings in the log."""

from __future__ import annotations

import io
import json
import logging
from pathlib import Path

import pytest

from bistro import App
from bistro.db import Database as OpenDatabase
from bistro.plugins import Database, RequestLog
from bistro.testing import Client


def test_f094_slow_request_and_slow_query_are_warnings(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    lines = io.BytesIO()
    app = App(
        RequestLog(stream=lines, slow_seconds=0.0),
        Database(f"sqlite:///{tmp_path / 'site.sqlite3'}", slow_seconds=0.0),
        defaults=False,
    )

    @app.get("/count")
    async def count(database: OpenDatabase) -> int:
        return (await database.fetch("select 6 * 7"))[0][0]

    with caplog.at_level(logging.WARNING, "bistro.sql"), Client(app) as client:
        assert client.get("/count").json() == 42

    assert [record.getMessage() for record in caplog.records] == ["slow statement"]
    told = [json.loads(line) for line in lines.getvalue().splitlines()]
    assert [(line["level"], line["event"], line["path"]) for line in told] == [
        ("warning", "slow request", "/count")
    ]
