"""Clients that pretend to be somebody else, over real sockets (CVE-2025-59152, CVE-2026-48710, CVE-2026-3902)."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator

import pytest

from bistro import App, Request
from bistro.testing import LiveServer
from tests.features.support import connect

HEAD = b"GET / HTTP/1.1\r\nHost: localhost\r\n"


def make_app(*proxies: str) -> App:
    app = App(trusted_proxies=proxies)

    @app.get("/")
    async def show(request: Request) -> dict[str, object]:
        client = request.client
        return {"client": client[0] if client else None, "scheme": request.scheme, "host": request.host}

    return app


@pytest.fixture(scope="module")
def behind() -> Iterator[LiveServer]:
    """A server that takes this machine for a proxy."""
    with LiveServer(make_app("127.0.0.1")) as server:
        yield server


@pytest.fixture(scope="module")
def open_to_all() -> Iterator[LiveServer]:
    with LiveServer(make_app()) as server:
        yield server


def ask(server: LiveServer, head: bytes) -> tuple[int, dict[str, object]]:
    with connect(server) as connection:
        connection.sendall(head + b"Connection: close\r\n\r\n")
        answer = b""
        while piece := connection.recv(65536):
            answer += piece
    top, _, body = answer.partition(b"\r\n\r\n")
    return int(top.split()[1]), json.loads(body)


FORGED = [
    b"X-Forwarded-For: 203.0.113.1\r\nX-Forwarded-Proto: https\r\nX-Forwarded-Host: 127.0.0.1\r\n",
    b"Forwarded: for=203.0.113.1;proto=https;host=127.0.0.1\r\n",
    b"X-Real-IP: 203.0.113.1\r\nX-Forwarded-Scheme: https\r\nFront-End-Https: on\r\n",
]


@pytest.mark.parametrize("forged", FORGED)
def test_forged_headers_change_nothing_without_a_proxy(open_to_all: LiveServer, forged: bytes) -> None:
    assert ask(open_to_all, HEAD + forged) == (
        200,
        {"client": "127.0.0.1", "scheme": "http", "host": "localhost"},
    )


def test_underscored_headers_are_no_proxys(behind: LiveServer) -> None:
    status, seen = ask(behind, HEAD + b"X_Forwarded_For: 203.0.113.1\r\nX_Forwarded_Proto: https\r\n")
    assert status in (200, 400)
    assert seen.get("client", "127.0.0.1") == "127.0.0.1"
    assert seen.get("scheme", "http") == "http"


def test_forged_line_before_the_proxys_own_is_not_believed(behind: LiveServer) -> None:
    lines = b"X-Forwarded-For: 198.51.100.1\r\nX-Forwarded-For: 203.0.113.1\r\n"
    assert ask(behind, HEAD + lines)[1]["client"] == "203.0.113.1"


@pytest.mark.timed
def test_thousands_of_hops_are_refused_or_cut_short_at_once(behind: LiveServer) -> None:
    began = time.perf_counter()
    assert ask(behind, HEAD + b"X-Forwarded-For: " + b"127.0.0.1," * 10_000 + b"\r\n")[0] == 431
    within_limits = b"X-Forwarded-For: 203.0.113.1," + b"127.0.0.1," * 1_500 + b"127.0.0.1\r\n"
    status, seen = ask(behind, HEAD + within_limits)
    assert (status, seen["client"]) == (200, "127.0.0.1")
    assert time.perf_counter() - began < 1


@pytest.mark.parametrize("scheme", [b"javascript", b"https, http", b"HTTPS\x0b", b"https;x"])
def test_scheme_is_one_of_two_words_from_the_nearest_proxy(behind: LiveServer, scheme: bytes) -> None:
    status, seen = ask(behind, HEAD + b"X-Forwarded-Proto: " + scheme + b"\r\n")
    assert status == 400 or seen["scheme"] == "http"


def test_scheme_of_an_absolute_target_is_not_believed(open_to_all: LiveServer) -> None:
    head = b"GET https://localhost/ HTTP/1.1\r\nHost: localhost\r\n"
    assert ask(open_to_all, head)[1]["scheme"] == "http"


@pytest.mark.parametrize(
    "host",
    [b"evil.example", b"localhost:80@evil.example", b"localhost/admin", b"localhost, evil.example", b"[::1"],
)
def test_poisoned_host_of_a_proxy_is_refused(behind: LiveServer, host: bytes) -> None:
    assert ask(behind, HEAD + b"X-Forwarded-Host: " + host + b"\r\n")[0] in (400, 421)
