"""Attacks on whatever gives files away (security.md, rows 18 to 23, 58): paths, links, names, ranges."""

from __future__ import annotations

import asyncio
import os
import socket
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from bistro import App, File
from bistro.plugins import Spa, Static
from bistro.plugins.static import is_plain_path
from bistro.plugins.static.collect import collect
from bistro.testing import AsyncClient, LiveServer
from tests.attacks.raw import connect, listen, talk

SECRET = b"top secret"
NAMES = [
    "../secret.txt", "..%2fsecret.txt", "%2e%2e/secret.txt", "%2e%2e%2fsecret.txt", "%252e%252e%252fsecret.txt",
    "css/../../secret.txt", "css/%2e%2e/%2e%2e/secret.txt", "./../secret.txt", ".%2e/secret.txt", "..;/secret.txt",
    "..%5csecret.txt", "..\\secret.txt", "css\\..\\..\\secret.txt", "%c0%ae%c0%ae/secret.txt", "..%c0%afsecret.txt",
    "%uff0e%uff0e/secret.txt", "%EF%BC%8E%EF%BC%8E/secret.txt", "..%00/secret.txt", "../static-secret/a.txt",
    "..%2fstatic-secret%2fa.txt", "-secret/a.txt", "/etc/passwd", "//etc/passwd", "///etc/passwd", "%2fetc%2fpasswd",
    "%2f%2fetc/passwd", "/proc/self/environ", "file:///etc/passwd", "link.txt", "out/a.txt", "loop/link.txt",
    ".env", ".git/config", "css/.hidden", ".", "..", "", "css", "css/", "css/.", "css/..", "css//site.css",
    "con", "CON", "con.css", "aux.txt", "css/nul.css", "prn", "com1", "com1.css", "lpt9.txt", "com%C2%B9", "conin$",
    "css/site.css::$DATA", "css/site.css:stream", "css::$INDEX_ALLOCATION/site.css", "C:/x", "C:x", "c%3a/x",
    "%5c%5chost%5cshare%5cx", "//host/share/x", "%5c%5c%3f%5cC:%5cx", "css/site.css.", "css/site.css%20", "css/site.css..",
    "css/site.css%0a", "css/site.css%00.txt", "css%2fsite.css", "css%2Fsite.css", "css/site.css/", "css/site.css/x",
    "CSS/site.css", "css/SITE.CSS", "css/site~1.css", "a%ff", "%", "%2", "%zz", "x" * 300, "a/" * 600 + "b", "%E2%80%AEcss",
    "bistro-static.json", "css/site.css.br", "<script>", "%3Cscript%3E", "css/*", "css/?", "css/site.css%3fx",
]  # fmt: skip


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("site")
    for name, content in {
        "static/css/site.css": "body {}" * 100,
        "static/css/.hidden": "top secret",
        "static/.env": "top secret",
        "static/.git/config": "top secret",
        "static/index.html": "<h1>index</h1>",
        "secret.txt": "top secret",
        "static-secret/a.txt": "top secret",
    }.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
    (root / "static" / "link.txt").symlink_to(root / "secret.txt")
    (root / "static" / "out").symlink_to(root / "static-secret")
    (root / "static" / "loop").symlink_to(root)
    return root


KINDS = ["live", "known", "collected", "file", "spa"]


def make_app(kind: str, root: Path) -> App:
    if kind == "spa":
        return App(Spa(root / "static", at="/static"), Static(root / "none" / "static", at="/other"))
    if kind == "file":
        app = App(Static(root / "none" / "static", at="/other"))

        @app.get("/static/{name:path}")
        def give(name: str) -> File:
            return File(root / "static" / name, inside=root / "static")

        return app
    static = Static(
        root / "static", collected=root / "collected" if kind == "collected" else root / "nothing"
    )
    app = App(static)
    if kind == "collected":
        site = static.site(app.freeze().registered.static_folders)
        collect(site.sources, site.at, root / "collected")
    return app


@pytest.fixture(scope="module", params=KINDS)
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def app(kind: str, root: Path) -> Iterator[App]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ENV", "development" if kind == "live" else "production")
        patch.setenv("ALLOWED_HOSTS", "localhost,127.0.0.1")
        yield make_app(kind, root)


@pytest.fixture(scope="module")
def server(app: App) -> Iterator[LiveServer]:
    with LiveServer(app) as server:
        yield server


HIDDEN = {".env", ".git/config", "css/.hidden"}


def test_the_right_name_is_found(server: LiveServer) -> None:
    heard = talk(server.port, b"GET /static/css/site.css HTTP/1.1\r\nHost: localhost\r\n\r\n")
    assert heard.statuses == [200]


def test_no_path_leads_out_or_to_what_is_hidden(server: LiveServer, kind: str) -> None:
    refusals = {400, 404, 414}
    for name in NAMES:
        # `File` opens what its handler names: hidden files inside of the folder are the handler's affair.
        if kind == "file" and name in HIDDEN:
            continue
        heard = talk(server.port, b"GET /static/%b HTTP/1.1\r\nHost: localhost\r\n\r\n" % name.encode())
        assert heard.statuses, name
        assert SECRET not in heard.data, name
        if kind == "spa" and name == "":
            assert heard.statuses == [308]  # to /static, which is the page
        elif kind != "file":
            assert heard.statuses[0] in refusals, name


