"""WebSockets talk, close and are refused alike under its own server, and those of ASGI and RSGI (F215)."""

from __future__ import annotations

import json
import shutil
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from unittest.mock import ANY

import pytest
from websockets import Subprotocol
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import ClientConnection, connect

from tests.journeys.servers import serve_everywhere

pytestmark = pytest.mark.slow
NAMES = ("bistro", "uvicorn", "hypercorn", "granian asgi", "granian rsgi")
RSGI = "granian rsgi"
SECONDS_MAX = 10.0


@pytest.fixture(scope="module")
def ports(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, int]]:
    folder = tmp_path_factory.mktemp("sockets")
    shutil.copy(Path(__file__).with_name("sockets_site.py"), folder / "app.py")
    with serve_everywhere(folder, root, NAMES) as found:
        yield found


@pytest.fixture(params=NAMES)
def name(request: pytest.FixtureRequest) -> str:
    chosen: str = request.param
    return chosen


@pytest.fixture
def port(name: str, ports: dict[str, int]) -> int:
    return ports[name]


def open_socket(port: int, path: str, **options: Any) -> ClientConnection:
    return connect(f"ws://127.0.0.1:{port}{path}", close_timeout=2, **options)


def close_of(socket: ClientConnection, name: str, code: int, reason: Any = "") -> bool:
    """Whether the server closes with that; RSGI can't say why."""
    with pytest.raises(ConnectionClosed) as closed:
        socket.recv(SECONDS_MAX)
    assert closed.value.rcvd is not None
    expected = (1005, "") if name == RSGI else (code, reason)
    return (closed.value.rcvd.code, closed.value.rcvd.reason) == expected


def refusal(port: int, path: str, **options: Any) -> tuple[int, str]:
    """Status and body of the answer instead of a WebSocket."""
    with pytest.raises(InvalidStatus) as refused, open_socket(port, path, **options):
        pass
    response = refused.value.response
    return response.status_code, bytes(response.body or b"").decode()


def wait_until_seen(port: int, what: str) -> None:
    ends = time.monotonic() + SECONDS_MAX
    while what not in json.loads(urllib.request.urlopen(f"http://127.0.0.1:{port}/seen", timeout=10).read()):
        assert time.monotonic() < ends
        time.sleep(0.02)  # another process; there is nothing to wait on


def test_texts_and_bytes_of_every_size_come_back(port: int) -> None:
    with open_socket(port, "/echo", max_size=None) as socket:
        for message in ("", "héllo", b"", b"\x00\xff", "long " * 50_000, b"x" * 700_000):
            socket.send(message)
            assert socket.recv(SECONDS_MAX) == message
        socket.send(["in ", "three ", "parts"])
        assert socket.recv(SECONDS_MAX) == "in three parts"


def test_values_subprotocol_and_headers_are_those_of_the_handshake(name: str, ports: dict[str, int]) -> None:
    with open_socket(
        ports[name],
        "/values/7?word=caf%C3%A9",
        subprotocols=None if name == RSGI else [Subprotocol("v2"), Subprotocol("v1")],
        additional_headers={"Cookie": "who=ada"},
    ) as socket:
        assert socket.subprotocol == (None if name == RSGI else "v1")
        assert socket.response is not None
        if not name.startswith("granian"):  # which drops all headers of the answer 101
            assert socket.response.headers["x-room"] == "kitchen"
            assert socket.response.headers["x-frame-options"] == "DENY"
        assert json.loads(socket.recv(SECONDS_MAX)) == [7, "café", "http", "/values/7"]
        assert close_of(socket, name, 1000)


def test_refusals_are_answers(name: str, port: int) -> None:
    member = {"Cookie": "who=ada"}
    status, body = refusal(port, "/values/7?word=a")
    assert status == 401
    assert body == "" if name == RSGI else json.loads(body)["detail"] == "Log in first."
    assert refusal(port, "/values/x?word=a", additional_headers=member)[0] == 404
    assert refusal(port, "/values/7", additional_headers=member)[0] == 422
    assert refusal(port, "/nowhere")[0] == 404
    assert refusal(port, "/echo", origin="http://evil.example")[0] == 403


def test_a_subprotocol_that_rsgi_can_t_tell_is_refused(ports: dict[str, int]) -> None:
    options: Any = {"subprotocols": ["v1"], "additional_headers": {"Cookie": "who=ada"}}
    assert refusal(ports[RSGI], "/values/7?word=a", **options)[0] == 500


def test_how_it_ends_is_told_with_the_same_code(name: str, port: int) -> None:
    with open_socket(port, "/bye") as socket:
        socket.send("x")
        assert close_of(socket, name, 4321, "that is all")
    with open_socket(port, "/broken") as socket:
        assert close_of(socket, name, 1011, "Internal Server Error")
    with open_socket(port, "/orders") as socket:
        socket.send('{"dish": "soup", "count": 2}')
        assert json.loads(socket.recv(SECONDS_MAX)) == {"total": 4}
        socket.send('{"dish": "soup"}')
        assert close_of(socket, name, 1007, "Unprocessable Content")
    with open_socket(port, "/orders") as socket:
        socket.send("x" * 1001)
        assert close_of(socket, name, 1009, ANY)


def test_the_handler_hears_that_the_client_has_gone_or_is_ended(name: str, port: int) -> None:
    with open_socket(port, "/echo") as socket:
        socket.close(4000)
    # hypercorn takes every end for one without a word, and RSGI has no place for the code.
    wait_until_seen(port, {"hypercorn": "echo 1006", RSGI: "echo 1005"}.get(name, "echo 4000"))
    with open_socket(port, "/deaf"):
        pass
    wait_until_seen(port, "deaf ended")
