"""F192: private files by signed URLs that expire."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from bistro import App, Upload
from bistro.ground import make_secret_key
from bistro.plugins import PrivateFiles, StoredFiles
from bistro.storage import DiskStorage
from bistro.testing import Client, FakeClock


def test_file_is_there_for_who_has_the_url_until_it_expires(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SECRET_KEY", make_secret_key())
    clock = FakeClock()
    app = App(PrivateFiles(DiskStorage(tmp_path), clock=clock))

    @app.post("/")
    async def upload(file: Upload, files: StoredFiles) -> str:
        return files.url_for(await files.save(file), expires_in=timedelta(hours=1))

    client = Client(app)
    url = client.post("/", files={"file": ("a.txt", b"secret", "text/plain")}).text
    assert client.get(url).content == b"secret"
    assert client.get(url.replace("/files/", "/files/A")).status == 404
    clock.advance(timedelta(hours=2))
    assert client.get(url).status == 404
