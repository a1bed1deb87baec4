from __future__ import annotations

import pytest

from bistro.app import BaseApp
from bistro.plugins import AllowedHostsError, Health, HostCheck
from bistro.plugins.host_check import KNOWN_MAX, HostGate
from bistro.serving.memory import MemoryExchange
from bistro.testing import Client


def make_app(*plugins: object) -> BaseApp:
    app = BaseApp(*plugins)  # type: ignore[arg-type]

    @app.get("/")
    async def hello() -> str:
        return "hello"

    return app


def ask(host: str | None, check: HostCheck | None = None, path: str = "/") -> int:
    app = make_app(check or HostCheck(["example.com"]), Health())
    with Client(app) as client:
        return client.get(path, headers={"host": host}).status


@pytest.mark.parametrize("host", ["example.com", "EXAMPLE.com", "example.com:8443", "example.com."])
def test_own_host_is_answered_whatever_its_case_and_port(host: str) -> None:
    assert ask(host) == 200


@pytest.mark.parametrize(
    "host", ["evil.example", "www.example.com", "example.com.evil.net", "notexample.com", "127.0.0.1"]
)
def test_other_host_is_refused_with_421(host: str) -> None:
    assert ask(host) == 421


@pytest.mark.parametrize(
    "host",
    [
        "x/admin?",
        "a@b",
        "example.com@evil",
        "example.com/..",
        "exa mple.com",
        "",
        "[::1",
        "example.com:99999",
        "éxample.com",
    ],
)
def test_malformed_host_is_refused_with_400(host: str) -> None:
    assert ask(host) == 400


def test_request_without_host_is_refused_whatever_a_proxy_header_says() -> None:
    with Client(make_app(HostCheck(["example.com"]))) as client:
        response = client.get("/", headers={"host": None, "x-forwarded-host": "example.com"})
    assert response.status == 400


def test_refusal_says_what_to_set() -> None:
    with Client(make_app(HostCheck(["example.com"]))) as client:
        response = client.get("/", headers={"host": "other.test"})
    assert "ALLOWED_HOSTS" in response.json()["detail"]
    assert "other.test" in response.json()["detail"]


def test_names_are_no_patterns() -> None:
    assert ask("127x0x0x1", HostCheck(["127.0.0.1"])) == 421


def test_name_with_a_dot_in_front_stands_for_all_below_it() -> None:
    check = HostCheck([".example.com"])
    assert [ask(host, check) for host in ("example.com", "a.example.com", "a.b.example.com")] == [
        200,
        200,
        200,
    ]
    assert [ask(host, check) for host in ("badexample.com", "example.com.evil")] == [421, 421]


def test_ipv6_address_is_a_host() -> None:
    assert ask("[::1]:8000", HostCheck(["[::1]"])) == 200


@pytest.mark.parametrize("path", ["/livez", "/readyz"])
def test_probes_are_answered_by_any_host(path: str) -> None:
    assert ask("10.0.0.7:8000", path=path) == 200


@pytest.mark.parametrize("path", ["/livez/", "/livez/x", "/LIVEZ", "//livez"])
def test_only_the_probes_themselves_are(path: str) -> None:
    assert ask("evil.example", path=path) in (400, 421)


# --- where the names come from ------------------------------------------------------------------------


@pytest.mark.parametrize(
    "host", ["localhost", "localhost:8000", "127.0.0.1", "[::1]", "shop.localhost", "testserver"]
)
def test_this_machine_is_answered_where_nobody_has_said_anything(host: str) -> None:
    assert ask(host, HostCheck()) == 200


def test_other_names_are_refused_where_nobody_has_said_anything() -> None:
    assert ask("example.com", HostCheck()) == 421


def test_in_tests_this_machine_is_answered_whatever_the_shell_has_set(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("ENV", "testing")
    monkeypatch.setenv("ALLOWED_HOSTS", "example.com")
    hosts = ("example.com", "localhost", "evil.example")
    assert [ask(host, HostCheck()) for host in hosts] == [200, 200, 421]
    assert ask("localhost", HostCheck(["example.com"])) == 421


def test_environment_gives_the_names(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ENV", "development")
    monkeypatch.setenv("ALLOWED_HOSTS", "example.com, www.example.com")
    assert [ask(host, HostCheck()) for host in ("example.com", "www.example.com", "localhost")] == [
        200,
        200,
        421,
    ]


@pytest.mark.parametrize("value", [None, "", " , "])
def test_production_without_hosts_does_not_start_and_says_what_to_set(
    value: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ENV", "production")
    if value is not None:
        monkeypatch.setenv("ALLOWED_HOSTS", value)
    with pytest.raises(AllowedHostsError, match="ALLOWED_HOSTS=") as caught:
        make_app(HostCheck()).freeze()
    assert caught.value.exit_code == 78


def test_empty_list_in_code_does_not_start_either() -> None:
    with pytest.raises(AllowedHostsError):
        make_app(HostCheck([])).freeze()


@pytest.mark.parametrize(
    "name", ["*", "*.example.com", "https://example.com", "example.com:443", "a b", "", "."]
)
def test_name_that_is_no_host_keeps_the_app_from_starting(name: str) -> None:
    with pytest.raises(AllowedHostsError, match="can't be an allowed host"):
        make_app(HostCheck([name])).freeze()


# --- what is kept ---------------------------------------------------------------------------------------


def test_client_that_tries_many_names_fills_no_memory() -> None:
    gate = HostGate([".example.com"], frozenset())
    check = gate.make_hook()
    for number in range(10 * KNOWN_MAX):
        check(MemoryExchange(headers=[(b"host", b"%d.example.com" % number)]))
    assert 0 < len(gate.known) <= KNOWN_MAX