def test_no_path_leads_out_by_asgi_either(app: App, kind: str) -> None:
    async def go() -> None:
        async with AsyncClient(app) as client:
            for name in NAMES:
                if (kind == "file" and name in HIDDEN) or not name.isascii() or "\\" in name or "?" in name:
                    continue
                answer = await client.get(f"/static/{name}")
                assert SECRET not in answer.content, name

    asyncio.run(go())


def test_no_listing_of_folders(server: LiveServer) -> None:
    for path in (b"/static/", b"/static", b"/static/css/", b"/static/css"):
        heard = talk(server.port, b"GET %b HTTP/1.1\r\nHost: localhost\r\n\r\n" % path)
        assert b"site.css" not in heard.data


def test_paths_outside_of_ascii_are_refused_or_not_found(server: LiveServer) -> None:
    for path in (b"/static/\xe2\x80\xaecss", b"/static/\xff", b"/static/css/site.css\t"):
        heard = talk(server.port, b"GET %b HTTP/1.1\r\nHost: localhost\r\n\r\n" % path)
        assert heard.statuses[0] in (400, 404)


@pytest.mark.timed
def test_ranges_by_the_thousand_cost_nothing(server: LiveServer) -> None:
    ranges = b",".join(b"%d-%d" % (place, place) for place in range(1500))
    started = time.monotonic()
    head = b"GET /static/css/site.css HTTP/1.1\r\nHost: localhost\r\nRange: bytes=%b\r\n\r\n" % ranges
    heard = talk(server.port, head)
    assert heard.statuses[0] in (200, 416)
    assert time.monotonic() - started < 1


def test_link_that_is_exchanged_while_the_site_runs_gains_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """CWE-367: what was a file of the site when it started is a link to a secret when it is asked for."""
    monkeypatch.setenv("ENV", "production")
    monkeypatch.setenv("ALLOWED_HOSTS", "localhost")
    (tmp_path / "static").mkdir()
    (tmp_path / "secret.txt").write_bytes(SECRET)
    file = tmp_path / "static" / "a.txt"
    file.write_text("public")

    async def go() -> Any:
        async with AsyncClient(App(Static(tmp_path / "static"))) as client:
            file.unlink()
            file.symlink_to(tmp_path / "secret.txt")
            return await client.get("/static/a.txt")

    assert asyncio.run(go()).status == 404


def test_device_or_pipe_among_the_files_hangs_nobody(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "static").mkdir()
    os.mkfifo(tmp_path / "static" / "pipe.txt")
    for environment in ("production", "development"):
        monkeypatch.setenv("ENV", environment)
        monkeypatch.setenv("ALLOWED_HOSTS", "127.0.0.1,localhost")
        with LiveServer(App(Static(tmp_path / "static"))) as server:
            heard = talk(server.port, b"GET /static/pipe.txt HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert heard.statuses == [404]


def test_name_of_a_download_stays_one_name(tmp_path: Path) -> None:
    """CVE-2022-36359: reflected file download."""
    app = App()

    @app.get("/d")
    async def download(name: str) -> File:
        return File(b"x", file_name=name, disposition="attachment")

    with LiveServer(app) as server:
        for name in (b"a%22;filename=%22evil.exe", b"a%0d%0aX-Evil:1", b"%22;%20filename*=UTF-8''evil.exe"):
            heard = talk(server.port, b"GET /d?name=%b HTTP/1.1\r\nHost: localhost\r\n\r\n" % name)
            assert heard.statuses == [200]
            (line,) = [each for each in heard.heads[0].lower().split(b"\r\n") if b"disposition" in each]
            assert line.count(b'"') == 2
            assert b"x-evil" not in heard.heads[0].lower().replace(line, b"")


def test_others_are_served_while_many_download_slowly(tmp_path: Path) -> None:
    """Forty clients that read nothing of 10 MiB hold neither threads nor the event loop."""
    (tmp_path / "big.bin").write_bytes(bytes(10 * 1024 * 1024))
    (tmp_path / "small.txt").write_text("small")
    with LiveServer(App(Static(tmp_path))) as server:
        slow: list[socket.socket] = []
        for _ in range(40):
            client = connect(server.port)
            client.sendall(b"GET /static/big.bin HTTP/1.1\r\nHost: localhost\r\n\r\n")
            slow.append(client)
        for client in slow:
            client.recv(1)
        worst = 0.0
        for _ in range(10):
            started = time.monotonic()
            with connect(server.port) as client:
                client.sendall(b"GET /static/small.txt HTTP/1.1\r\nHost: localhost\r\n\r\n")
                assert listen(client, 1).bodies == [b"small"]
            worst = max(worst, time.monotonic() - started)
        for client in slow:
            client.close()
    assert worst < 0.5


def test_path_rules_are_linear(assert_linear: Any) -> None:
    for piece in ("a/", "con.", "..", "x", "a.", "com1 "):
        assert_linear(is_plain_path, lambda size, piece=piece: piece * (size // len(piece)))
