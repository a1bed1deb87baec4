"""F104: migrations lock as little as they can, and lint finds what would lock for long."""

from __future__ import annotations

import importlib.util
import secrets
from pathlib import Path
from typing import Any

import pytest

from bistro.db import DatabaseError
from bistro.testing import Client
from tests.db.conftest import postgres_database_url, postgres_url  # noqa: F401 - fixtures
from tests.features.migration_support import Site

HANDLERS = """
@app.post("/notes")
async def add() -> Note:
    return await Note.objects.create(title="Home")
"""


# Any: a module, whose names are its own.
def import_file(file: Path) -> Any:
    spec = importlib.util.spec_from_file_location(f"released_{secrets.token_hex(4)}", file)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_f104_lint_finds_what_stops_a_site(tmp_path: Path) -> None:
    site = Site(tmp_path)
    site.write("title: Field[str]", "views: Field[int] = field(bits=32)")
    site.run("make")
    site.write("title: Field[str]", "views: Field[int]")
    site.run("make")

    (hazard,) = site.ask("lint", code=1)

    assert hazard["lock"] == "ACCESS EXCLUSIVE"
    assert "written anew" in hazard["what"]


def test_f104_released_code_bears_a_rename_in_two_steps(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    site = Site(tmp_path)
    site.write("title: Field[str]")
    site.run("make")
    (tmp_path / "released.py").write_text((tmp_path / "app.py").read_text() + HANDLERS)
    site.write("heading: Field[str]")
    site.run("make", "--expand", "note.title=heading")
    monkeypatch.setenv("TEST_MIGRATIONS", str(tmp_path / "migrations"))

    released = import_file(tmp_path / "released.py")
    with Client(released.app) as client:
        assert client.post("/notes").json() == {"id": 1, "title": "Home"}

    assert site.run("check")
    assert site.ask("status")["linked"] == [{"table": "note", "old": "title", "new": "heading"}]
    assert site.ask("make", "--contract")["name"] == "0003_contract_note_title_heading"
    with Client(import_file(tmp_path / "released.py").app) as client, pytest.raises(DatabaseError):
        client.post("/notes")


@pytest.mark.service
def test_f104_an_index_is_built_while_others_write(tmp_path: Path, postgres_url: str) -> None:  # noqa: F811 - a fixture
    site = Site(tmp_path, postgres_url)
    site.write("title: Field[str]")
    site.run("make")
    site.run("migrate")
    site.write("title: Field[str] = field(index=True)")
    site.run("make")

    (plan,) = site.ask("migrate", "--plan")
    site.run("migrate")

    assert [(step["how"], step["lock"]) for step in plan["steps"]] == [("alone", "SHARE UPDATE EXCLUSIVE")]
    assert "CONCURRENTLY" in plan["steps"][0]["sql"]
    site.run("check", "--live")
