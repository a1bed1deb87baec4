"""Several clients of one app: two visitors of one site, a browser and a client that looks on."""

from __future__ import annotations

import asyncio
import gc
import threading
import urllib.request
from collections.abc import AsyncIterator

import pytest

from bistro import App
from bistro.db import Field, Model, auto, create_tables, field
from bistro.plugins import Database
from bistro.testing import AsyncClient, Client, LiveServer


class Note(Model):
    id: Field[int] = auto()
    title: Field[str] = field(max_length=20)


class Site:
    """A site with a database in memory, and what happened to it."""

    def __init__(self) -> None:
        self.log: list[str] = []
        self.app = app = App(Database(), defaults=False)

        @app.lifespan
        async def keep() -> AsyncIterator[None]:
            self.log.append("start")
            await create_tables(Note)
            yield
            self.log.append("stop")

        @app.get("/notes")
        async def count_notes() -> int:
            return await Note.objects.count()

        @app.post("/notes")
        async def create_note(new: Note.Create) -> Note:
            return await Note.objects.create(new)


@pytest.fixture
def site(monkeypatch: pytest.MonkeyPatch) -> Site:
    monkeypatch.setenv("BISTRO_ENV", "testing")
    monkeypatch.delenv("TEST_DATABASE_URL", raising=False)
    return Site()


def test_two_clients_see_one_database(site: Site) -> None:
    # Each had an event loop and a start of its own, and the database belonged to the later one: the
    # earlier waited for ever, or found that the file was gone.
    with Client(site.app) as anna, Client(site.app) as bert:
        anna.post("/notes", json={"title": "Milk"})

        assert bert.get("/notes").json() == anna.get("/notes").json() == 1


def test_the_first_client_starts_the_app_and_the_last_one_stops_it(site: Site) -> None:
    with Client(site.app) as anna:
        with Client(site.app) as bert:
            bert.post("/notes", json={"title": "Milk"})
        assert site.log == ["start"]
        assert anna.get("/notes").json() == 1
    assert site.log == ["start", "stop"]


def test_the_one_that_started_the_app_may_go_first(site: Site) -> None:
    anna, bert = Client(site.app), Client(site.app)
    anna.post("/notes", json={"title": "Milk"})
    bert.get("/notes")
    anna.close()

    assert bert.get("/notes").json() == 1
    bert.close()
    assert site.log == ["start", "stop"]


def test_clients_one_after_the_other_get_a_start_each_and_an_empty_database(site: Site) -> None:
    for _ in range(2):
        with Client(site.app) as client:
            client.post("/notes", json={"title": "Milk"})
            assert client.get("/notes").json() == 1

    assert site.log == ["start", "stop"] * 2


def test_clients_keep_their_cookies_to_themselves(site: Site) -> None:
    with Client(site.app, cookies={"name": "anna"}) as anna, Client(site.app) as bert:
        assert "name" in anna.cookies
        assert "name" not in bert.cookies


def test_a_start_that_fails_is_tried_again_by_the_next_client(site: Site) -> None:
    faults = [OSError("no disk")]

    @site.app.on_start
    async def fail_once() -> None:
        if faults:
            raise faults.pop()

    first, second = Client(site.app), Client(site.app)
    with pytest.raises(OSError, match="no disk"):
        first.get("/notes")

    assert second.get("/notes").json() == 0
    first.close()
    second.close()
    assert site.log == ["start", "stop", "start", "stop"]


def test_no_thread_is_left_by_many_clients(site: Site) -> None:
    before = threading.active_count()
    with Client(site.app), Client(site.app), Client(site.app):
        pass
    assert threading.active_count() == before


def test_a_forgotten_client_lets_the_others_go_on(site: Site) -> None:
    with Client(site.app) as anna:
        forgotten = Client(site.app)
        forgotten.post("/notes", json={"title": "Milk"})
        del forgotten
        gc.collect()
        assert anna.get("/notes").json() == 1
    assert site.log == ["start", "stop"]


def test_a_live_server_and_a_client_show_the_same_site(site: Site) -> None:
    with Client(site.app) as client, LiveServer(site.app) as server:
        client.post("/notes", json={"title": "Milk"})
        with urllib.request.urlopen(f"{server.url}/notes") as answer:
            assert answer.read() == b"1"
    assert site.log == ["start", "stop"]


def test_async_clients_of_one_loop_share_a_start(site: Site) -> None:
    async def ask() -> list[object]:
        async with AsyncClient(site.app) as anna:
            async with AsyncClient(site.app) as bert:
                await bert.post("/notes", json={"title": "Milk"})
            answer = await anna.get("/notes")
            return [answer.json(), *site.log]

    assert asyncio.run(ask()) == [1, "start"]
    assert site.log == ["start", "stop"]


def test_async_clients_that_start_at_once_start_the_app_once(site: Site) -> None:
    together = asyncio.Barrier(5)

    async def visit() -> None:
        async with AsyncClient(site.app) as client:
            await together.wait()
            assert (await client.get("/notes")).json() == 0

    async def visit_at_once() -> None:
        await asyncio.gather(*(visit() for _ in range(5)))

    asyncio.run(visit_at_once())
    assert site.log == ["start", "stop"]
