"""F186: static files in development."""

from __future__ import annotations

from pathlib import Path

import pytest

from bistro import App
from bistro.plugins import Static
from bistro.testing import Client


def test_f186_files_of_the_folder_are_served_fresh(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ENV", "development")
    (tmp_path / "site.css").write_text("a {}")
    client = Client(App(Static(tmp_path)))
    first = client.get("/static/site.css")
    assert (first.text, first.headers["cache-control"]) == ("a {}", "no-cache")
    (tmp_path / "site.css").write_text("a { color: red }")
    second = client.get("/static/site.css", headers={"if-none-match": first.headers["etag"]})
    assert (second.status, second.text) == (200, "a { color: red }")


@pytest.mark.parametrize("path", ["", "missing.css", "..%2fsecret", ".env", "con"])
def test_f186_nothing_else_is(tmp_path: Path, path: str) -> None:
    (tmp_path / ".env").write_text("SECRET_KEY=x")
    assert Client(App(Static(tmp_path))).get(f"/static/{path}").status == 404
