from __future__ import annotations

import os
from pathlib import Path

import pytest

from bistro.ground.cache_folder import CacheFolder

NAME = "plans.txt"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> CacheFolder:
    monkeypatch.delenv("BISTRO_CACHE", raising=False)
    return CacheFolder(tmp_path)


def test_what_was_added_is_read_by_this_user_alone(folder: CacheFolder) -> None:
    assert folder.read(NAME, 100) is None

    folder.append(NAME, b"one")
    folder.append(NAME, b"two")

    assert folder.read(NAME, 100) == b"onetwo"
    assert folder.path.stat().st_mode & 0o777 == 0o700
    assert (folder.path / NAME).stat().st_mode & 0o777 == 0o600


def test_version_control_does_not_see_it(folder: CacheFolder) -> None:
    folder.append(NAME, b"x")

    assert (folder.path / ".gitignore").read_text() == "*\n"


def test_a_replaced_file_is_the_old_or_the_new_one_as_a_whole(folder: CacheFolder) -> None:
    folder.replace(NAME, b"old")
    with (folder.path / NAME).open("rb") as opened:
        folder.replace(NAME, b"new, and longer")
        assert opened.read() == b"old"

    assert folder.read(NAME, 100) == b"new, and longer"
    assert sorted(each.name for each in folder.path.iterdir()) == [".gitignore", NAME]


def test_a_removed_file_is_gone_and_a_missing_one_no_error(folder: CacheFolder) -> None:
    folder.append(NAME, b"x")
    folder.remove(NAME)
    folder.remove(NAME)

    assert folder.read(NAME, 100) is None


def test_a_file_over_the_size_is_not_read(folder: CacheFolder) -> None:
    folder.append(NAME, b"x" * 101)

    assert folder.read(NAME, 100) is None
    assert folder.read(NAME, 101) == b"x" * 101


@pytest.mark.parametrize("mode", [0o620, 0o602, 0o666])
def test_a_file_that_others_may_write_is_neither_read_nor_added_to(folder: CacheFolder, mode: int) -> None:
    folder.append(NAME, b"x")
    (folder.path / NAME).chmod(mode)
    folder.append(NAME, b"y")

    assert folder.read(NAME, 100) is None
    assert (folder.path / NAME).read_bytes() == b"x"


@pytest.mark.parametrize("mode", [0o770, 0o707, 0o777])
def test_a_folder_that_others_may_write_is_not_used(folder: CacheFolder, mode: int) -> None:
    folder.append(NAME, b"x")
    folder.path.chmod(mode)
    folder.append(NAME, b"y")
    folder.replace("other", b"y")
    folder.remove(NAME)

    assert folder.read(NAME, 100) is None
    assert (folder.path / NAME).read_bytes() == b"x"
    assert not (folder.path / "other").exists()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may give files away")
def test_what_belongs_to_another_user_is_not_read(folder: CacheFolder) -> None:
    folder.append(NAME, b"x")
    os.chown(folder.path / NAME, 12_345, 12_345)
    assert folder.read(NAME, 100) is None

    os.chown(folder.path / NAME, 0, 0)
    os.chown(folder.path, 12_345, 12_345)
    assert folder.read(NAME, 100) is None


def test_links_are_not_followed(folder: CacheFolder, tmp_path: Path) -> None:
    folder.append("other", b"x")
    secret = tmp_path / "secret"
    secret.write_bytes(b"mine")
    secret.chmod(0o600)
    (folder.path / NAME).symlink_to(secret)

    folder.append(NAME, b"y")
    assert folder.read(NAME, 100) is None
    assert secret.read_bytes() == b"mine"


def test_a_pipe_in_its_place_stops_nobody(folder: CacheFolder) -> None:
    folder.append("other", b"x")
    os.mkfifo(folder.path / NAME, 0o600)

    assert folder.read(NAME, 100) is None


def test_a_linked_folder_is_not_used(tmp_path: Path, folder: CacheFolder) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir(mode=0o700)
    folder.path.symlink_to(elsewhere)
    folder.append(NAME, b"x")

    assert list(elsewhere.iterdir()) == []


def test_where_nothing_can_be_written_nothing_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("BISTRO_CACHE", raising=False)
    (tmp_path / "file").write_text("")
    folder = CacheFolder(tmp_path / "file")
    folder.append(NAME, b"x")

    assert folder.read(NAME, 100) is None


@pytest.mark.parametrize("word", ["off", "OFF", " off "])
def test_it_can_be_switched_off(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, word: str) -> None:
    monkeypatch.setenv("BISTRO_CACHE", word)
    folder = CacheFolder(tmp_path)
    folder.append(NAME, b"x")

    assert folder.read(NAME, 100) is None
    assert list(tmp_path.iterdir()) == []


def test_it_can_be_elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BISTRO_CACHE", str(tmp_path / "cache"))
    CacheFolder(tmp_path / "app").append(NAME, b"x")

    assert (tmp_path / "cache" / NAME).read_bytes() == b"x"
