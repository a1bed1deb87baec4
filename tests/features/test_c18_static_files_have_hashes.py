"""C18: static files under `/static/` with hash and `immutable`; uploads never served as HTML."""

from __future__ import annotations

from pathlib import Path

import pytest

from bistro import App, File, Upload
from bistro.plugins import Static, StaticUrls
from bistro.testing import Client
from tests.features.static_support import bistro, make_site


def test_c18_hashed_and_immutable(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make_site(tmp_path)
    bistro(tmp_path, "static", "collect")
    monkeypatch.setenv("ENV", "production")
    monkeypatch.setenv("ALLOWED_HOSTS", "localhost")
    app = App(Static(tmp_path / "static"))

    @app.get("/url")
    async def url(static: StaticUrls) -> str:
        return static("js/app.js")

    with Client(app) as client:
        answer = client.get(client.get("/url").text)
    assert answer.url.startswith("http://localhost/static/js/app-")
    assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert answer.headers["x-content-type-options"] == "nosniff"


def test_c18_upload_is_no_page_of_the_site(tmp_path: Path) -> None:
    """What somebody uploaded is sent back as a download, under a policy that runs nothing."""
    app = App()

    @app.post("/uploads")
    async def upload(file: Upload) -> None:
        (tmp_path / "1").write_bytes(await file.read())

    @app.get("/uploads/1")
    def download() -> File:
        return File(tmp_path / "1", file_name="page.html", content_type="application/octet-stream",
                    disposition="attachment")  # fmt: skip

    with Client(app) as client:
        client.post("/uploads", files={"file": ("page.html", b"<script>alert(1)</script>", "text/html")})
        answer = client.get("/uploads/1")
    assert answer.content_type == "application/octet-stream"
    assert answer.headers["content-disposition"].startswith("attachment")
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert "script-src" not in answer.headers["content-security-policy"]
