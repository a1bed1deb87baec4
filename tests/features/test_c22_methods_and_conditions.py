"""C22: `HEAD`, `OPTIONS`, `ETag`, `Range` and `Vary` right without work."""

from __future__ import annotations

from pathlib import Path

from bistro import App, File
from bistro.plugins import ETags, Static
from bistro.testing import Client


def test_c22_all_of_them_are_right_without_work(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("0123456789")
    app = App(ETags())

    @app.get("/page")
    async def page() -> str:
        return "page"

    @app.get("/file")
    def file() -> File:
        return File(tmp_path / "a.txt")

    client = Client(app)
    head, get = client.head("/page"), client.get("/page")
    assert (head.status, head.content, head.headers["content-length"]) == (200, b"", "4")
    assert head.headers["etag"] == get.headers["etag"]
    options = client.options("/page")
    assert (options.status, options.headers["allow"]) == (204, "GET, HEAD, OPTIONS")
    assert client.get("/page", headers={"if-none-match": get.headers["etag"]}).status == 304
    part = client.get("/file", headers={"range": "bytes=2-3"})
    assert (part.status, part.text, part.headers["content-range"]) == (206, "23", "bytes 2-3/10")
    assert client.get("/file", headers={"range": "bytes=20-"}).status == 416
    assert client.get("/nowhere").headers["vary"] == "accept"


def test_c22_all_of_them_are_right_for_static_files_too(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("0123456789")
    with Client(App(Static(tmp_path))) as client:
        for _ in range(2):  # read from the disk, then kept
            get, head = client.get("/static/a.txt"), client.head("/static/a.txt")
            assert (head.status, head.content) == (200, b"")
            assert head.headers.keys() == get.headers.keys()
            assert head.headers["content-length"] == get.headers["content-length"] == "10"
            assert client.options("/static/a.txt").headers["allow"] == "GET, HEAD, OPTIONS"
            assert client.post("/static/a.txt").status == 405
            known = client.get("/static/a.txt", headers={"if-none-match": get.headers["etag"]})
            assert (known.status, known.headers["etag"]) == (304, get.headers["etag"])
            since = client.get("/static/a.txt", headers={"if-modified-since": get.headers["last-modified"]})
            assert since.status == 304
            changed = client.get("/static/a.txt", headers={"if-match": '"another"'})
            assert changed.status == 412
            part = client.get("/static/a.txt", headers={"range": "bytes=2-3"})
            assert (part.status, part.text, part.headers["content-range"]) == (206, "23", "bytes 2-3/10")
            assert client.head("/static/a.txt", headers={"range": "bytes=2-3"}).status == 200
