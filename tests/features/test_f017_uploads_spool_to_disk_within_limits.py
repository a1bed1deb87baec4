"""F17: uploads go to disk while they arrive; limits hold for each file, the form, and the number of parts."""

from __future__ import annotations

import tracemalloc
from io import BytesIO

import pytest

from bistro import App, Upload
from bistro.http import FormData, FormLimits
from bistro.testing import LiveServer
from tests.features.support import Fetched, connect, fetch, receive_until

MIB = 1024 * 1024
HEADERS = {"content-type": "multipart/form-data; boundary=x"}


def make_app() -> App:
    app = App()

    @app.post("/file")
    async def take_file(file: Upload) -> dict[str, object]:
        first = await file.read(3)
        await file.seek(file.size - 3)
        return {
            "in_memory": isinstance(file.file, BytesIO),
            "size": file.size,
            "ends": (first + await file.read()).decode(),
        }

    own = FormLimits(parts_max=3, file_size_max=1000, field_size_max=100, spool_size_max=10)

    @app.post("/limited", form_limits=own, body_size_max=2500)
    async def take_little(form: FormData) -> dict[str, object]:
        files = [upload for _, upload in form.files.multi_items()]
        return {"files": len(files), "in_memory": [isinstance(upload.file, BytesIO) for upload in files]}

    return app


def part(name: str, data: bytes, file_name: str | None = None) -> bytes:
    file_part = f'; filename="{file_name}"' if file_name else ""
    return (
        f'--x\r\nContent-Disposition: form-data; name="{name}"{file_part}\r\n\r\n'.encode() + data + b"\r\n"
    )


def send(server: LiveServer, path: str, *parts: bytes) -> Fetched:
    return fetch(server, path, "POST", headers=HEADERS, body=b"".join(parts) + b"--x--\r\n")


def test_small_file_stays_in_memory_and_a_large_one_goes_to_disk() -> None:
    with LiveServer(make_app()) as server:
        small = send(server, "/file", part("file", b"abc-xyz", "a.txt"))
        large = send(server, "/file", part("file", b"abc" + bytes(5 * MIB) + b"xyz", "a.bin"))

    assert small.text == '{"in_memory":true,"size":7,"ends":"abcxyz"}'
    assert large.text == f'{{"in_memory":false,"size":{5 * MIB + 6},"ends":"abcxyz"}}'


def test_large_file_takes_little_memory() -> None:
    begin = b'--x\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\nabc'
    end = b"xyz\r\n--x--\r\n"
    piece = bytes(MIB)
    length = len(begin) + 16 * MIB + len(end)
    head = (
        b"POST /file HTTP/1.1\r\nHost: localhost\r\nContent-Length: %d\r\n"
        b"Content-Type: multipart/form-data; boundary=x\r\n\r\n" % length
    )
    with LiveServer(make_app()) as server, connect(server) as connection:
        tracemalloc.start()
        try:
            connection.sendall(head + begin)
            for _ in range(16):
                connection.sendall(piece)
            connection.sendall(end)
            answer = receive_until(connection, b"}")
            peak = tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    assert b'"in_memory":false' in answer
    assert peak < 4 * MIB


@pytest.mark.parametrize(
    ("parts", "status"),
    [
        ([part("a", b"x" * 1000, "a"), part("b", b"x" * 11, "b")], 200),
        ([part("a", b"x" * 1001, "a")], 413),  # one file
        ([part(name, b"x" * 900, name) for name in "abc"], 413),  # the whole form
        ([part(name, b"x") for name in "abcd"], 413),  # the number of parts
        ([part("a", b"x" * 101)], 413),  # a field that is kept in memory
    ],
)
def test_limits_of_a_route_hold(parts: list[bytes], status: int) -> None:
    with LiveServer(make_app()) as server:
        assert send(server, "/limited", *parts).status == status
        assert send(server, "/limited", part("a", b"x", "a")).text == '{"files":1,"in_memory":[true]}'


@pytest.mark.parametrize(
    "parts",
    [
        [part("a", b"x") for _ in range(101)],
        [part("a", b"x" * (MIB + 1))],
    ],
)
def test_limits_hold_without_being_asked_for(parts: list[bytes]) -> None:
    with LiveServer(make_app()) as server:
        assert send(server, "/file", *parts).status == 413
