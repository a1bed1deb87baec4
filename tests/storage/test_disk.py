"""Files of visitors on disk: names of our own, nobody else's modes, no links, nothing half."""

from __future__ import annotations

import asyncio
import os
import stat
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bistro import App, Upload
from bistro.plugins import PrivateFiles, StoredFiles
from bistro.storage import DiskStorage, StorageFull, StorageNameError
from bistro.testing import Client


async def pieces(*parts: bytes) -> AsyncIterator[bytes]:
    for part in parts:
        yield part


def save(storage: DiskStorage, *parts: bytes, suffix: str = "") -> str:
    return asyncio.run(storage.save(pieces(*parts), suffix=suffix))


def files_in(folder: Path) -> list[Path]:
    return [each for each in folder.rglob("*") if each.is_file() or each.is_symlink()]


def test_what_was_saved_is_found_under_a_name_of_its_own(tmp_path: Path) -> None:
    storage = DiskStorage(tmp_path / "kept")
    first, second = save(storage, b"a", b"b", suffix=".TXT"), save(storage, b"ab")
    assert first != second
    assert first.endswith(".txt")
    path = storage.find_path(first)
    assert path is not None
    assert path.read_bytes() == b"ab"


def test_only_the_owner_may_read_it_whatever_the_umask(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        storage = DiskStorage(tmp_path / "kept")
        path = storage.find_path(save(storage, b"a"))
    finally:
        os.umask(before)
    assert path is not None
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


def test_many_at_once_have_names_of_their_own(tmp_path: Path) -> None:
    storage = DiskStorage(tmp_path / "kept")

    async def story() -> list[str]:
        return await asyncio.gather(*(storage.save(pieces(str(number).encode())) for number in range(12)))

    names = asyncio.run(story())
    assert len(set(names)) == 12
    assert sorted(path.read_bytes() for path in files_in(tmp_path)) == sorted(
        str(n).encode() for n in range(12)
    )


def test_broken_stream_leaves_nothing_behind(tmp_path: Path) -> None:
    async def broken() -> AsyncIterator[bytes]:
        yield b"x" * 2_000_000
        raise ConnectionError("gone")

    with pytest.raises(ConnectionError):
        asyncio.run(DiskStorage(tmp_path / "kept").save(broken()))
    assert files_in(tmp_path) == []


def test_link_that_was_planted_is_neither_followed_nor_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    secret = tmp_path / "secret"
    secret.write_text("secret")
    name = "ab" + "0" * 30
    place = tmp_path / "kept" / "ab" / name
    place.parent.mkdir(parents=True)
    place.symlink_to(secret)
    storage = DiskStorage(tmp_path / "kept")
    assert storage.find_path(name) is None
    monkeypatch.setattr("secrets.token_hex", lambda size: name)
    with pytest.raises(FileExistsError):
        save(storage, b"overwritten")
    assert secret.read_text() == "secret"


@pytest.mark.parametrize(
    "name",
    ["", "..", "../../etc/passwd", "/etc/passwd", "a" * 32 + "/x", "A" * 32, "a" * 31, "a" * 32 + ".", "a" * 32 + ".a/b",
     "a" * 32 + "\n", "a" * 32 + ".txt\0", "a" * 32 + ".exe.txt", "é" * 32],
)  # fmt: skip
def test_text_that_is_no_name_of_a_file_is_refused(tmp_path: Path, name: str) -> None:
    storage = DiskStorage(tmp_path)
    with pytest.raises(StorageNameError, match="B954"):
        storage.find_path(name)
    with pytest.raises(StorageNameError):
        asyncio.run(storage.delete(name))


@given(st.text(max_size=40))
def test_any_suffix_gives_a_name_that_is_one(suffix: str) -> None:
    from bistro.storage.protocol import check_name, plain_suffix

    assert check_name("a" * 32 + plain_suffix(f"x{suffix}"))


def test_deleting_twice_is_no_fault(tmp_path: Path) -> None:
    storage = DiskStorage(tmp_path)
    name = save(storage, b"a")
    for _ in range(2):
        asyncio.run(storage.delete(name))
    assert storage.find_path(name) is None


def test_full_disk_leaves_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: Any) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("bistro.storage.disk._write", full)
    with pytest.raises(StorageFull, match="B959"):
        save(DiskStorage(tmp_path / "kept"), b"a")
    assert files_in(tmp_path) == []


def test_full_disk_is_answered_with_507(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: Any) -> int:
        raise OSError(122, "Disk quota exceeded")

    monkeypatch.setattr("bistro.storage.disk._write", full)
    app = App(PrivateFiles(DiskStorage(tmp_path / "kept")))

    @app.post("/")
    async def keep(file: Upload, files: StoredFiles) -> str:
        return await files.save(file)

    assert Client(app).post("/", files={"file": ("a", b"a")}).status == 507
