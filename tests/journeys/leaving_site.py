"""Handlers that wait, and note what becomes of them when their clients leave."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator

from bistro import App, EventStream, Stream

app = App(timeout_seconds=60)
seen: list[str] = []
door = asyncio.Event()


class Transaction:
    """Commits, or rolls back."""


async def transact() -> AsyncIterator[Transaction]:
    try:
        yield Transaction()
    except BaseException:
        seen.append("rolled back")
        raise
    seen.append("committed")


app.provide(Transaction, transact)


@app.get("/seen", blocking=False)
def show_seen() -> list[str]:
    return seen


@app.post("/clear", blocking=False)
def clear() -> None:
    seen.clear()


@app.get("/wait")
async def wait(transaction: Transaction) -> None:
    seen.append("waits")
    try:
        await asyncio.Event().wait()
    finally:
        seen.append("left")


@app.post("/read")
async def read(note: dict[str, int], transaction: Transaction) -> None:
    seen.append("waits")
    try:
        await asyncio.Event().wait()
    finally:
        seen.append("left")


@app.get("/events")
async def events() -> EventStream:
    async def made() -> AsyncIterator[str]:
        seen.append("waits")
        try:
            yield "first"
            await asyncio.Event().wait()
        finally:
            seen.append("left")

    return EventStream(made(), heartbeat_seconds=0.2)


made = {"async": 0, "sync": 0}


@app.get("/made", blocking=False)
def show_made() -> dict[str, int]:
    return made


@app.get("/flood/async")
async def flood() -> Stream:
    async def pieces() -> AsyncIterator[bytes]:
        try:
            while True:
                made["async"] += 1
                yield bytes(1024 * 1024)
        finally:
            seen.append("left")

    return Stream(pieces())


@app.get("/flood/sync")
def flood_sync() -> Stream:
    def pieces() -> Iterator[bytes]:
        try:
            while True:
                made["sync"] += 1
                yield bytes(1024 * 1024)
        finally:
            seen.append("left")

    return Stream(pieces())


@app.get("/durable", cancel_on_disconnect=False)
async def durable(transaction: Transaction) -> None:
    seen.append("waits")
    await door.wait()
    seen.append("done")


@app.post("/open", blocking=False)
def open_door() -> None:
    door.set()


@app.get("/slow", timeout_seconds=0.1)
async def slow(transaction: Transaction) -> None:
    await asyncio.Event().wait()


@app.get("/slow-def", timeout_seconds=0.1)
def slow_def() -> None:
    import time

    time.sleep(3)
