"""Sessions in PostgreSQL: one story, and requests of one session at once."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from bistro.app import BaseApp
from bistro.db import create_tables
from bistro.plugins import Database, DatabaseSessions, Session, Sessions, StoredSession
from bistro.testing import AsyncClient, Client, FakeClock
from tests.db.conftest import postgres_database_url, postgres_url

__all__ = ["postgres_database_url", "postgres_url"]  # fixtures
pytestmark = [pytest.mark.service, pytest.mark.usefixtures("as_in_production")]


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def app(postgres_url: str, clock: FakeClock, monkeypatch: pytest.MonkeyPatch) -> BaseApp:
    app = BaseApp(Database(postgres_url), Sessions(DatabaseSessions(), idle=timedelta(hours=1), clock=clock))

    @app.on_start
    async def make() -> None:
        await create_tables(StoredSession)

    @app.get("/put/{key}/{value}")
    async def put(key: str, value: str, session: Session) -> str:
        session[key] = value
        await asyncio.sleep(0)  # others come in between loading and saving
        return value

    @app.get("/all")
    async def show(session: Session) -> dict[str, str]:
        return {key: session[key] for key in sorted(session)}

    @app.get("/log-in/{name}")
    async def log_in(name: str, session: Session) -> str:
        session.owner = name
        return name

    @app.get("/log-out")
    async def log_out(session: Session) -> str:
        session.end()
        return "bye"

    @app.get("/who")
    async def who(session: Session) -> str:
        return session.owner or "nobody"

    return app


@pytest.fixture
def client(app: BaseApp) -> Client:
    return Client(app, base_url="https://localhost")


def test_session_is_kept_renewed_at_log_in_and_worthless_after_log_out(client: Client) -> None:
    with client:
        first = client.get("/put/a/1").cookies["__Host-session"]
        second = client.get("/log-in/ann").cookies["__Host-session"]
        assert first != second
        assert client.get("/all").json() == {"a": "1"}
        assert client.get("/who", headers={"cookie": f"__Host-session={first}"}).text == "nobody"
        client.get("/log-out")
        assert client.get("/who", headers={"cookie": f"__Host-session={second}"}).text == "nobody"


def test_session_expires_and_is_purged(client: Client, clock: FakeClock) -> None:
    with client:
        token = client.get("/put/a/1").cookies["__Host-session"]
        clock.advance(timedelta(minutes=61))
        assert client.get("/all", headers={"cookie": f"__Host-session={token}"}).json() == {}


def test_requests_of_one_session_at_once_lose_no_key(app: BaseApp) -> None:
    async def story() -> dict[str, str]:
        async with AsyncClient(app, base_url="https://localhost") as client:
            await client.get("/put/first/1")
            await asyncio.gather(*(client.get(f"/put/key{number}/{number}") for number in range(12)))
            found: dict[str, str] = (await client.get("/all")).json()
            return found

    assert asyncio.run(story()) == {"first": "1", **{f"key{number}": str(number) for number in range(12)}}
