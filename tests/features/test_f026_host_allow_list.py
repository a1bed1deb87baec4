"""F26: the Host header is checked against an allow list."""

from __future__ import annotations

import pytest

from bistro import App
from bistro.ground.errors import SetupError
from bistro.testing import Client
from bistro.testing.live_server import LiveServer
from tests.features.log_support import raw_request


def make_app() -> App:
    app = App()

    @app.get("/")
    async def hello() -> str:
        return "hello"

    return app


def test_f026_only_hosts_in_the_list_are_answered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ENV", "production")
    monkeypatch.setenv("ALLOWED_HOSTS", "example.com")
    client = Client(make_app())
    assert client.get("/", headers={"host": "example.com"}).status == 200
    for host, status in (("evil.example", 421), ("localhost", 421), ("x/admin?", 400), ("a@b", 400)):
        assert client.get("/", headers={"host": host}).status == status


def test_f026_production_without_a_list_does_not_start(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ENV", "production")
    with pytest.raises(SetupError, match="ALLOWED_HOSTS"):
        make_app().freeze()


def test_f026_hostile_hosts_are_refused_on_the_socket() -> None:
    with LiveServer(make_app()) as server:
        assert raw_request(server.port, b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n").startswith(
            b"HTTP/1.1 200"
        )
        for block in (
            b"Host: evil.example\r\n",
            b"Host: x/admin?\r\n",
            b"Host: localhost\r\nHost: localhost\r\n",
            b"",
        ):
            answer = raw_request(server.port, b"GET / HTTP/1.1\r\n" + block + b"\r\n")
            assert answer[9:12] in (b"400", b"421")
        answer = raw_request(server.port, b"GET / HTTP/1.0\r\nX-Forwarded-Host: localhost\r\n\r\n")
        assert answer[9:12] == b"400"
