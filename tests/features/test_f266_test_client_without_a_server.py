"""F266: a test client calls the app in its own process: no server, no port, no socket."""

from __future__ import annotations

import asyncio
import socket
from dataclasses import dataclass
from typing import Any

import pytest

from bistro import App, Empty, Redirect, Request, Response, Upload
from bistro.testing import AsyncClient, Client


@dataclass
class Note:
    title: str


def make_app() -> App:
    app = App()

    @app.post("/notes")
    async def create(note: Note) -> Redirect:
        return Redirect(f"/notes/{note.title}")

    @app.get("/notes/{title}")
    async def show(title: str) -> Note:
        return Note(title)

    @app.post("/login")
    async def log_in(request: Request) -> Response:
        response = Empty()
        response.set_cookie("user", (await request.form()).fields["name"])
        return response

    @app.get("/user")
    async def user(request: Request) -> str:
        return request.cookies.get("user", "nobody")

    @app.post("/upload")
    async def upload(photo: Upload) -> str:
        return f"{photo.file_name} {photo.size}"

    @app.get("/broken")
    async def broken() -> str:
        raise LookupError("the real cause")

    return app


@pytest.fixture
def _no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*arguments: Any) -> None:
        raise AssertionError("the test client opened a connection")

    for name in ("bind", "listen", "connect", "connect_ex"):
        monkeypatch.setattr(socket.socket, name, refuse)


@pytest.mark.usefixtures("_no_network")
def test_requests_are_answered_without_any_socket() -> None:
    with Client(make_app()) as client:
        followed = client.post("/notes", json={"title": "milk"}, follow_redirects=True)
        refused = client.post("/notes", json={"name": "milk"})

    assert followed.json(Note) == Note("milk")
    assert [answer.status for answer in (*followed.history, followed)] == [303, 200]
    assert refused.status == 422


@pytest.mark.usefixtures("_no_network")
def test_cookies_are_kept_forms_and_files_are_sent() -> None:
    with Client(make_app()) as client:
        before = client.get("/user").text
        client.post("/login", data={"name": "ada"})
        after = client.get("/user").text
        uploaded = client.post("/upload", files={"photo": ("a.png", b"12345", "image/png")}).text

    assert (before, after, uploaded) == ("nobody", "ada", "a.png 5")


@pytest.mark.usefixtures("_no_network")
def test_error_of_a_handler_reaches_the_test() -> None:
    with Client(make_app()) as client, pytest.raises(LookupError, match="the real cause"):
        client.get("/broken")


@pytest.mark.usefixtures("_no_network")
def test_async_tests_have_a_client_of_their_own() -> None:
    async def ask() -> list[str]:
        async with AsyncClient(make_app()) as client:
            answers = await asyncio.gather(*(client.get(f"/notes/{name}") for name in "abc"))
            return [answer.json(Note).title for answer in answers]

    assert asyncio.run(ask()) == ["a", "b", "c"]
