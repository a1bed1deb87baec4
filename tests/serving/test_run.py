"""The parts of running an app; signals and whole processes are in tests/cli/test_run.py."""

from __future__ import annotations

import os
import signal
import socket

import pytest

from bistro.app import BaseApp
from bistro.serving.binding import Binding
from bistro.serving.run import run_app


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 0), (signal.SIGINT, 130)])
def test_first_signal_stops_the_app_in_order(number: int, code: int) -> None:
    app = BaseApp()
    events: list[str] = []
    app.on_start(lambda: events.append("start"))
    app.on_stop(lambda: events.append("stop"))
    sock = Binding(port=0).open()
    assert run_app(app, sock, on_ready=lambda: os.kill(os.getpid(), number)) == code
    assert events == ["start", "stop"]


def test_end_of_the_lifeline_stops_the_app() -> None:
    ours, theirs = socket.socketpair()
    with theirs:
        assert run_app(BaseApp(), Binding(port=0).open(), on_ready=ours.close, lifeline=theirs) == 0


def test_error_of_the_app_at_its_start_is_raised() -> None:
    app = BaseApp()

    @app.on_start
    def fail() -> None:
        raise LookupError("gone")

    with Binding(port=0).open() as sock, pytest.raises(LookupError, match="gone"):
        run_app(app, sock)
