"""A process that writes numbers into a SQLite file and prints each one once it is kept.

    python -m tests.faults.writer FILE FIRST COUNT TASKS

COUNT 0 goes on until it is killed.
"""

from __future__ import annotations

import asyncio
import sys
from itertools import count
from pathlib import Path

from bistro.db.drivers.sqlite.driver import SqliteDriver


async def main(path: Path, first: int, total: int, tasks: int) -> None:
    driver = SqliteDriver(path)
    await driver.open()
    numbers = iter(range(first, first + total)) if total else count(first)

    async def write() -> None:
        for number in numbers:
            if number % 3:
                await driver.execute("insert into note (number) values (?)", (number,))
            else:
                transaction = driver.begin()
                await transaction.execute("insert into note (number) values (?)", (number,))
                await asyncio.sleep(0)
                await transaction.execute("insert into pair (number) values (?)", (number,))
                await transaction.commit()
            print(number, flush=True)

    await asyncio.gather(*(write() for _ in range(tasks)))
    await driver.close()


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), *map(int, sys.argv[2:])))
