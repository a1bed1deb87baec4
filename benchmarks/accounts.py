"""What accounts cost: a page that shows the user's name, above the same page without a session.

    ./run bench accounts                  on SQLite, CPU of this process, smallest of many rounds

A request goes from the bytes that were read to the bytes to be written, as in `inproc`. With a session
it is loaded together with its user by one query, and the answer says that it is for nobody else.
"""

from __future__ import annotations

import asyncio
import os
import sys
import tempfile
import time
from pathlib import Path
from typing import Any  # Any: bytes of any kind

import uvloop

from benchmarks.inproc import FakeTransport
from bistro import App
from bistro.db import create_tables
from bistro.ground import make_secret_key
from bistro.plugins import Accounts, Database
from bistro.plugins.accounts import AccountEvent, AccountSite, LogIn, User
from bistro.plugins.rendering import Rendered, Rendering, render
from bistro.plugins.sessions import StoredSession
from bistro.serving.connection import Connection
from bistro.serving.server import Server

LIMIT_MICROSECONDS = 60.0
ROUNDS, REQUESTS = 12, 400
PAGE = "<!doctype html><html lang=en><title>Hello</title><h1>Hello {{ name }}</h1>"
GET = "GET {path} HTTP/1.1\r\nHost: localhost\r\n{cookie}Accept: text/html\r\n\r\n"
POST = "POST /log-in HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n"


class Telling(FakeTransport):
    """Says when something was written."""

    answered: asyncio.Future[None]

    def get_write_buffer_size(self) -> int:
        """Nothing ever waits."""
        return 0

    def write(self, data: Any) -> None:
        super().write(data)
        if not self.answered.done():
            self.answered.set_result(None)


def make_app(folder: Path) -> App:
    """A site with the same page for a fixed name, the handler's user, and the template's user."""
    sources = {"page.html": PAGE, "user.html": PAGE.replace("name", "user.name")}
    app = App(Database(f"sqlite:///{folder / 'accounts.db'}"), Accounts(), Rendering(sources=sources))

    @app.on_start
    async def make_tables() -> None:
        await create_tables(User, StoredSession, AccountEvent)

    @app.get("/fixed")
    async def fixed() -> Rendered:
        return render("page.html", name="Ann Other")

    @app.get("/handler")
    async def handler(user: User) -> Rendered:
        return render("page.html", name=user.name)

    @app.get("/template")
    async def template() -> Rendered:
        return render("user.html")

    @app.post("/log-in", csrf=False)
    async def log_in(site: AccountSite, log_in: LogIn) -> object:
        user = await site.create_user("ann@example.com", name="Ann Other")
        return await log_in.begin(user, method="password", remember=True)

    return app


async def measure(folder: Path) -> dict[str, float]:
    """Microseconds of CPU for one request of each page."""
    server = Server(make_app(folder), port=0)
    await server.start()
    connection, transport = Connection(server), Telling()
    connection.connection_made(transport)
    await ask(connection, transport, POST.encode())
    token = transport.written.partition(b"set-cookie: ")[2].partition(b";")[0].decode()
    best: dict[str, float] = {}
    for _ in range(ROUNDS):
        for path in ("/fixed", "/handler", "/template"):
            cookie = "" if path == "/fixed" else f"Cookie: {token}\r\n"
            request = GET.format(path=path, cookie=cookie).encode()
            await ask(connection, transport, request)
            assert b"Hello Ann Other" in transport.written, transport.written
            began = time.process_time()
            for _ in range(REQUESTS):
                await ask(connection, transport, request)
            spent = (time.process_time() - began) / REQUESTS * 1e6
            best[path] = min(spent, best.get(path, spent))
    connection.connection_lost(None)
    await server.stop()
    return best


async def ask(connection: Connection, transport: Telling, request: bytes) -> None:
    """Send a request, and wait until it is answered."""
    loop = asyncio.get_running_loop()
    transport.answered = loop.create_future()
    # In a callback, as a server's bytes arrive; this task would be in the way.
    loop.call_soon(connection.data_received, request)
    await transport.answered


def main() -> int:
    """Print the figures; 1 if the user's name costs more than it may."""
    os.environ |= {
        "ENV": "production",
        "LOG_LEVEL": "error",
        "SECRET_KEY": make_secret_key(),
        "ALLOWED_HOSTS": "localhost",
        "MAIL_URL": "memory:",
        "MAIL_FROM": "site@example.com",
    }
    with tempfile.TemporaryDirectory() as folder:
        best = uvloop.run(measure(Path(folder)))
    cost = 0.0
    for path, spent in best.items():
        cost = max(cost, spent - best["/fixed"])
        sys.stdout.write(f"{path:12}{spent:8.1f} us{spent - best['/fixed']:+8.1f} us\n")
    return int(cost > LIMIT_MICROSECONDS)


if __name__ == "__main__":
    raise SystemExit(main())
