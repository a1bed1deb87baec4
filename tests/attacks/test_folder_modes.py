"""Attacks by other users of the machine on folders that are made with a lax umask (CVE-2020-24583)."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from bistro.ground import Keyring, make_secret_key
from bistro.plugins import CookieSessions, FileSessions
from bistro.plugins.sessions import Record
from bistro.storage import DiskStorage


@pytest.fixture(autouse=True)
def lax_umask() -> Iterator[None]:
    before = os.umask(0)
    try:
        yield
    finally:
        os.umask(before)


def others_may(folder: Path) -> list[str]:
    """What others may do anything with, beneath a folder."""
    found = [folder, *folder.rglob("*")]
    return [str(each.relative_to(folder.parent)) for each in found if each.stat().st_mode & 0o077]


async def pieces() -> AsyncIterator[bytes]:
    yield b"x"


def test_folder_of_uploads_is_the_sites_alone(tmp_path: Path) -> None:
    asyncio.run(DiskStorage(tmp_path / "uploads").save(pieces()))
    assert others_may(tmp_path / "uploads") == []


def test_folder_of_ended_sessions_and_the_one_above_are_the_sites_alone(tmp_path: Path) -> None:
    store = CookieSessions(tmp_path / ".bistro" / "ended", Keyring(make_secret_key()))
    asyncio.run(store.end(Record(id="0" * 32, created_at=0, seen_at=0, expires_at=1)))
    assert others_may(tmp_path / ".bistro") == []


def test_folder_of_sessions_is_the_sites_alone(tmp_path: Path) -> None:
    asyncio.run(FileSessions(tmp_path / "sessions").save(Record(created_at=0, seen_at=0, expires_at=1), {}))
    assert others_may(tmp_path / "sessions") == []
