"""Attacks by names in a database whose tables become models: each name stays a text."""

from __future__ import annotations

import ast
import asyncio

import pytest

from bistro.db import Database
from bistro.migrations.inspecting import read_tables, write_models

HOSTILE = [
    'a"): import os; os.system("id")  #',
    'a"""\nimport os\nos.system(\'id\')\n#',
    "x: int = __import__('os').system('id'); y_id",
    "a\\",
    "a'b\"c",
    "x]: Field[str] = exit()  # _id",
    "\u2028import os",
]
KNOWN = {"Field", "ForeignKey", "Model", "auto", "field"}


async def inspect_tables(quoted: str) -> str:
    async with Database("sqlite://") as database:
        await database.execute(f"CREATE TABLE {quoted} (id INTEGER PRIMARY KEY, {quoted} TEXT)")
        await database.execute("CREATE TABLE parent (id INTEGER PRIMARY KEY)")
        await database.execute(
            f"CREATE TABLE child (id INTEGER PRIMARY KEY, {quoted} INTEGER REFERENCES parent (id))"
        )
        return write_models(await read_tables(database))


@pytest.mark.parametrize("name", HOSTILE)
def test_name_of_a_table_or_column_is_no_code(name: str) -> None:
    tree = ast.parse(asyncio.run(inspect_tables('"' + name.replace('"', '""') + '"')))
    assert {type(each) for each in tree.body} <= {ast.ImportFrom, ast.ClassDef}
    called = {
        each.func.id
        for each in ast.walk(tree)
        if isinstance(each, ast.Call) and isinstance(each.func, ast.Name)
    }
    assert called <= KNOWN
    assert not [each for each in ast.walk(tree) if isinstance(each, ast.Import | ast.Attribute)]
    told = {each.value for each in ast.walk(tree) if isinstance(each, ast.Constant)}
    assert name in told
