"""`bistro db make`, `migrate`, `revert`, `status`, `check` and `accept`, as someone types them."""

from __future__ import annotations

import importlib
import json
import sys

import pytest

from bistro.db import Model
from tests.cli.conftest import Site
from tests.cli.processes import run_to_end

APP = """
from bistro import App
from bistro.db import Field, Model, auto, field
from bistro.plugins import Database

app = App(Database())

class Note(Model, table="note"):
    id: Field[int] = auto()
    {fields}
"""
TITLE = "title: Field[str] = field(max_length=120, unique=True)"


@pytest.fixture
def notes(site: Site, monkeypatch: pytest.MonkeyPatch) -> Site:
    """A site with one model; of all models in this process only its own are seen."""
    from bistro.cli.migrations import site as module

    def own_models() -> list[type[Model]]:
        names = vars(sys.modules["app"]) if "app" in sys.modules else {}
        return [each for each in names.values() if hasattr(each, "__table_info__") and each is not Model]

    monkeypatch.setattr(module, "find_models", own_models)
    site.write(APP.format(fields=TITLE))
    return site


def change(site: Site, fields: str) -> None:
    """Write the app anew and forget the one that was imported."""
    site.write(APP.format(fields=fields))
    sys.modules.pop("app", None)
    importlib.invalidate_caches()


def run(site: Site, *arguments: str):
    sys.modules.pop("app", None)
    return site.run("db", *arguments)


def test_make_writes_a_file_that_status_lists_and_migrate_applies(notes: Site):
    made = run(notes, "make")
    assert (made.code, made.out) == (0, "migrations/0001_first.py\n")
    assert "create the table note" in made.err

    status = run(notes, "status")
    assert "0001_first  pending" in status.out
    assert "1 migration to apply" in status.err

    assert run(notes, "migrate").out == "0001_first\n"
    assert "applied" in run(notes, "status").out
    assert "Everything is applied." in run(notes, "migrate").err


def test_everything_speaks_json(notes: Site):
    assert json.loads(run(notes, "make", "--json").out)["operations"] == ["create the table note"]
    assert json.loads(run(notes, "make", "--json").out) == {"file": None, "operations": []}
    assert json.loads(run(notes, "migrate", "--plan", "--json").out)[0]["name"] == "0001_first"
    assert json.loads(run(notes, "migrate", "--json").out) == {"applied": ["0001_first"]}
    status = json.loads(run(notes, "status", "--json").out)
    assert [(each["name"], each["standing"]) for each in status["migrations"]] == [("0001_first", "applied")]
    assert json.loads(run(notes, "check", "--live", "--json").out) == {"missing": [], "drift": []}
    assert json.loads(run(notes, "accept", "0001", "--json").out) == {"accepted": "0001_first"}
    inspected = json.loads(run(notes, "inspect", "note", "--json").out)
    assert [column["name"] for column in inspected["tables"][0]["columns"]] == ["id", "title"]
    assert "class Note(Model" in inspected["models"]
    assert json.loads(run(notes, "dump", "--json").out) is not None
    assert json.loads(run(notes, "revert", "--json").out) == {"reverted": ["0001_first"]}


def test_check_ends_with_1_where_models_ask_for_more_than_migrations_do(notes: Site):
    run(notes, "make")
    assert run(notes, "check").code == 0

    change(notes, f"{TITLE}\n    pinned: Field[bool] = field(default=False)")

    result = run(notes, "check")
    assert result.code == 1
    assert "add the column note.pinned" in result.out


def test_check_live_shows_what_somebody_changed_in_the_database(notes: Site):
    import apsw

    run(notes, "make")
    run(notes, "migrate")
    connection = apsw.Connection(str(notes.folder / "bistro.sqlite3"))
    connection.execute("create index by_hand on note (id)")
    connection.close()

    result = run(notes, "check", "--live")

    assert result.code == 1
    assert "not in the migrations: index by_hand" in result.out


