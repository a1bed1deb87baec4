"""TechEmpower's cases by Bistro's models (`app`), and by asyncpg alone on Bistro's server (`by_hand`)."""

from __future__ import annotations

from collections.abc import AsyncIterator

import asyncpg

from benchmarks.peers.apps.numbers import CONNECTIONS, URL, one, some
from bistro import App
from bistro.db import Field, Model, field
from bistro.plugins import Database


class World(Model, table="world"):
    id: Field[int] = field(primary_key=True)
    randomnumber: Field[int]


app = App(Database(URL, connections_max=CONNECTIONS), defaults=False)
by_hand = App(defaults=False)


@app.get("/plaintext")
@by_hand.get("/plaintext")
async def plaintext() -> str:
    return "Hello, World!"


@app.get("/db")
async def db() -> World:
    return await World.objects.get(World.id == one())


@app.get("/queries")
async def queries(queries: str = "1") -> list[World]:
    return [await World.objects.get(World.id == number) for number in some(queries)]


@app.get("/updates")
async def updates(queries: str = "1") -> list[World]:
    worlds = [await World.objects.get(World.id == number) for number in some(queries)]
    for world in worlds:
        world.randomnumber = one()
    await World.objects.bulk_update(worlds, World.randomnumber)
    return worlds


READ = "SELECT id, randomnumber FROM world WHERE id = $1"
WRITE = (
    "UPDATE world SET randomnumber = rows.randomnumber "
    "FROM unnest($1::int[], $2::int[]) AS rows(id, randomnumber) WHERE world.id = rows.id"
)


pools: list[asyncpg.Pool] = []


@by_hand.lifespan
async def open_pool() -> AsyncIterator[None]:
    async with asyncpg.create_pool(URL, min_size=CONNECTIONS, max_size=CONNECTIONS) as pool:
        pools.append(pool)
        yield


@by_hand.get("/db")
async def db_by_hand() -> dict[str, int]:
    row = await pools[0].fetchrow(READ, one())
    return {"id": row["id"], "randomnumber": row["randomnumber"]}


@by_hand.get("/queries")
async def queries_by_hand(queries: str = "1") -> list[dict[str, int]]:
    async with pools[0].acquire() as connection:
        rows = [await connection.fetchrow(READ, number) for number in some(queries)]
    return [{"id": row["id"], "randomnumber": row["randomnumber"]} for row in rows]


@by_hand.get("/updates")
async def updates_by_hand(queries: str = "1") -> list[dict[str, int]]:
    async with pools[0].acquire() as connection:
        rows = [await connection.fetchrow(READ, number) for number in some(queries)]
        changed = [{"id": row["id"], "randomnumber": one()} for row in rows]
        keys, numbers = [each["id"] for each in changed], [each["randomnumber"] for each in changed]
        await connection.execute(WRITE, keys, numbers)
    return changed
