"""F230: `nosniff`, referrer policy, frame deny and COOP by default."""

from __future__ import annotations

import pytest

from bistro import App
from bistro.testing.live_server import LiveServer
from tests.features.log_support import raw_request


@pytest.mark.parametrize("path", ["/", "/nowhere", "/broken", "/livez"])
def test_f230_every_answer_on_the_socket_has_them(path: str) -> None:
    app = App()

    @app.get("/")
    async def hello() -> str:
        return "hello"

    @app.get("/broken")
    async def broken() -> str:
        raise RuntimeError

    with LiveServer(app) as server:
        head = raw_request(server.port, f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode()).lower()
    for line in (
        b"x-content-type-options: nosniff",
        b"referrer-policy: strict-origin-when-cross-origin",
        b"x-frame-options: deny",
        b"cross-origin-opener-policy: same-origin",
        b"content-security-policy: default-src 'self'",
    ):
        assert line in head
