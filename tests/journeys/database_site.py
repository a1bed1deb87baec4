"""A site whose requests are transactions, in `async` and in plain handlers."""

from __future__ import annotations

import asyncio

from bistro import App, Json, Response
from bistro.db import Database as OpenDatabase
from bistro.db import get_database, sync, transaction
from bistro.plugins import Database

app = App(Database())
wsgi = app.wsgi
INSERT = "insert into note (title) values (?)"


@app.on_start
async def create() -> None:
    await get_database().execute("create table if not exists note (title text unique)")


@app.get("/notes/{title}")
async def count(title: str, database: OpenDatabase) -> int:
    rows = await database.fetch("select count(*) from note where title like ?", (f"{title}%",))
    return int(rows[0][0])


@app.get("/plain/{title}")
def count_plainly(title: str, database: OpenDatabase) -> int:
    rows = sync(database.fetch("select count(*) from note where title like ?", (f"{title}%",)))
    return int(rows[0][0])


@app.post("/notes/{title}/{status:int}")
async def add(title: str, status: int, database: OpenDatabase) -> Response:
    await database.execute(INSERT, (f"{title} 1",))
    async with transaction():
        await database.execute(INSERT, (f"{title} 2",))
    return Json({}, status=status)


@app.post("/plain/{title}/{status:int}")
def add_plainly(title: str, status: int, database: OpenDatabase) -> Response:
    sync(database.execute(INSERT, (f"{title} 1",)))
    with transaction():
        sync(database.execute(INSERT, (f"{title} 2",)))
    return Json({}, status=status)


@app.post("/slow/{title}")
async def add_slowly(title: str, database: OpenDatabase) -> None:
    await database.execute(INSERT, (title,))
    await asyncio.sleep(60)
