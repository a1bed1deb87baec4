"""F187: static files in production without another package: hashed, compressed, immutable."""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from pathlib import Path

import brotli
import pytest

from bistro import App
from bistro.plugins import Static, StaticUrls
from bistro.testing import LiveServer
from tests.features.static_support import FILES, bistro, make_site
from tests.features.support import fetch


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[LiveServer]:
    make_site(tmp_path)
    assert bistro(tmp_path, "static", "collect").returncode == 0
    monkeypatch.setenv("ENV", "production")
    monkeypatch.setenv("ALLOWED_HOSTS", "127.0.0.1")
    app = App(Static(tmp_path / "static"))

    @app.get("/url")
    async def url(name: str, static: StaticUrls) -> str:
        return static(name)

    with LiveServer(app) as server:
        yield server


def test_f187_url_has_a_hash_and_may_be_kept_for_ever(server: LiveServer) -> None:
    url = fetch(server, "/url?name=css/site.css").text
    assert url.startswith("/static/css/site-")
    answer = fetch(server, url)
    assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert answer.headers["content-type"] == "text/css; charset=utf-8"
    picture = fetch(server, "/url?name=img/bowl.svg").text
    assert Path(picture).name in answer.text


def test_f187_prepared_forms_are_sent_to_whoever_takes_them(server: LiveServer) -> None:
    url = fetch(server, "/url?name=img/bowl.svg").text
    text = FILES["static/img/bowl.svg"]
    for _ in range(2):
        assert fetch(server, url).text == text
        assert gzip.decompress(fetch(server, url, headers={"accept-encoding": "gzip"}).body).decode() == text
        best = fetch(server, url, headers={"accept-encoding": "gzip, deflate, br"})
        assert best.headers["content-encoding"] == "br"
        assert brotli.decompress(best.body).decode() == text
        assert best.headers["vary"] == "accept-encoding"
        assert len(best.body) < len(text) / 5


def test_f187_plain_names_go_on_working_and_are_asked_for_each_time(server: LiveServer) -> None:
    answer = fetch(server, "/static/css/base.css")
    assert (answer.text, answer.headers["cache-control"]) == ("html { margin: 0 }\n", "no-cache")
    known = fetch(server, "/static/css/base.css", headers={"if-none-match": answer.headers["etag"]})
    assert (known.status, known.body) == (304, b"")
