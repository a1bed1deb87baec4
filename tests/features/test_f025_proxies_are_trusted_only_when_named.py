"""F25: what proxies say of client, scheme and host is believed only of those that the site names."""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from contextvars import copy_context
from pathlib import Path

import pytest

from bistro import App, Request
from bistro.app import TrustedProxiesError
from bistro.plugins import HostCheck, RequestLog
from bistro.serving.memory import MemoryExchange
from bistro.testing import Client, LiveServer
from tests.features.support import fetch

PROXY = ("10.0.0.1", 4000)


def make_app(*proxies: str) -> App:
    app = App(HostCheck(["example.com", "shop.example.com", "127.0.0.1"]), trusted_proxies=proxies)

    @app.get("/seen")
    async def seen(request: Request) -> dict[str, object]:
        return {
            "client": request.client[0] if request.client else None,
            "scheme": request.scheme,
            "secure": request.is_secure,
            "host": request.host,
            "url": str(request.url),
        }

    return app


def ask(
    app: App, headers: Mapping[str, str], peer: tuple[str, int] | None = PROXY
) -> tuple[int, dict[str, object]]:
    pairs = [(name.encode(), value.encode()) for name, value in {"host": "example.com", **headers}.items()]
    exchange = MemoryExchange(target="/seen", headers=pairs, client=peer)
    # In a context of its own, as servers do: the log fields of the request must not stay here.
    context = copy_context()
    coroutine = context.run(app.handle, exchange)
    if coroutine is not None:
        with pytest.raises(StopIteration):
            context.run(coroutine.send, None)
    return exchange.status, json.loads(exchange.content)


def client_of(app: App, headers: Mapping[str, str], peer: tuple[str, int] | None = PROXY) -> object:
    return ask(app, headers, peer)[1]["client"]


def test_nothing_is_believed_by_default() -> None:
    headers = {
        "x-forwarded-for": "192.0.2.7",
        "x-forwarded-proto": "https",
        "x-forwarded-host": "evil.example",
    }
    assert ask(make_app(), headers)[1] == {
        "client": "10.0.0.1",
        "scheme": "http",
        "secure": False,
        "host": "example.com",
        "url": "http://example.com/seen",
    }


@pytest.mark.parametrize(
    "headers",
    [
        {
            "x-forwarded-for": "192.0.2.7",
            "x-forwarded-proto": "https",
            "x-forwarded-host": "shop.example.com",
        },
        {"forwarded": "for=192.0.2.7;proto=https;host=shop.example.com"},
    ],
    ids=["X-Forwarded", "Forwarded"],
)
def test_named_proxy_is_believed(headers: dict[str, str]) -> None:
    assert ask(make_app("10.0.0.0/8"), headers)[1] == {
        "client": "192.0.2.7",
        "scheme": "https",
        "secure": True,
        "host": "shop.example.com",
        "url": "https://shop.example.com/seen",
    }


def test_chain_is_followed_through_trusted_hops_only() -> None:
    app = make_app("10.0.0.0/8", "198.51.100.9")
    assert client_of(app, {"x-forwarded-for": "203.0.113.5, 198.51.100.9, 10.0.0.2"}) == "203.0.113.5"
    # What the client forged stands to the left of what the first proxy wrote of it.
    assert client_of(app, {"x-forwarded-for": "127.0.0.1, 203.0.113.5, 10.0.0.2"}) == "203.0.113.5"
    assert client_of(app, {"x-forwarded-for": "10.0.0.3"}) == "10.0.0.3"
    assert client_of(app, {"x-forwarded-for": "203.0.113.5, unknown"}) == "10.0.0.1"


def test_client_that_comes_past_the_proxy_is_not_believed() -> None:
    app = make_app("10.0.0.0/8")
    assert client_of(app, {"x-forwarded-for": "10.9.9.9"}, ("203.0.113.5", 1)) == "203.0.113.5"


def test_ipv6_and_mapped_addresses_are_the_same_machines() -> None:
    app = make_app("10.0.0.0/8", "2001:db8::/32")
    assert client_of(app, {"x-forwarded-for": "192.0.2.7"}, ("::ffff:10.0.0.1", 1)) == "192.0.2.7"
    assert client_of(app, {"x-forwarded-for": "192.0.2.7"}, ("2001:db8::5", 1)) == "192.0.2.7"


def test_unix_socket_is_trusted_only_when_named() -> None:
    headers = {"x-forwarded-for": "192.0.2.7"}
    assert client_of(make_app("unix"), headers, None) == "192.0.2.7"
    assert client_of(make_app("10.0.0.0/8"), headers, None) is None


def test_host_of_a_proxy_passes_the_host_check_like_any_other() -> None:
    app = make_app("10.0.0.0/8")
    assert ask(app, {"x-forwarded-host": "evil.example"})[0] == 421
    for host in ("a@b", "example.com/admin", "a b", "127.1"):
        assert ask(app, {"x-forwarded-host": host})[0] == 400


@pytest.mark.parametrize(
    "headers",
    [{"forwarded": "for=a b"}, {"forwarded": "for=192.0.2.7", "x-forwarded-for": "192.0.2.7"}],
    ids=["malformed", "both forms"],
)
def test_headers_that_nobody_can_believe_are_a_400(headers: dict[str, str]) -> None:
    status, problem = ask(make_app("10.0.0.0/8"), headers)
    assert (status, problem["title"]) == (400, "Bad Request")
    # Who is not trusted is not read at all.
    assert ask(make_app("10.0.0.0/8"), headers, ("203.0.113.5", 1))[0] == 200


def test_proxies_come_from_the_environment_where_code_says_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRUSTED_PROXIES", "127.0.0.1, unix")
    app = App()

    @app.get("/")
    async def show(request: Request) -> str:
        return request.client[0] if request.client else ""

    with Client(app) as client:
        assert client.get("/", headers={"x-forwarded-for": "192.0.2.7"}).text == "192.0.2.7"


def test_wrong_proxy_stops_the_start() -> None:
    with pytest.raises(TrustedProxiesError, match=r"10\.0\.0\.1/8"):
        App(trusted_proxies=["10.0.0.1/8"]).freeze()


def test_access_log_and_real_server_say_the_same(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "bistro.request")
    with (tmp_path / "log").open("wb") as stream:
        app = App(RequestLog(stream=stream), trusted_proxies=["127.0.0.1"])

        @app.get("/")
        async def show(request: Request) -> str:
            return str(request.url)

        with LiveServer(app) as server:
            headers = {
                "X-Forwarded-For": "192.0.2.7",
                "X-Forwarded-Proto": "https",
                "X-Forwarded-Host": "localhost",
            }
            assert fetch(server, "/", headers=headers).text == "https://localhost/"
            assert fetch(server, "/").text == f"http://127.0.0.1:{server.port}/"
    assert "192.0.2.7" in (tmp_path / "log").read_text()
