"""`bistro run`: serve the app."""

from __future__ import annotations

import errno
from pathlib import Path

import click

from bistro.cli.errors import AddressTaken
from bistro.cli.find_app import load_app
from bistro.cli.output import say
from bistro.ground.log import configure_logging
from bistro.serving.run import Binding, address_of, run_app


@click.command()
@click.argument("app", required=False)
@click.option("--host", envvar="HOST", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--port", envvar="PORT", default=8000, show_default=True, help="Port; 0 takes a free one.")
def run(app: str | None, host: str, port: int) -> int:
    """Serve the app."""
    loaded = load_app(app, Path.cwd())
    configure_logging()
    binding = Binding(host, port)
    try:
        sock = binding.open()
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise AddressTaken(f"port {port} is taken", fix="Take another one: --port") from error
        raise
    address = address_of(sock)
    return run_app(loaded, sock, on_ready=lambda: say(f"Bistro serves {address} (Ctrl-C stops it)"))
