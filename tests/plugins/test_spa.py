from __future__ import annotations

import gzip
from collections.abc import Iterator
from pathlib import Path

import pytest

from bistro.app import BaseApp
from bistro.plugins import Spa, StaticFolderError
from bistro.testing import Client

PAGE = {"accept": "text/html,application/xhtml+xml,*/*;q=0.8"}


@pytest.fixture(params=["production", "development"])
def environment(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("ENV", request.param)
    return str(request.param)


@pytest.fixture
def build(tmp_path: Path, environment: str) -> Path:
    build = tmp_path / "dist"
    (build / "assets").mkdir(parents=True)
    (build / "index.html").write_text("<h1>App</h1>")
    (build / "assets" / "app-1a2b.js").write_text("app" * 100)
    (build / "assets" / "app-1a2b.js.gz").write_bytes(gzip.compress(b"app" * 100))
    (build / "robots.txt").write_text("robots")
    (build / ".env").write_text("SECRET=1")
    (tmp_path / "secret.txt").write_text("secret")
    return build


@pytest.fixture
def client(build: Path) -> Iterator[Client]:
    app = BaseApp(Spa(build))

    @app.get("/api/notes")
    async def notes() -> list[str]:
        return ["soup"]

    @app.get("/about")
    async def about() -> str:
        return "about"

    with Client(app) as client:
        yield client


@pytest.mark.parametrize("path", ["/", "/notes", "/notes/7/edit", "/not%20a%20file", "/users/%C3%A9"])
def test_navigation_gets_the_page_and_asks_again_each_time(client: Client, path: str) -> None:
    answer = client.get(path, headers=PAGE)
    assert (answer.status, answer.text) == (200, "<h1>App</h1>")
    assert answer.headers["cache-control"] == "no-cache"
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert client.get(path, headers={**PAGE, "if-none-match": answer.headers["etag"]}).status == 304


def test_the_page_for_other_paths_depends_on_what_is_accepted(client: Client) -> None:
    assert "accept" in client.get("/notes", headers=PAGE).headers["vary"]


@pytest.mark.parametrize(
    "path",
    [
        "/assets/missing.js",
        "/favicon.ico",
        "/api",
        "/api/",
        "/api/unknown",
        "/.env",
        "/..%2fsecret.txt",
        "/%2e%2e/secret.txt",
        "/assets/..%5c..%5csecret.txt",
    ],
)
def test_what_is_no_page_of_it_is_not_found(client: Client, path: str) -> None:
    answer = client.get(path, headers=PAGE)
    assert answer.status in (400, 404)
    assert "App" not in answer.text


def test_a_path_that_only_begins_like_an_excluded_one_is_a_page(client: Client) -> None:
    assert client.get("/apiary", headers=PAGE).status == 200


@pytest.mark.parametrize("accept", ["application/json", "*/*", "image/*", ""])
def test_programs_that_ask_for_nothing_like_html_get_404(client: Client, accept: str) -> None:
    assert client.get("/unknown", headers={"accept": accept}).status == 404


def test_routes_of_the_site_come_first(client: Client) -> None:
    assert client.get("/about", headers=PAGE).text == "about"
    assert client.get("/api/notes", headers=PAGE).json() == ["soup"]


def test_files_come_as_they_are_and_hashed_ones_may_be_kept(client: Client, environment: str) -> None:
    script = client.get("/assets/app-1a2b.js")
    assert (script.text, script.content_type) == ("app" * 100, "text/javascript")
    kept = "public, max-age=31536000, immutable"
    assert script.headers["cache-control"] == (kept if environment == "production" else "no-cache")
    assert client.get("/robots.txt").headers["cache-control"] == "no-cache"


@pytest.mark.parametrize("environment", ["production"], indirect=True)
def test_prepared_form_is_sent_to_whoever_takes_it(client: Client) -> None:
    for _ in range(2):
        script = client.get("/assets/app-1a2b.js", headers={"accept-encoding": "gzip"})
        assert script.headers["content-encoding"] == "gzip"
        assert gzip.decompress(script.content) == b"app" * 100
        plain = client.get("/assets/app-1a2b.js")
        assert plain.headers["vary"] == script.headers["vary"] == "accept-encoding"
        assert plain.headers["etag"] != script.headers["etag"]
        assert plain.headers["content-type"] == script.headers["content-type"]


def test_a_prefix_of_its_own_leaves_the_rest_to_the_site(build: Path) -> None:
    with Client(BaseApp(Spa(build, at="/app"))) as client:
        assert client.get("/app", headers=PAGE).text == "<h1>App</h1>"
        assert client.get("/app/notes", headers=PAGE).text == "<h1>App</h1>"
        assert client.get("/notes", headers=PAGE).status == 404


def test_head_is_answered_as_get(client: Client) -> None:
    head = client.head("/notes", headers=PAGE)
    assert (head.status, head.content, head.headers["content-length"]) == (200, b"", "12")


def test_without_a_build_the_site_starts_in_development_only(tmp_path: Path, environment: str) -> None:
    app = BaseApp(Spa(tmp_path / "dist"))
    if environment == "production":
        with pytest.raises(StaticFolderError, match=r"no index\.html"):
            app.freeze()
    else:
        with Client(app) as client:
            for path in ("/", "/orders/7"):
                page = client.get(path, headers=PAGE)
                assert page.status == 404
                assert "There is no index.html in" in page.text