def test_what_looks_like_a_rename_is_not_guessed_where_nobody_can_be_asked(notes: Site):
    run(notes, "make")
    change(notes, TITLE.replace("title", "heading"))

    result = run(notes, "make")
    assert result.code == 1
    assert "--rename note.title=heading, or --no-renames" in result.err
    assert "--expand note.title=heading has both for a while" in result.err

    made = run(notes, "make", "--rename", "note.title=heading")
    assert "rename the column note.title to heading" in made.err


@pytest.mark.parametrize(
    ("flag", "word"), [("--yes", "rename the column"), ("--no-renames", "drop the column")]
)
def test_all_renames_or_none_can_be_said_at_once(notes: Site, flag: str, word: str):
    run(notes, "make")
    change(notes, TITLE.replace("title", "heading").replace(")", ', default="")'))

    result = run(notes, "make", flag)

    assert word in result.err


def test_plan_and_sql_change_nothing(notes: Site):
    run(notes, "make")

    assert "create the table note" in run(notes, "migrate", "--plan").out
    sql = run(notes, "migrate", "--sql").out
    assert sql.startswith("-- 0001_first\nPRAGMA foreign_keys = OFF;")
    assert "BEGIN;\nCREATE TABLE note (" in sql
    assert "pending" in run(notes, "status").out


def test_plan_of_make_prints_the_file_and_writes_none(notes: Site):
    result = run(notes, "make", "--plan")

    assert "CreateTable(" in result.out
    assert not (notes.folder / "migrations").exists()


def test_empty_migration_is_for_work_by_hand(notes: Site):
    run(notes, "make")

    result = run(notes, "make", "--empty", "fill_slugs")

    assert result.out == "migrations/0002_fill_slugs.py\n"
    assert run(notes, "migrate").code == 0


def test_edit_of_an_applied_migration_stops_migrate_until_it_is_accepted(notes: Site):
    run(notes, "make")
    run(notes, "migrate")
    file = notes.folder / "migrations" / "0001_first.py"
    file.write_text(file.read_text().replace("max_length=120", "max_length=121"))
    change(notes, TITLE.replace("120", "121"))

    assert run(notes, "status").code == 1
    assert "0001_first was edited after it was applied" in run(notes, "migrate").err
    assert run(notes, "accept", "0001_first").code == 0
    assert run(notes, "migrate").code == 0


def test_revert_shows_its_plan_and_undoes_the_last_one(notes: Site):
    run(notes, "make")
    run(notes, "migrate")

    assert "drop the table note" in run(notes, "revert", "--plan").out
    assert run(notes, "revert").out == "0001_first\n"
    assert "Nothing is applied." in run(notes, "revert").err


def test_the_commands_work_as_processes(notes: Site):
    assert run_to_end(["db", "make"], notes.folder).stdout == "migrations/0001_first.py\n"
    assert run_to_end(["db", "migrate"], notes.folder).stdout == "0001_first\n"


def test_site_without_a_database_is_told_to_install_it(site: Site, monkeypatch: pytest.MonkeyPatch):
    from bistro.cli.migrations import site as module

    monkeypatch.setattr(module, "find_models", list)
    site.write("from bistro import App\napp = App()\n")

    assert "the site has no database" in run(site, "migrate").err


def test_package_that_no_plugin_brings_is_told_with_those_that_are_there(notes: Site):
    assert "There are: site." in run(notes, "make", "--package", "shop").err


def test_fill_that_is_no_pair_is_a_wrong_use(notes: Site):
    assert run(notes, "make", "--fill", "slug").code == 2


def test_lint_ends_with_1_and_shows_the_way_around(notes: Site):
    run(notes, "make")
    assert "Nothing here stops a site" in run(notes, "lint").err
    change(notes, TITLE.replace("title", "heading"))
    run(notes, "make", "--yes")

    result = run(notes, "lint")

    assert result.code == 1
    assert "rename code that is running asks for note.title" in result.out
    assert "migrations/0002_rename_note_title_heading.py" in result.out
    assert [each["code"] for each in json.loads(run(notes, "lint", "0002", "--json").out)] == ["rename"]


