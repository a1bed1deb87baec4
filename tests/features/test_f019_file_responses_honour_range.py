"""F19: file responses honour `Range` (206/416)."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from bistro import App, File
from bistro.plugins import Static
from bistro.testing import Client, LiveServer
from tests.features.support import Fetched, fetch

CONTENT = os.urandom(700_000)


@pytest.fixture
def app(tmp_path: Path) -> App:
    (tmp_path / "video.mp4").write_bytes(CONTENT)
    (tmp_path / "small.txt").write_bytes(CONTENT[:1000])
    app = App(Static(tmp_path))

    @app.get("/async/{name}")
    async def in_loop(name: str) -> File:
        return File(tmp_path / name, inside=tmp_path)

    @app.get("/sync/{name}")
    def in_thread(name: str) -> File:
        return File(tmp_path / name, inside=tmp_path)

    return app


PATHS = ["/async/video.mp4", "/sync/video.mp4", "/static/video.mp4"]
RANGES = [
    ("bytes=0-0", 0, 1),
    ("bytes=100-199999", 100, 200_000),
    ("bytes=699999-", 699_999, 700_000),
    ("bytes=-5", 699_995, 700_000),
    ("bytes=500000-9999999", 500_000, 700_000),
]


@pytest.mark.parametrize("path", PATHS)
def test_f019_one_range_is_a_206_over_a_socket(app: App, path: str) -> None:
    with LiveServer(app) as server:
        for asked, start, stop in RANGES:
            answer = fetch(server, path, headers={"range": asked})
            assert (answer.status, answer.body == CONTENT[start:stop]) == (206, True)
            assert answer.headers["content-range"] == f"bytes {start}-{stop - 1}/700000"


@pytest.mark.parametrize("path", PATHS)
def test_f019_and_the_same_without_one(app: App, path: str) -> None:
    with Client(app) as client:
        for asked, start, stop in RANGES:
            answer = client.get(path, headers={"range": asked})
            assert (answer.status, answer.content == CONTENT[start:stop]) == (206, True)


@pytest.mark.parametrize("path", [*PATHS, "/static/small.txt"])
def test_f019_range_beyond_the_end_is_a_416_that_says_the_size(app: App, path: str) -> None:
    with LiveServer(app) as server:
        answer = fetch(server, path, headers={"range": "bytes=700000-"})
    size = 1000 if "small" in path else 700_000
    assert (answer.status, answer.headers["content-range"]) == (416, f"bytes */{size}")


@pytest.mark.parametrize("path", PATHS)
def test_f019_part_of_another_version_is_never_sent(app: App, path: str) -> None:
    def ask(**headers: str) -> Fetched:
        return fetch(server, path, headers={"range": "bytes=0-9", **headers})

    with LiveServer(app) as server:
        etag = ask().headers["etag"]
        assert ask(**{"if-range": etag}).status == 206
        other = ask(**{"if-range": '"another"'})
    assert (other.status, other.body == CONTENT) == (200, True)


@pytest.mark.parametrize("path", [*PATHS, "/static/small.txt"])
def test_f019_several_ranges_come_in_one_answer_and_too_many_do_not(app: App, path: str) -> None:
    with LiveServer(app) as server:
        for _ in range(2):
            some = fetch(server, path, headers={"range": "bytes=0-9,500-509"})
            assert some.status == 206
            assert some.headers["content-type"].startswith("multipart/byteranges")
            assert CONTENT[:10] in some.body
            assert CONTENT[500:510] in some.body
            assert int(some.headers["content-length"]) == len(some.body)
        many = ",".join(f"{place}-{place}" for place in range(3000))
        assert fetch(server, path, headers={"range": f"bytes={many}"}).status in (200, 431)
