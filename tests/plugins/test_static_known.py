"""What production serves: files that were looked up at the start, and collected ones."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import brotli
import pytest

from bistro.app import BaseApp, Setup
from bistro.ground import ConflictError
from bistro.plugins import Static
from bistro.plugins.rendering import Rendering, render
from bistro.plugins.static import StaticUrls, UnknownStaticFile, answers
from bistro.plugins.static.collect import collect
from bistro.plugins.static.site import StaticSite
from bistro.testing import Client

TEXT = "body { color: red }\n" * 200


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("ENV", "production")
    folder = tmp_path / "static"
    folder.mkdir()
    (folder / "site.css").write_text(TEXT)
    (folder / "a b.txt").write_text("blank")
    (folder / "big.bin").write_bytes(os.urandom(300_000))
    return folder


@pytest.fixture
def collected(folder: Path) -> StaticSite:
    site = site_of(Static(folder))
    collect(site.sources, site.at, site.collected)
    return site


@pytest.fixture
def client(folder: Path) -> Iterator[Client]:
    with Client(app_with(Static(folder))) as client:
        yield client


def site_of(static: Static) -> StaticSite:
    return static.site(BaseApp(static).freeze().registered.static_folders)


def app_with(static: Static, *plugins: object) -> BaseApp:
    app = BaseApp(static, *plugins)  # type: ignore[arg-type]

    @app.get("/url")
    async def url(name: str, static: StaticUrls) -> str:
        return static(name)

    return app


def url_of(client: Client, name: str) -> str:
    return client.get("/url", params={"name": name}).text


# --- not collected -------------------------------------------------------------------------------------


def test_url_is_the_plain_one_and_the_file_is_asked_for_each_time(client: Client) -> None:
    url = url_of(client, "site.css")
    for _ in range(2):
        answer = client.get(url)
        assert (url, answer.text) == ("/static/site.css", TEXT)
        assert answer.headers["cache-control"] == "no-cache"
    known = client.get(url, headers={"if-none-match": answer.headers["etag"]})
    assert (known.status, known.content) == (304, b"")
    dated = client.get(url, headers={"if-modified-since": answer.headers["last-modified"]})
    assert dated.status == 304


def test_names_are_quoted_in_urls(client: Client) -> None:
    url = url_of(client, "a b.txt")
    assert url == "/static/a%20b.txt"
    assert client.get(url).text == "blank"


def test_first_and_later_answers_are_the_same(client: Client) -> None:
    first, second = client.get("/static/site.css"), client.get("/static/site.css")
    assert first.content == second.content
    assert dict(first.headers) == dict(second.headers)


def test_a_file_that_came_after_the_start_is_not_there(client: Client, folder: Path) -> None:
    client.get("/static/site.css")
    (folder / "late.txt").write_text("late")
    assert client.get("/static/late.txt").status == 404


def test_unknown_names_cost_no_look_at_the_disk(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    client.get("/static/site.css")

    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("the disk was looked at")

    for name in ("open", "stat", "lstat", "scandir"):
        monkeypatch.setattr(os, name, refuse)
    assert client.get("/static/nowhere.css").status == 404
    assert client.get("/static/site.css").status == 200


def test_big_files_and_parts_of_them_are_the_files_bytes(client: Client, folder: Path) -> None:
    content = (folder / "big.bin").read_bytes()
    assert client.get("/static/big.bin").content == content
    part = client.get("/static/big.bin", headers={"range": "bytes=100000-199999"})
    assert (part.status, part.content) == (206, content[100_000:200_000])


def test_memory_for_small_files_is_bounded(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(answers, "MEMORY_SIZE_MAX", 5000)
    (folder / "second.css").write_text(TEXT)
    with Client(app_with(Static(folder))) as client:
        for name in ("site.css", "second.css", "site.css", "second.css"):
            assert client.get(f"/static/{name}").text == TEXT
        (folder / "site.css").write_text("changed")
        (folder / "second.css").write_text("changed")
        assert client.get("/static/site.css").text == TEXT
        assert client.get("/static/second.css").text == "changed"


def test_a_file_that_goes_away_is_a_404(client: Client, folder: Path) -> None:
    (folder / "site.css").unlink()
    assert client.get("/static/site.css").status == 404


# --- collected ------------------------------------------------------------------------------------------


def test_hashed_name_may_be_kept_for_ever_and_the_plain_one_is_asked_for(
    collected: StaticSite, client: Client
) -> None:
    url = url_of(client, "site.css")
    assert url.startswith("/static/site-")
    assert client.get(url).headers["cache-control"] == "public, max-age=31536000, immutable"
    assert client.get("/static/site.css").headers["cache-control"] == "no-cache"
    assert client.get("/static/site.css").text == client.get(url).text == TEXT


@pytest.mark.parametrize(
    ("accepted", "coding"),
    [
        ("br", "br"),
        ("gzip", "gzip"),
        ("zstd", "zstd"),
        ("gzip;q=0.5, zstd;q=1.0", "zstd"),
        ("br;q=0, gzip", "gzip"),
        ("*", "smallest"),
        ("identity", None),
        ("", None),
        ("identity, gzip;q=0.2", None),
        ("deflate", None),
        ("gzip;q=nonsense", None),
    ],
)
def test_the_form_follows_from_what_the_client_takes(
    collected: StaticSite, client: Client, accepted: str, coding: str | None
) -> None:
    answer = client.get(url_of(client, "site.css"), headers={"accept-encoding": accepted})
    if coding == "smallest":
        assert collected.manifest is not None
        sizes = collected.manifest.files["site.css"].codings
        coding = min(sizes, key=lambda each: sizes[each])
    assert answer.headers.get("content-encoding") == coding
    assert answer.headers["vary"] == "accept-encoding"
    assert answer.headers["content-type"] == "text/css; charset=utf-8"


def test_each_form_has_a_tag_of_its_own(collected: StaticSite, client: Client) -> None:
    url = url_of(client, "site.css")
    tags = {}
    for coding in ("br", "gzip", "zstd", "identity"):
        for _ in range(2):
            tags[coding] = client.get(url, headers={"accept-encoding": coding}).headers["etag"]
        known = client.get(url, headers={"accept-encoding": coding, "if-none-match": tags[coding]})
        assert (known.status, known.content) == (304, b"")
        assert known.headers["vary"] == "accept-encoding"
        assert "content-encoding" not in known.headers
    assert len(set(tags.values())) == 4
    other = client.get(url, headers={"accept-encoding": "gzip", "if-none-match": tags["br"]})
    assert other.status == 200


def test_parts_are_parts_of_the_form_that_is_sent(collected: StaticSite, client: Client) -> None:
    url = url_of(client, "site.css")
    whole = client.get(url, headers={"accept-encoding": "br"})
    assert brotli.decompress(whole.content).decode() == TEXT
    part = client.get(
        url,
        headers={"accept-encoding": "br", "range": "bytes=5-9", "if-range": whole.headers["etag"]},
    )
    assert (part.status, part.content) == (206, whole.content[5:10])
    stale = client.get(url, headers={"accept-encoding": "br", "range": "bytes=5-9", "if-range": '"other"'})
    assert (stale.status, stale.content) == (200, whole.content)


def test_a_refused_range_of_a_compressed_file_is_told_in_plain_text(
    collected: StaticSite, client: Client
) -> None:
    headers = {"accept-encoding": "br", "range": "bytes=999999-"}
    refused = client.get(url_of(client, "site.css"), headers=headers)
    assert refused.status == 416
    assert "content-encoding" not in refused.headers
    assert refused.json()["status"] == 416


def test_head_says_what_get_sends(collected: StaticSite, client: Client) -> None:
    url = url_of(client, "site.css")
    for headers in ({}, {"accept-encoding": "br"}):
        get, head = client.get(url, headers=headers), client.head(url, headers=headers)
        assert dict(head.headers) == dict(get.headers)
        assert head.content == b""


def test_what_was_added_after_collecting_is_not_served(
    collected: StaticSite, folder: Path, client: Client
) -> None:
    (folder / "late.txt").write_text("late")
    assert client.get("/static/late.txt").status == 404
    (finding,) = site_of(Static(folder)).find_faults(None)
    assert (finding.id, "late.txt" in finding.what) == ("static.W001", True)


def test_the_manifest_itself_is_not_served(collected: StaticSite, client: Client) -> None:
    assert client.get("/static/bistro-static.json").status == 404


def test_development_takes_files_as_they_are_even_if_others_were_collected(
    collected: StaticSite, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ENV", "development")
    with Client(app_with(Static(folder))) as client:
        assert url_of(client, "site.css") == "/static/site.css"
        (folder / "site.css").write_text("changed")
        assert client.get("/static/site.css").text == "changed"
        (folder / "new.css").write_text("new")
        assert url_of(client, "new.css") == "/static/new.css"


# --- URLs -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("environment", ["production", "development"])
@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("sit.css", "Did you mean site.css?"),
        ("/site.css", "Did you mean site.css?"),
        ("../secret", "css/site.css"),
        ("", "css/site.css"),
        (".env", "css/site.css"),
    ],
)
def test_a_name_without_a_file_is_told_with_the_place_and_what_was_meant(
    folder: Path, monkeypatch: pytest.MonkeyPatch, environment: str, name: str, hint: str
) -> None:
    monkeypatch.setenv("ENV", environment)
    with Client(app_with(Static(folder))) as client, pytest.raises(UnknownStaticFile) as caught:
        client.get("/url", params={"name": name})
    assert caught.value.where[0].file == __file__
    assert hint in caught.value.fix


def test_templates_have_it_as_static(folder: Path, collected: StaticSite) -> None:
    app = app_with(Static(folder), Rendering(sources={"page.html": '<link href="{{ static("site.css") }}">'}))

    @app.get("/page")
    async def page() -> object:
        return render("page.html")

    with Client(app) as client:
        assert client.get("/page").text == f'<link href="{url_of(client, "site.css")}">'


def test_a_name_without_a_file_is_told_with_its_line_in_the_template(folder: Path) -> None:
    source = '<head>\n<link href="{{ static("other.css") }}">'
    app = app_with(Static(folder), Rendering(sources={"page.html": source}))

    @app.get("/page")
    async def page() -> object:
        return render("page.html")

    with Client(app) as client, pytest.raises(UnknownStaticFile) as caught:
        client.get("/page")
    assert str(caught.value.where[0]) == "<template page.html>:2"


def test_a_path_of_its_own_is_in_the_urls(folder: Path) -> None:
    with Client(app_with(Static(folder, at="/assets/"))) as client:
        assert url_of(client, "site.css") == "/assets/site.css"
        assert client.get("/assets/site.css").status == 200


def test_the_place_where_the_site_is_mounted_stands_in_front(folder: Path, collected: StaticSite) -> None:
    app = BaseApp(Static(folder), root_path="/shop")

    @app.get("/url")
    async def url(static: StaticUrls) -> str:
        return static("site.css")

    with Client(app) as client:
        assert client.get("/url").text.startswith("/shop/static/site-")


# --- plugins' files, and what check says ---------------------------------------------------------------


class Widgets:
    requires = ()

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def install(self, setup: Setup) -> None:
        setup.static(self._folder)


@pytest.mark.parametrize("environment", ["production", "development"])
def test_files_of_a_plugin_are_served_even_if_the_site_has_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, environment: str
) -> None:
    monkeypatch.setenv("ENV", environment)
    (tmp_path / "widgets").mkdir()
    (tmp_path / "widgets" / "w.css").write_text("w {}")
    with Client(app_with(Static(tmp_path / "static"), Widgets(tmp_path / "widgets"))) as client:
        assert client.get("/static/w.css").text == "w {}"
        assert url_of(client, "w.css") == "/static/w.css"


@pytest.mark.parametrize("environment", ["production", "development"])
def test_two_files_of_one_name_keep_the_site_from_starting(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, environment: str
) -> None:
    monkeypatch.setenv("ENV", environment)
    (tmp_path / "widgets").mkdir()
    (tmp_path / "widgets" / "site.css").write_text("w {}")
    app = app_with(Static(folder), Widgets(tmp_path / "widgets"))
    with pytest.raises(ConflictError, match=r"site\.css"), Client(app):
        pass


def test_check_tells_what_is_wrong(folder: Path, tmp_path: Path) -> None:
    def find() -> list[str]:
        return [finding.id for finding in site_of(Static(folder)).find_faults(None)]

    assert find() == ["static.I001"]
    site = site_of(Static(folder))
    collect(site.sources, site.at, site.collected)
    assert find() == []
    (site.collected / "bistro-static.json").write_text("broken")
    assert find() == ["B316"]
