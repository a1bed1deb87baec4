"""F110: a query in a loop is found in development and refused in tests, with file and line."""

from __future__ import annotations

from pathlib import Path

import pytest

from bistro import App
from bistro.db import Database as OpenDatabase
from bistro.plugins import Database
from bistro.testing import Client


def site(path: Path) -> App:
    app = App(Database(f"sqlite:///{path}"), defaults=False)

    @app.get("/")
    async def loop(database: OpenDatabase) -> str:
        for number in range(12):
            await database.fetch("select ?", (number,))  # the loop
        return "done"

    return app


def place_of_the_loop() -> str:
    lines = Path(__file__).read_text(encoding="utf-8").splitlines()
    number = next(number for number, line in enumerate(lines, 1) if line.endswith("# the loop"))
    return f"{__file__}:{number}"


def test_development_warns(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("ENV", "development")
    with Client(site(tmp_path / "site.db")) as client:
        assert client.get("/").text == "done"
    assert place_of_the_loop() in caplog.text


def test_a_test_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ENV", "testing")
    with (
        Client(site(tmp_path / "site.db")) as client,
        pytest.raises(Exception, match="more than 10 times") as caught,
    ):
        client.get("/")
    assert place_of_the_loop() in str(caught.value)
