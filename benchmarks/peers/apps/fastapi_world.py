"""TechEmpower's cases by FastAPI with SQLAlchemy's asynchronous ORM, a session for each request."""

from __future__ import annotations

from fastapi import FastAPI
from fastapi.responses import PlainTextResponse
from sqlalchemy.ext.asyncio import AsyncSession, create_async_engine

from benchmarks.peers.apps.numbers import CONNECTIONS, one, some, url_for
from benchmarks.peers.apps.sqlalchemy_world import World

engine = create_async_engine(
    url_for({"postgresql": "postgresql+asyncpg", "sqlite": "sqlite+aiosqlite"}), pool_size=CONNECTIONS
)
app = FastAPI()


@app.get("/plaintext", response_class=PlainTextResponse)
async def plaintext():
    return "Hello, World!"


@app.get("/db")
async def db():
    async with AsyncSession(engine) as session:
        return (await session.get(World, one())).answer()


@app.get("/queries")
async def queries(queries: str = "1"):
    async with AsyncSession(engine) as session:
        return [(await session.get(World, number)).answer() for number in some(queries)]


@app.get("/updates")
async def updates(queries: str = "1"):
    async with AsyncSession(engine, expire_on_commit=False) as session:
        worlds = [await session.get(World, number) for number in some(queries)]
        for world in worlds:
            world.randomnumber = one()
        await session.commit()
        return [world.answer() for world in worlds]
