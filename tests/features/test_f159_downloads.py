"""F159: a download with file name, type and disposition."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from bistro import App, File
from bistro.testing.live_server import LiveServer
from tests.features.log_support import raw_request


@pytest.fixture
def app(tmp_path: Path) -> App:
    (tmp_path / "report.pdf").write_bytes(b"%PDF-" + os.urandom(700_000))
    app = App()

    @app.get("/report")
    def report() -> File:
        return File(tmp_path / "report.pdf", disposition="attachment", file_name="Jahresübersicht.pdf")

    @app.get("/files/{name}")
    def any_file(name: str) -> File:
        return File(tmp_path / name, inside=tmp_path)

    return app


def ask(port: int, path: str, headers: str = "", method: str = "GET") -> tuple[bytes, bytes]:
    data = f"{method} {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n{headers}\r\n".encode()
    head, _, body = raw_request(port, data).partition(b"\r\n\r\n")
    return head, body


def test_f159_download_has_its_name_type_and_whole_content(app: App, tmp_path: Path) -> None:
    with LiveServer(app) as server:
        head, body = ask(server.port, "/report")
    assert head.startswith(b"HTTP/1.1 200")
    assert b"content-type: application/pdf" in head
    assert b"filename*=UTF-8''Jahres%C3%BCbersicht.pdf" in head
    assert b'content-disposition: attachment; filename="Jahresubersicht.pdf"' in head
    assert body == (tmp_path / "report.pdf").read_bytes()


def test_f159_parts_heads_and_known_versions_are_answered_as_they_should(app: App, tmp_path: Path) -> None:
    content = (tmp_path / "report.pdf").read_bytes()
    with LiveServer(app) as server:
        head, body = ask(server.port, "/report", method="HEAD")
        assert (b"content-length: %d" % len(content) in head, body) == (True, b"")
        head, body = ask(server.port, "/report", "Range: bytes=300000-599999\r\n")
        assert (head[9:12], body) == (b"206", content[300000:600000])
        head, body = ask(server.port, "/report", "If-None-Match: *\r\n")
        assert (head[9:12], body) == (b"304", b"")
        head, body = ask(server.port, "/report", "Range: bytes=900000-\r\n")
        assert head[9:12] == b"416"


@pytest.mark.parametrize("name", ["..%2f..%2fetc%2fpasswd", "%2e%2e", "missing.pdf", "a%00b"])
def test_f159_name_from_the_path_leads_out_of_no_folder(app: App, name: str) -> None:
    with LiveServer(app) as server:
        assert ask(server.port, f"/files/{name}")[0][9:12] in (b"400", b"404")
