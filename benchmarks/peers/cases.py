"""What every peer is asked for, and what the right answer is."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

ITEM = b'{"name":"Widget","price":9.99,"quantity":3,"tags":["red","large"],"active":true}'
WRONG_ITEM = b'{"name":"Widget","price":"dear","quantity":3,"tags":["red","large"],"active":true}'
UPLOAD_SIZE = 100 * 1024
UPLOAD = (
    b'--x\r\nContent-Disposition: form-data; name="file"; filename="a.bin"\r\n'
    b"Content-Type: application/octet-stream\r\n\r\n" + b"u" * UPLOAD_SIZE + b"\r\n--x--\r\n"
)
WORLDS = 20
FILE_SIZES = {"1k": 1024, "100k": 100 * 1024, "10m": 10 * 1024 * 1024}


@dataclass(frozen=True)
class Case:
    """One kind of request."""

    name: str
    path: str
    is_right: Callable[[bytes], bool]
    method: str = "GET"
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    connections: int = 64

    def to_lua(self) -> str:
        """The request for wrk."""
        lines = [f'wrk.method = "{self.method}"']
        lines += [f'wrk.headers["{name}"] = "{value}"' for name, value in self.headers.items()]
        if self.body:
            lines.append(f"wrk.body = {_lua_text(self.body)}")
        return "\n".join(lines) + "\n"


def write_files(folder: Path) -> None:
    """The files that are downloaded."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, size in FILE_SIZES.items():
        path = folder / f"{name}.bin"
        if not path.is_file() or path.stat().st_size != size:
            path.write_bytes(b"f" * size)


def _is_json(wanted: object) -> Callable[[bytes], bool]:
    def is_right(body: bytes) -> bool:
        try:
            return bool(json.loads(body) == wanted)
        except ValueError:
            return False

    return is_right


def _is_world(body: bytes) -> bool:
    try:
        return _is_row(json.loads(body))
    except ValueError:
        return False


def _are_worlds(body: bytes) -> bool:
    try:
        rows = json.loads(body)
    except ValueError:
        return False
    return (
        isinstance(rows, list)
        and len({row["id"] for row in rows if _is_row(row)}) == WORLDS
        and len(rows) == WORLDS
    )


def _is_row(row: object) -> bool:
    return (
        isinstance(row, dict)
        and row.keys() == {"id", "randomnumber"}
        and all(type(value) is int and 1 <= value <= 10_000 for value in row.values())
    )


def _is_file(size: int) -> Callable[[bytes], bool]:
    return lambda body: body == b"f" * size


def _lua_text(data: bytes) -> str:
    return '"' + "".join(f"\\{byte:03d}" for byte in data) + '"'


CASES = {
    case.name: case
    for case in (
        Case("json", "/json", _is_json({"message": "Hello, World!"})),
        Case("plaintext", "/plaintext", lambda body: body == b"Hello, World!"),
        Case("params", "/users/42/posts/hello", _is_json({"user": 42, "post": "hello"})),
        Case(
            "items",
            "/items",
            _is_json({"name": "Widget", "total": 9.99 * 3}),
            "POST",
            ITEM,
            {"Content-Type": "application/json"},
        ),
        Case("1 KiB", "/files/1k.bin", _is_file(FILE_SIZES["1k"])),
        Case("100 KiB", "/files/100k.bin", _is_file(FILE_SIZES["100k"])),
        Case("10 MiB", "/files/10m.bin", _is_file(FILE_SIZES["10m"]), connections=8),
        Case(
            "upload",
            "/upload",
            _is_json({"size": UPLOAD_SIZE}),
            "POST",
            UPLOAD,
            {"Content-Type": "multipart/form-data; boundary=x"},
        ),
        Case("db", "/db", _is_world),
        Case("queries", f"/queries?queries={WORLDS}", _are_worlds),
        Case("updates", f"/updates?queries={WORLDS}", _are_worlds, connections=16),
    )
}
DATABASE_CASES = frozenset({"db", "queries", "updates"})
"""Those of TechEmpower; asked only of peers with a database."""
WEBSOCKET, IDLE = "websocket", "idle"
ALL_CASES = (*CASES, WEBSOCKET, IDLE)
