"""F98: `async with transaction()`, and nested ones, which are savepoints."""

from __future__ import annotations

import asyncio

from bistro.db import Database, on_commit, transaction


def test_blocks_nest_and_what_is_undone_takes_nothing_else_along() -> None:
    done: list[str] = []

    async def main() -> list[str]:
        async with Database("sqlite://") as database:
            await database.execute("create table note (title text)")
            async with transaction():
                await database.execute("insert into note values ('outer')")
                await on_commit(lambda: done.append("outer"))
                try:
                    async with transaction():
                        await database.execute("insert into note values ('inner')")
                        await on_commit(lambda: done.append("inner"))
                        raise LookupError
                except LookupError:
                    assert done == []
            return [row[0] for row in await database.fetch("select title from note")]

    assert asyncio.run(main()) == ["outer"]
    assert done == ["outer"]
