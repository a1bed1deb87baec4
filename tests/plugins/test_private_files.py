from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from bistro import App, Upload
from bistro.ground import make_secret_key
from bistro.plugins import PrivateFiles, StoredFiles
from bistro.storage import DiskStorage, StorageNameError
from bistro.testing import Client, FakeClock

CLOCK = FakeClock()


@pytest.fixture
def client(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Client:
    monkeypatch.setenv("SECRET_KEY", make_secret_key())
    app = App(PrivateFiles(DiskStorage(tmp_path / "kept"), clock=CLOCK))

    @app.post("/upload")
    async def upload(file: Upload, files: StoredFiles) -> str:
        name = await files.save(file)
        return files.url_for(name, file_name=file.file_name, expires_in=timedelta(minutes=5))

    return Client(app)


def url_of(client: Client, name: str, content: bytes = b"content") -> str:
    return client.post("/upload", files={"file": (name, content, "text/html")}).text


def test_file_is_given_to_who_has_its_url(client: Client) -> None:
    answer = client.get(url_of(client, "report.pdf", b"x" * 3_000_000))
    assert answer.content == b"x" * 3_000_000
    assert 'filename="report.pdf"' in answer.headers["content-disposition"]


def test_url_expires(client: Client) -> None:
    url = url_of(client, "a.txt")
    assert client.get(url).status == 200
    CLOCK.advance(301)
    assert client.get(url).status == 404


@pytest.mark.parametrize("change", ["x", "", "%2e%2e%2fetc%2fpasswd", "a" * 6000])
def test_url_that_was_not_made_here_is_404(client: Client, change: str) -> None:
    url = url_of(client, "a.txt")
    assert client.get("/files/" + change).status in (404, 414)
    assert client.get(url[:-1]).status == 404


@pytest.mark.parametrize("name", ["page.html", "picture.svg", "x.js", "noending", "a.xhtml", "../../up.php"])
def test_what_could_hold_scripts_is_saved_and_never_shown(client: Client, name: str) -> None:
    headers = client.get(url_of(client, name, b"<script>alert(1)</script>")).headers
    assert headers["content-type"] == "application/octet-stream"
    assert headers["content-disposition"].startswith("attachment")
    assert headers["content-security-policy"] == "default-src 'none'; sandbox"
    assert headers["x-content-type-options"] == "nosniff"
    assert "no-store" in headers["cache-control"]


def test_picture_may_be_shown(client: Client) -> None:
    assert client.get(url_of(client, "a.PNG")).headers["content-type"] == "image/png"


async def pieces(*parts: bytes) -> AsyncIterator[bytes]:
    for part in parts:
        yield part


def test_names_are_made_up_and_modes_are_private(tmp_path: Path) -> None:
    storage = DiskStorage(tmp_path / "kept")
    names = [asyncio.run(storage.save(pieces(b"a", b"b"), suffix=".txt")) for _ in range(3)]
    assert len(set(names)) == 3
    path = storage.find_path(names[0])
    assert path is not None
    assert (path.read_bytes(), path.suffix) == (b"ab", ".txt")
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize("suffix", ["/../x", ".", "..", ".tar gz", ".a/b", "\0", ".verylongsuffix"])
def test_odd_suffix_is_left_out(tmp_path: Path, suffix: str) -> None:
    assert len(asyncio.run(DiskStorage(tmp_path).save(pieces(b"a"), suffix=suffix))) == 32


@pytest.mark.parametrize(
    "name", ["", "..", "../x", "a" * 32 + "/x", "A" * 32, "a" * 32 + "\n", "/etc/passwd"]
)
def test_name_that_no_storage_has_given_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(StorageNameError, match="B954"):
        DiskStorage(tmp_path).find_path(name)


def test_planted_link_is_not_followed(tmp_path: Path) -> None:
    storage = DiskStorage(tmp_path)
    name = "a" * 32
    (tmp_path / "aa").mkdir()
    (tmp_path / "aa" / name).symlink_to("/etc/passwd")
    assert storage.find_path(name) is None


def test_upload_that_breaks_off_leaves_nothing_behind(tmp_path: Path) -> None:
    async def breaking() -> AsyncIterator[bytes]:
        yield b"a" * 2_000_000
        raise ConnectionError

    with pytest.raises(ConnectionError):
        asyncio.run(DiskStorage(tmp_path).save(breaking()))
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


def test_deleted_file_is_gone(tmp_path: Path) -> None:
    storage = DiskStorage(tmp_path)
    name = asyncio.run(storage.save(pieces(b"a")))
    asyncio.run(storage.delete(name))
    asyncio.run(storage.delete(name))
    assert storage.find_path(name) is None


def test_files_of_a_form_are_kept_all_or_none(tmp_path: Path) -> None:
    from io import BytesIO

    from bistro.http import Upload

    storage = DiskStorage(tmp_path / "kept")
    app = App(PrivateFiles(storage))

    class Broken(Upload):
        async def read(self, size: int = -1) -> bytes:
            raise OSError("gone")

    def upload(kind: type[Upload] = Upload) -> Upload:
        return kind("a.txt", BytesIO(b"abc"), size=3)

    @app.get("/keep")
    async def keep(files: StoredFiles) -> dict[str, object]:
        return await files.keep({"title": "Tea", "one": upload(), "many": [upload(), upload()], "none": []})

    @app.get("/break")
    async def break_off(files: StoredFiles) -> str:
        try:
            await files.keep({"one": upload(), "two": upload(Broken)})
        except OSError:
            return "gone"
        return "kept"

    client = Client(app)
    kept = client.get("/keep").json()
    assert (kept["title"], kept["none"]) == ("Tea", [])
    names = [kept["one"], *kept["many"]]
    assert all(storage.find_path(name) for name in names)
    assert client.get("/break").text == "gone"
    assert len([path for path in (tmp_path / "kept").rglob("*") if path.is_file()]) == 3
