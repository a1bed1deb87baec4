"""Seeds: functions that may be called again and again."""

from __future__ import annotations

from pathlib import Path

import pytest

from bistro.db import Database
from bistro.migrations import MigrationError
from bistro.migrations.seeding import check_seed, read_seeds, run_seed

SEEDS = """
from bistro.db import get_database, sync

async def seed_once():
    await get_database().execute("delete from note where id = 1")
    await get_database().execute("insert into note values (1, 'one')")

def seed_more():
    sync(get_database().execute("insert into note select max(id) + 1, 'more' from note"))

async def helper():
    raise AssertionError("not a seed")
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "seeds.py"
    path.write_text(SEEDS)
    return path


async def test_functions_run_in_their_order(file: Path, database: Database):
    await database.execute("create table note (id integer, title text)")

    for seed in read_seeds(file):
        await run_seed(seed, database)

    rows = await database.fetch("select title from note order by id")
    assert [row[0] for row in rows] == ["one", "more"]


async def test_one_that_adds_rows_each_time_is_found_and_nothing_is_kept(file: Path, database: Database):
    await database.execute("create table note (id integer, title text)")
    await database.execute("insert into note values (1, 'one')")

    found = [await check_seed(seed, database) for seed in read_seeds(file)]

    assert found == [[], ["note"]]
    assert (await database.fetch("select count(*) from note"))[0][0] == 1


def test_name_that_is_not_there_is_told_with_the_nearest(file: Path):
    with pytest.raises(MigrationError, match=r"no function seed_onse(.|\n)*seed_once"):
        read_seeds(file, ["seed_onse"])
    with pytest.raises(MigrationError, match=r"there is no none\.py beside the app"):
        read_seeds(file.with_name("none.py"))