def test_rebase_renames_files_and_keeps_what_the_database_has(notes: Site):
    run(notes, "make")
    change(notes, f"{TITLE}\n    pinned: Field[bool] = field(default=False)")
    run(notes, "make")
    theirs = notes.folder / "migrations" / "0002_add_note_pinned.py"
    text = theirs.read_text()
    theirs.unlink()
    change(notes, f"{TITLE}\n    views: Field[int] = field(default=0)")
    run(notes, "make")
    run(notes, "migrate")
    theirs.write_text(text)

    assert "bistro db rebase 0002_add_note_views" in run(notes, "status").err
    result = run(notes, "rebase", "0002_add_note_views")

    assert result.out == "migrations/0002_add_note_views.py -> 0003_add_note_views.py\n"
    assert run(notes, "migrate").out == "0002_add_note_pinned\n"
    assert "All migrations are in one row." in run(notes, "rebase").err


def test_squash_writes_one_file_for_all(notes: Site):
    run(notes, "make")
    change(notes, f"{TITLE}\n    views: Field[int] = field(default=0)")
    run(notes, "make")
    run(notes, "migrate")

    result = run(notes, "squash")

    assert result.out == "migrations/0002_squashed.py\n"
    assert "Everything is applied." in run(notes, "migrate").err


def test_sql_that_is_run_by_hand_counts_as_applied(notes: Site):
    import apsw

    run(notes, "make")
    change(notes, f"{TITLE}\n    views: Field[int] = field(default=0)")
    run(notes, "make")
    connection = apsw.Connection(str(notes.folder / "bistro.sqlite3"))

    connection.execute(run(notes, "migrate", "--sql").out)
    assert "Everything is applied." in run(notes, "migrate").err
    assert run(notes, "check", "--live").code == 0
    connection.execute(run(notes, "revert", "--sql").out)
    assert run(notes, "migrate").out == "0002_add_note_views\n"
    connection.close()


LOGS = """
from bistro import App
from bistro.db import Database as OpenDatabase, Field, Model, auto
from bistro.plugins import Database

app = App(Database(others={"logs": "sqlite:///logs.sqlite3"}))

class Note(Model, table="note"):
    id: Field[int] = auto()

class Visit(Model, database="logs"):
    id: Field[int] = auto()

@app.command("visit")
async def visit(database: OpenDatabase) -> None:
    await Visit.objects.create()
    print(await Note.objects.count(), await Visit.objects.count())
"""


def test_another_database_has_migrations_of_its_own(notes: Site):
    notes.write(LOGS)

    assert json.loads(run(notes, "make", "--json").out)["operations"] == ["create the table note"]
    made = run(notes, "--database", "logs", "make")
    assert (made.out, made.err.splitlines()[0]) == (
        "migrations/logs/0001_first.py\n",
        "  create the table visit",
    )
    assert run(notes, "migrate").out == "0001_first\n"
    assert run(notes, "--database", "logs", "migrate").out == "logs:0001_first\n"
    for options in ((), ("--database", "logs")):
        assert run(notes, *options, "check", "--live").code == 0
        assert [
            each["standing"]
            for each in json.loads(run(notes, *options, "status", "--json").out)["migrations"]
        ] == ["applied"]

    sys.modules.pop("app", None)
    told = notes.run("visit")
    assert told.out == "0 1\n", told.err


def test_database_that_is_not_there_is_told_with_those_that_are(notes: Site):
    notes.write(LOGS)

    assert "Did you mean logs?" in run(notes, "--database", "log", "status").err


def test_make_without_any_models_says_where_they_are_looked_for(notes: Site, monkeypatch: pytest.MonkeyPatch):
    from bistro.cli.migrations import site as module

    monkeypatch.setattr(module, "find_models", list)
    assert "has no models" in run(notes, "make").err
