from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

from bistro.serving.binding import Binding, address_of


def test_free_port_is_taken_and_told() -> None:
    with Binding(port=0).open() as sock:
        assert address_of(sock) == f"http://127.0.0.1:{sock.getsockname()[1]}"


def test_address_of_ipv6_is_written_in_brackets() -> None:
    try:
        sock = Binding("::1", 0).open()
    except OSError:
        pytest.skip("this machine has no IPv6")
    with sock:
        assert address_of(sock) == f"http://[::1]:{sock.getsockname()[1]}"


def test_clients_wait_until_somebody_accepts() -> None:
    with Binding(port=0).open() as sock:
        socket.create_connection(sock.getsockname()).close()


def test_port_that_is_taken_raises_and_leaves_nothing_open() -> None:
    with Binding(port=0).open() as taken, pytest.raises(OSError, match="in use"):
        Binding(port=taken.getsockname()[1]).open()


def test_unix_socket_is_told_by_its_path(tmp_path: Path) -> None:
    with Binding(uds=str(tmp_path / "s")).open() as sock:
        assert address_of(sock) == f"unix:{tmp_path / 's'}"


def test_unix_socket_that_somebody_serves_is_not_taken_away(tmp_path: Path) -> None:
    path = str(tmp_path / "s")
    with Binding(uds=path).open(), pytest.raises(OSError, match="in use"):
        Binding(uds=path).open()


def test_file_in_the_place_of_a_unix_socket_is_not_removed(tmp_path: Path) -> None:
    file = tmp_path / "s"
    file.write_text("mine")
    with pytest.raises(OSError, match="in use"):
        Binding(uds=str(file)).open()
    assert file.read_text() == "mine"


def test_open_socket_is_taken_by_its_number() -> None:
    with Binding(port=0).open() as sock, Binding(fd=os.dup(sock.fileno())).open() as same:
        assert same.getsockname() == sock.getsockname()
