"""A client that goes away cancels its handler within a second, 20 of 20, whatever the server (fault 4)."""

from __future__ import annotations

import json
import shutil
import socket
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.journeys.servers import serve_everywhere

pytestmark = pytest.mark.slow
# Those that tell of a client's going; WSGI has no way to.
NAMES = ("bistro", "uvicorn", "hypercorn", "granian asgi", "granian rsgi")
CLIENTS = 20
SECONDS_MAX = 30.0
JSON_POST = (
    b"POST /read HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: 7\r\n\r\n"
)
REQUESTS = {
    "a handler that waits": b"GET /wait HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n",
    "a handler that has read the body": JSON_POST + b'{"a":1}',
    "an event stream": b"GET /events HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n",
}
DURABLE = b"GET /durable HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"


@pytest.fixture(scope="module")
def ports(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, int]]:
    folder = tmp_path_factory.mktemp("leaving")
    shutil.copy(Path(__file__).with_name("leaving_site.py"), folder / "app.py")
    with serve_everywhere(folder, root, NAMES) as found:
        yield found


def ask(port: int, path: str, method: str = "GET") -> bytes:
    request = urllib.request.Request(f"http://127.0.0.1:{port}{path}", method=method)
    with urllib.request.urlopen(request, timeout=SECONDS_MAX) as response:
        content: bytes = response.read()
        return content


def wait_for(port: int, is_enough: Callable[[list[str]], bool], seconds_max: float) -> list[str]:
    """What the site has noted, as soon as it is enough, or after `seconds_max`."""
    ends = time.monotonic() + seconds_max
    while True:
        seen: list[str] = json.loads(ask(port, "/seen"))
        if is_enough(seen) or time.monotonic() > ends:
            return seen
        time.sleep(0.01)  # another process; there is nothing to wait on


@pytest.mark.parametrize("what", REQUESTS)
@pytest.mark.parametrize("name", NAMES)
def test_twenty_handlers_of_twenty_are_cancelled(ports: dict[str, int], name: str, what: str) -> None:
    port = ports[name]
    ask(port, "/clear", "POST")
    clients = [socket.create_connection(("127.0.0.1", port), timeout=SECONDS_MAX) for _ in range(CLIENTS)]
    for client in clients:
        client.sendall(REQUESTS[what])
    seen = wait_for(port, lambda seen: seen.count("waits") == CLIENTS, SECONDS_MAX)
    assert (seen.count("waits"), seen.count("left")) == (CLIENTS, 0)

    for client in clients:
        client.close()
    seen = wait_for(port, lambda seen: seen.count("left") == CLIENTS, 1.0)

    assert seen.count("left") == CLIENTS
    assert seen.count("rolled back") == (0 if what == "an event stream" else CLIENTS)
    assert "committed" not in seen


@pytest.mark.parametrize("name", NAMES)
def test_a_handler_that_asks_for_it_comes_to_its_end(ports: dict[str, int], name: str) -> None:
    port = ports[name]
    ask(port, "/clear", "POST")
    with socket.create_connection(("127.0.0.1", port), timeout=SECONDS_MAX) as client:
        client.sendall(DURABLE)
        wait_for(port, lambda seen: "waits" in seen, SECONDS_MAX)
    # Time enough to cancel the other one, which leaves after it.
    with socket.create_connection(("127.0.0.1", port), timeout=SECONDS_MAX) as client:
        client.sendall(REQUESTS["a handler that waits"])
        wait_for(port, lambda seen: seen.count("waits") == 2, SECONDS_MAX)
    wait_for(port, lambda seen: "left" in seen, SECONDS_MAX)
    ask(port, "/open", "POST")
    seen = wait_for(port, lambda seen: "committed" in seen, SECONDS_MAX)

    assert seen[-2:] == ["done", "committed"]


@pytest.mark.timed
@pytest.mark.parametrize("path", ["/slow", "/slow-def"])
@pytest.mark.parametrize("name", NAMES)
def test_a_handler_over_its_time_is_a_504(ports: dict[str, int], name: str, path: str) -> None:
    port = ports[name]
    ask(port, "/clear", "POST")
    started = time.monotonic()
    with pytest.raises(urllib.error.HTTPError) as caught:
        ask(port, path)

    with caught.value as answer:  # it holds the connection
        assert answer.code == 504
    assert time.monotonic() - started < 2  # a thread that sleeps for three seconds is not waited for
    if path == "/slow":
        assert json.loads(ask(port, "/seen")) == ["rolled back"]
    ask(port, "/seen")


# Not RSGI: granian 2.8 takes every piece at once there, which the how-to page tells.
@pytest.mark.parametrize("kind", ["async", "sync"])
@pytest.mark.parametrize("name", ["bistro", "uvicorn", "hypercorn", "granian asgi"])
def test_a_stream_waits_for_a_client_that_does_not_read(ports: dict[str, int], name: str, kind: str) -> None:
    port = ports[name]
    ask(port, "/clear", "POST")
    with socket.create_connection(("127.0.0.1", port), timeout=SECONDS_MAX) as client:
        client.sendall(f"GET /flood/{kind} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode())
        client.recv(1)
        made, before = json.loads(ask(port, "/made"))[kind], -1
        while made != before:  # until nothing more is made: all buffers on the way are full
            time.sleep(0.3)
            made, before = json.loads(ask(port, "/made"))[kind], made
    seen = wait_for(port, lambda seen: "left" in seen, SECONDS_MAX)

    assert made <= 32  # MiB: those of the sockets, and of the server
    assert seen == ["left"]
