"""F197: expiry, rotation, and a command that purges."""

from __future__ import annotations

import asyncio
from datetime import timedelta

from bistro import App
from bistro.plugins import MemorySessions, Session, Sessions
from bistro.testing import Client, FakeClock


def make_site(clock: FakeClock) -> App:
    app = App(Sessions(MemorySessions(), idle=timedelta(hours=1), clock=clock))

    @app.get("/{name}")
    async def visit(name: str, session: Session) -> str:
        session["name"] = session.get("name", name)
        session.rotate()
        return str(session["name"])

    return app


def test_session_expires_when_idle() -> None:
    clock = FakeClock()
    client = Client(make_site(clock))
    client.get("/ann")
    assert client.get("/bob").text == "ann"
    clock.advance(timedelta(hours=2))
    assert client.get("/cid").text == "cid"


def test_rotation_gives_another_cookie_to_the_same_session() -> None:
    client = Client(make_site(FakeClock()))
    client.get("/ann")
    before = client.cookies["__Host-session"]
    assert client.get("/bob").text == "ann"
    assert client.cookies["__Host-session"] != before


def test_command_purges_what_is_over(capsys: object) -> None:
    clock = FakeClock()
    app = make_site(clock)
    Client(app).get("/ann")
    clock.advance(timedelta(hours=2))
    command = next(each for each in app.freeze().registered.commands if each.name == "purge-sessions")
    asyncio.run(command.function())
    assert capsys.readouterr().out.endswith("sessions removed: 1\n")  # type: ignore[attr-defined]
