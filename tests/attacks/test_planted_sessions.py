"""Attacks on sessions by other users of the machine, who can write into the folder that holds them."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from bistro.app import BaseApp
from bistro.plugins import FileSessions, Session, SessionError, Sessions
from bistro.plugins.sessions import Record
from bistro.plugins.sessions.record import hash_token
from bistro.testing import Client, FakeClock

TOKEN = "known-to-the-attacker"
NAME = hash_token(TOKEN)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """As of a site that was told to keep its sessions in a folder of /tmp."""
    made = tmp_path / "shared"
    made.mkdir()
    made.chmod(0o777)
    return made


@pytest.fixture
def client(folder: Path) -> Iterator[Client]:
    app = BaseApp(Sessions(FileSessions(folder), clock=FakeClock()))

    @app.get("/")
    async def who(session: Session) -> str:
        return session.owner or "nobody"

    @app.get("/log-in")
    async def log_in(session: Session) -> str:
        session.owner = "ann"
        return session.owner

    with Client(app) as client:
        yield client


def plant(folder: Path, mode: int) -> None:
    record = Record(id=NAME, owner="ann", created_at=0, seen_at=9e9, expires_at=9e9)
    (folder / NAME).write_bytes(msgspec.json.encode(record))
    (folder / NAME).chmod(mode)


def who_is(client: Client, token: str) -> str:
    client.cookies["__Host-session"] = token
    return client.get("/").text


def test_session_of_a_file_that_others_may_write_is_nobodys(client: Client, folder: Path) -> None:
    plant(folder, 0o600)
    assert who_is(client, TOKEN) == "ann"  # the site's own file: the attack begins with the next line
    plant(folder, 0o622)
    assert who_is(client, TOKEN) == "nobody"


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may give files away")
def test_session_of_a_file_of_another_users_is_nobodys(client: Client, folder: Path) -> None:
    plant(folder, 0o600)
    os.chown(folder / NAME, 12_345, 12_345)
    assert who_is(client, TOKEN) == "nobody"


def test_session_that_was_renamed_is_nobodys(client: Client, folder: Path) -> None:
    client.get("/log-in")
    own = hash_token(client.cookies["__Host-session"])
    (folder / own).rename(folder / NAME)
    assert who_is(client, TOKEN) == "nobody"


def test_pipe_in_the_place_of_a_session_stops_nobody(client: Client, folder: Path) -> None:
    os.mkfifo(folder / NAME, 0o600)
    assert who_is(client, TOKEN) == "nobody"


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may give folders away")
def test_folder_of_another_users_is_refused(folder: Path) -> None:
    os.chown(folder, 12_345, 12_345)
    record = Record(created_at=0, seen_at=0, expires_at=9)
    with pytest.raises(SessionError, match="belongs to another user"):
        asyncio.run(FileSessions(folder).save(record, {}))
    assert list(folder.iterdir()) == []
