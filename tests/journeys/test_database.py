"""One SQLite file under all servers at once: requests are kept or undone as a whole everywhere."""

from __future__ import annotations

import http.client
import json
import shutil
import socket
import sqlite3
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.journeys.servers import SERVERS, serve_everywhere

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("site")


@pytest.fixture(scope="module")
def ports(root: Path, folder: Path) -> Iterator[dict[str, int]]:
    shutil.copy(Path(__file__).with_name("database_site.py"), folder / "app.py")
    with serve_everywhere(folder, root, SERVERS) as found:
        yield found


def ask(port: int, method: str, path: str) -> tuple[int, Any]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=15)
    connection.request(method, path)
    response = connection.getresponse()
    content = response.read()
    connection.close()
    return response.status, json.loads(content) if content else None


def wait_until_locked(path: Path) -> None:
    """Wait until somebody else holds the file's lock for writing."""
    connection = sqlite3.connect(path, isolation_level=None, timeout=0)
    ends = time.monotonic() + 30
    try:
        while time.monotonic() < ends:
            connection.execute("begin immediate")
            connection.execute("rollback")
            time.sleep(0.01)  # another process is about to take it; there is nothing to wait on
    except sqlite3.OperationalError:
        return
    finally:
        connection.close()
    pytest.fail("nobody has begun to write")


@pytest.mark.parametrize("server", SERVERS)
@pytest.mark.parametrize("kind", ["notes", "plain"])
def test_a_request_is_kept_or_undone_by_its_answer(ports: dict[str, int], server: str, kind: str) -> None:
    name = f"{kind}-{server.replace(' ', '-')}"
    port = ports[server]
    assert ask(port, "POST", f"/{kind}/{name}/400")[0] == 400
    assert ask(port, "GET", f"/{kind}/{name}") == (200, 0)
    assert ask(port, "POST", f"/{kind}/{name}/201")[0] == 201
    assert ask(port, "GET", f"/{kind}/{name}") == (200, 2)
    assert ask(port, "POST", f"/{kind}/{name}/201")[0] == 409


@pytest.mark.timed
@pytest.mark.parametrize("server", ["bistro", "uvicorn"])
def test_a_client_that_leaves_ends_its_transaction_within_a_second(
    ports: dict[str, int], folder: Path, server: str
) -> None:
    port = ports[server]
    client = socket.create_connection(("127.0.0.1", port))
    client.sendall(
        f"POST /slow/left-{server} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 0\r\n\r\n".encode()
    )
    wait_until_locked(folder / "bistro.sqlite3")
    client.close()
    began = time.monotonic()
    assert ask(port, "POST", f"/notes/after-{server}/201")[0] == 201
    assert time.monotonic() - began < 1.0
    assert ask(port, "GET", f"/notes/left-{server}") == (200, 0)
