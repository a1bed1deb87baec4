"""Clients that go away from endless streams of a mounted WSGI application must not use up its threads."""

from __future__ import annotations

import socket

from bistro import App
from bistro.testing import LiveServer
from tests.features.support import connect, fetch, receive_until

CLIENTS = 15  # more than the bridge has threads


def endless(environ, start_response):
    if environ["PATH_INFO"] == "/short":
        start_response("200 OK", [("content-length", "5")])
        return [b"short"]
    start_response("200 OK", [])
    return iter(lambda: b"x" * 1000, None)


def test_mounted_application_serves_after_many_clients_have_gone() -> None:
    app = App()
    app.mount("/in", endless)
    with LiveServer(app) as server:
        for _ in range(CLIENTS):
            connection = connect(server)
            connection.sendall(b"GET /in/endless HTTP/1.1\r\nHost: localhost\r\n\r\n")
            receive_until(connection, b"xxxx")
            connection.shutdown(socket.SHUT_RDWR)
            connection.close()
        assert fetch(server, "/in/short").text == "short"
