"""Where to listen: an address, a UNIX socket, or a socket that is open already."""

from __future__ import annotations

import socket
from pathlib import Path

from msgspec import Struct

BACKLOG = 2048
"""How many clients may wait until somebody accepts them."""


class Binding(Struct, frozen=True):
    """Where to listen: `host` and `port`, the path of a UNIX socket in `uds`, or an open socket's `fd`."""

    host: str = "127.0.0.1"
    port: int = 8000
    uds: str | None = None
    fd: int | None = None

    def open(self) -> socket.socket:
        """A socket that listens there, and that new processes can be given.

        Clients that come before anybody accepts wait. Raises OSError if the address can't be had.
        """
        if self.fd is not None:
            return socket.socket(fileno=self.fd)
        opened = _bind_unix(self.uds) if self.uds is not None else _bind(self.host, self.port)
        opened.setblocking(False)
        opened.listen(BACKLOG)
        return opened


def address_of(sock: socket.socket, scheme: str = "http") -> str:
    """The address of a bound socket, as people type it into a browser."""
    if sock.family not in (socket.AF_INET, socket.AF_INET6):
        return f"unix:{sock.getsockname()}"
    host, port = sock.getsockname()[:2]
    return f"{scheme}://[{host}]:{port}" if ":" in host else f"{scheme}://{host}:{port}"


def _bind(host: str, port: int) -> socket.socket:
    family, kind, protocol, _, address = socket.getaddrinfo(
        host or None, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
    )[0]
    opened = socket.socket(family, kind, protocol)
    try:
        # Without it a restart would have to wait until the kernel has forgotten old connections.
        opened.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        opened.bind(address)
    except BaseException:
        opened.close()
        raise
    return opened


def _bind_unix(path: str) -> socket.socket:
    opened = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        _remove_dead_socket(path)
        opened.bind(path)
    except BaseException:
        opened.close()
        raise
    return opened


def _remove_dead_socket(path: str) -> None:
    """A server that was killed leaves its socket's file behind, on which nobody could listen again."""
    if not Path(path).is_socket():
        return  # another kind of file: `bind` refuses it, and it stays
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        try:
            probe.connect(path)
        except ConnectionRefusedError:
            Path(path).unlink()
        except OSError:
            pass  # then `bind` says what is wrong
