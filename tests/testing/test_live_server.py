from __future__ import annotations

import threading
import urllib.request

import pytest

from bistro.testing.live_server import LiveServer


def test_application_is_served_on_a_free_port(app):
    app.handlers["/"] = lambda exchange: exchange.send(200, b"", b"over a socket")
    before = threading.active_count()
    with LiveServer(app) as server:
        assert server.url == f"http://127.0.0.1:{server.port}"
        with urllib.request.urlopen(server.url + "/", timeout=10) as response:
            assert response.read() == b"over a socket"
    assert app.log == ["start", "stop"]
    assert (server.port, threading.active_count()) == (0, before)


def test_error_at_the_start_reaches_the_test_and_leaves_no_thread(app):
    app.fails_to_start = LookupError("no database")
    before = threading.active_count()
    with pytest.raises(LookupError, match="no database"):
        LiveServer(app).start()
    assert threading.active_count() == before


def test_two_servers_stand_side_by_side(app):
    with LiveServer(app) as first, LiveServer(app) as second:
        assert first.port != second.port
