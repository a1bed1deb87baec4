from __future__ import annotations

from pathlib import Path

import pytest

from bistro.app import BaseApp
from bistro.plugins import Static, StaticFolderError
from bistro.plugins.static import is_plain_path
from bistro.testing import Client


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "static"
    (folder / "css").mkdir(parents=True)
    (folder / "css" / "site.css").write_text("body {}")
    (folder / "my file é.txt").write_text("blank")
    (folder / ".env").write_text("SECRET_KEY=x")
    (folder / ".git").mkdir()
    (folder / ".git" / "config").write_text("x")
    (tmp_path / "secret.txt").write_text("secret")
    (tmp_path / "static-secret").mkdir()
    (tmp_path / "static-secret" / "a.txt").write_text("secret")
    (folder / "link.txt").symlink_to(tmp_path / "secret.txt")
    (folder / "out").symlink_to(tmp_path / "static-secret")
    (folder / "inner.css").symlink_to(folder / "css" / "site.css")
    return folder


def client_of(static: Static) -> Client:
    return Client(BaseApp(static))


def test_file_is_served_with_type_tag_and_no_cache(folder: Path) -> None:
    response = client_of(Static(folder)).get("/static/css/site.css")
    assert (response.status, response.text) == (200, "body {}")
    assert response.headers["content-type"] == "text/css; charset=utf-8"
    assert response.headers["cache-control"] == "no-cache"
    assert response.headers["etag"]


def test_file_that_the_browser_has_is_a_304(folder: Path) -> None:
    client = client_of(Static(folder))
    etag = client.get("/static/css/site.css").headers["etag"]
    assert client.get("/static/css/site.css", headers={"if-none-match": etag}).status == 304


def test_part_of_a_file_is_a_206(folder: Path) -> None:
    response = client_of(Static(folder)).get("/static/css/site.css", headers={"range": "bytes=0-3"})
    assert (response.status, response.text) == (206, "body")


def test_head_says_the_length(folder: Path) -> None:
    response = client_of(Static(folder)).head("/static/css/site.css")
    assert (response.status, response.headers["content-length"], response.content) == (200, "7", b"")


def test_name_with_blanks_and_letters_of_any_script_is_found(folder: Path) -> None:
    assert client_of(Static(folder)).get("/static/my%20file%20%C3%A9.txt").text == "blank"


def test_answer_may_be_kept_where_told(folder: Path) -> None:
    response = client_of(Static(folder, cache_seconds=3600)).get("/static/css/site.css")
    assert response.headers["cache-control"] == "public, max-age=3600"


def test_url_leads_to_the_file(folder: Path) -> None:
    app = BaseApp(Static(folder, at="/assets"))
    assert app.url("static", path="css/site.css") == "/assets/css/site.css"
    assert Client(app).get("/assets/css/site.css").status == 200


ATTACKS = [
    "../secret.txt", "%2e%2e/secret.txt", "..%2fsecret.txt", "%2e%2e%2fsecret.txt", "css/../../secret.txt", "..%5csecret.txt",
    "..\\secret.txt", "/etc/passwd", "//etc/passwd", "%2fetc%2fpasswd", "../static-secret/a.txt", "site.css%00.txt", "css//site.css",
    ".env", ".git/config", "css/.hidden", "css", "css/", "", "con", "CON", "aux.txt", "css/nul.css", "com1", "lpt9.txt", "conin$",
    "%5c%5chost%5cshare", "css/site.css::$DATA", "C:/x", "C:x", "css/site.css.", "css/site.css%20", "css/site.css%0a", "a%ff", "x" * 3000,
    "a/" * 600 + "b", "link.txt", "out/a.txt", "css/site.css/", "css/site.css/x", "%E2%80%AEcss", "css%2fsite.css", "<script>",
]  # fmt: skip


@pytest.mark.parametrize("path", ATTACKS)
def test_attack_is_not_found(folder: Path, path: str) -> None:
    response = client_of(Static(folder)).get("/static/" + path)
    assert response.status in (400, 404)
    assert "secret" not in response.text


def test_link_that_stays_inside_is_followed(folder: Path) -> None:
    assert client_of(Static(folder)).get("/static/inner.css").text == "body {}"


def test_link_that_leads_out_is_followed_where_told(folder: Path) -> None:
    assert client_of(Static(folder, follow_links=True)).get("/static/link.txt").text == "secret"


@pytest.mark.parametrize(
    "path", ["a.txt", "a/b/c.d.e", "constant.css", "auxiliary/con-1.txt", "com10.txt", "é/ü.png", "a b.txt"]
)
def test_usual_names_are_plain(path: str) -> None:
    assert is_plain_path(path)


def test_missing_default_folder_adds_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert BaseApp(Static()).freeze().routes == ()


def test_where_there_is_nothing_to_serve_the_path_belongs_to_the_site(tmp_path: Path) -> None:
    app = BaseApp(Static(tmp_path / "static"))

    @app.get("/static/{path:path}")
    async def own(path: str) -> str:
        return path

    assert Client(app).get("/static/a/b").text == "a/b"


def test_other_missing_folder_keeps_the_app_from_starting(tmp_path: Path) -> None:
    with pytest.raises(StaticFolderError, match="no folder"):
        BaseApp(Static(tmp_path / "assets")).freeze()


def test_folder_is_found_after_the_working_directory_changed(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    app = BaseApp(Static())
    app.freeze()
    monkeypatch.chdir("/")
    assert Client(app).get("/static/css/site.css").status == 200
