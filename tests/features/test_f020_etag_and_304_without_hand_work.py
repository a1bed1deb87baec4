"""F20: `ETag` / `Last-Modified` and 304 without hand work."""

from __future__ import annotations

from pathlib import Path

from bistro import App, File
from bistro.plugins import ETags
from bistro.testing import Client


def test_f020_answers_of_handlers_get_a_tag_and_304() -> None:
    app = App(ETags())

    @app.get("/")
    async def page() -> dict[str, int]:
        return {"notes": 3}

    client = Client(app)
    etag = client.get("/").headers["etag"]
    assert client.get("/", headers={"if-none-match": etag}).status == 304
    assert client.get("/", headers={"if-none-match": '"other"'}).status == 200


def test_f020_files_get_a_tag_a_date_and_304(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("content")
    app = App()

    @app.get("/a")
    def file() -> File:
        return File(tmp_path / "a.txt")

    client = Client(app)
    headers = client.get("/a").headers
    assert client.get("/a", headers={"if-none-match": headers["etag"]}).status == 304
    assert client.get("/a", headers={"if-modified-since": headers["last-modified"]}).status == 304
