"""PostgreSQL dies, or is slow, while a site is being used."""

from __future__ import annotations

import asyncio
import shutil
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from bistro import App
from bistro.db import Database as OpenDatabase
from bistro.plugins import Database, Health
from bistro.testing import AsyncClient
from tests.db.conftest import postgres_database_url, postgres_url  # noqa: F401 - fixtures
from tests.faults.cluster import Cluster, find_binaries

pytestmark = [pytest.mark.usefixtures("as_in_production"), pytest.mark.service, pytest.mark.slow]


@pytest.fixture
def cluster(services_required: bool) -> Iterator[Cluster]:
    binaries = find_binaries()
    if binaries is None:
        if services_required:
            pytest.fail("no PostgreSQL is installed, and BISTRO_REQUIRE_SERVICES=1")
        pytest.skip("no PostgreSQL is installed")
    folder = Path(tempfile.mkdtemp(prefix="bistro-cluster-"))
    try:
        cluster = Cluster(binaries, folder)
        cluster.start()
        yield cluster
        cluster.stop()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def site(url: str, **options: Any) -> App:
    plugin = Database(url, **options)
    app = App(plugin, Health(watch=[plugin]), defaults=False)

    @app.post("/notes/{number:int}")
    async def add(number: int, database: OpenDatabase) -> None:
        await database.execute("insert into note (number) values ($1)", (number,))

    @app.get("/notes/{number:int}")
    async def show(number: int, database: OpenDatabase) -> int:
        return len(await database.fetch("select 1 from note where number = $1", (number,)))

    @app.get("/slow")
    async def slow(database: OpenDatabase) -> None:
        await database.fetch("select pg_sleep(0.5)")

    return app


@pytest.mark.timed
async def test_a_restart_under_load_gives_only_answers_that_say_so_and_loses_nothing(
    cluster: Cluster,
) -> None:
    statuses: Counter[int] = Counter()
    kept: list[int] = []
    is_over = asyncio.Event()
    numbers = iter(range(1_000_000))

    async def use(client: AsyncClient) -> None:
        while not is_over.is_set():
            number = next(numbers)
            answer = await client.post(f"/notes/{number}")
            statuses[answer.status] += 1
            if answer.status == 204:
                kept.append(number)
            else:
                assert answer.headers["retry-after"] == "1"
            statuses[(await client.get(f"/notes/{number}")).status] += 1
            await asyncio.sleep(0.005)

    async with OpenDatabase(cluster.url) as database:
        await database.execute("create table note (number int primary key)")
    async with AsyncClient(site(cluster.url)) as client:
        users = [asyncio.create_task(use(client)) for _ in range(8)]
        await until(lambda: len(kept) > 50)
        await asyncio.to_thread(cluster.stop)
        await until(lambda: statuses[503] > 20)
        assert (await client.get("/readyz")).status == 503
        assert (await client.get("/livez")).status == 200
        await asyncio.to_thread(cluster.start)
        began, before = time.monotonic(), len(kept)
        await until(lambda: len(kept) > before)
        recovered_seconds = time.monotonic() - began
        await until(lambda: len(kept) > before + 50)
        is_over.set()
        await asyncio.gather(*users)
    assert set(statuses) <= {200, 204, 503}
    assert recovered_seconds < 1.0
    async with OpenDatabase(cluster.url) as database:
        stored = {row[0] for row in await database.fetch("select number from note")}
    assert set(kept) <= stored


@pytest.mark.timed
async def test_a_pool_that_is_used_up_is_told_in_time_and_keeps_nobody_else_waiting(
    postgres_url: str,  # noqa: F811
) -> None:
    app = site(postgres_url, connections_max=2, wait_seconds_max=0.2)

    async def timed(client: AsyncClient, path: str) -> tuple[int, float]:
        began = time.monotonic()
        return (await client.get(path)).status, time.monotonic() - began

    async with AsyncClient(app) as client:
        slow = [asyncio.create_task(timed(client, "/slow")) for _ in range(20)]
        await asyncio.sleep(0)
        health = await timed(client, "/livez")
        results = await asyncio.gather(*slow)
        assert Counter(status for status, _ in results) == {204: 2, 503: 18}
        assert max(seconds for status, seconds in results if status == 503) < 1.0
        assert health[0] == 200
        assert health[1] < 0.1
        assert (await timed(client, "/slow"))[0] == 204


async def until(condition: Any) -> None:
    async with asyncio.timeout(30):
        while not condition():
            await asyncio.sleep(0.01)
