"""F90: development logs each statement, production the slow ones; with time and file:line."""

from __future__ import annotations

import io
import logging
from pathlib import Path

import pytest

from bistro import App
from bistro.db import Database as OpenDatabase
from bistro.ground import configure_logging
from bistro.plugins import Database
from bistro.testing import Client


def log_of(tmp_path: Path, **options: float) -> str:
    app = App(Database(f"sqlite:///{tmp_path / 'site.db'}", **options), defaults=False)

    @app.get("/")
    async def show(database: OpenDatabase) -> None:
        await database.fetch("select 'here'")  # asks

    stream = io.StringIO()
    root = logging.getLogger()
    before = list(root.handlers)
    configure_logging(format="json", stream=stream)
    try:
        with Client(app) as client:
            client.get("/")
    finally:
        root.handlers[:] = before
    return stream.getvalue()


def place() -> str:
    lines = Path(__file__).read_text(encoding="utf-8").splitlines()
    return f"{__file__}:{next(number for number, line in enumerate(lines, 1) if line.endswith('# asks'))}"


def test_development_logs_each_statement(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ENV", "development")
    text = log_of(tmp_path)
    assert '"event":"statement"' in text
    assert "select 'here'" in text
    assert '"ms":' in text
    assert place() in text


def test_production_logs_slow_statements_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ENV", "production")
    assert "statement" not in log_of(tmp_path, slow_seconds=10.0)
    text = log_of(tmp_path, slow_seconds=0.0)
    assert '"event":"slow statement"' in text
    assert place() in text
