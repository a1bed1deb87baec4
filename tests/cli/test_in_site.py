"""Commands that ask for what the site provides."""

from __future__ import annotations

import subprocess
import sys

import pytest
from click.testing import CliRunner, Result

from bistro.cli.own_commands import find_own_commands
from tests.cli.conftest import Site
from tests.cli.processes import environment

NOTES = """
from collections.abc import AsyncIterator, Iterator
from bistro import App, Request
from bistro.db import Database as OpenDatabase, Field, Model, auto, create_tables, sync
from bistro.plugins import Database

class Note(Model):
    id: Field[int] = auto()
    title: Field[str]

class Shelf:
    def __init__(self, name): self.name = name

class Visitor: ...

app = App(Database("sqlite://"))

@app.on_start
async def make() -> None:
    await create_tables(Note)
    print("started")

@app.on_stop
def stop() -> None:
    print("stopped")

async def open_shelf(database: OpenDatabase) -> AsyncIterator[Shelf]:
    yield Shelf(database.dialect)
    print("shelf closed")

app.provide(Shelf, open_shelf)

def find_visitor(request: Request) -> Visitor:
    return Visitor()

app.provide(Visitor, find_visitor)
"""
ADD = """
@app.command("add")
async def add(title: str, database: OpenDatabase, times: int = 1) -> int:
    for _ in range(times):
        await Note.objects.create(title=title)
    print(await Note.objects.count(), database.dialect)
    return 3
"""
ADD_IN_PLACE = """
@app.command("add")
def add(title: str, shelf: Shelf) -> None:
    sync(Note.objects.create(title=title))
    print(sync(Note.objects.count()), shelf.name)
"""


def run(site: Site, source: str, *words: str) -> Result:
    site.write(NOTES + source)
    command = find_own_commands(()).commands["add"]
    return CliRunner().invoke(command, list(words), standalone_mode=False)


def test_an_async_command_gets_the_database_which_its_models_use_too(site: Site) -> None:
    result = run(site, ADD, "milk", "--times", "2")
    assert result.exception is None, result.output
    assert result.output == "started\n2 sqlite\nstopped\n"
    assert result.return_value == 3


def test_a_def_command_waits_with_sync_and_what_was_opened_for_it_is_closed(site: Site) -> None:
    result = run(site, ADD_IN_PLACE, "milk")
    assert result.exception is None, result.output
    assert result.output == "started\n1 sqlite\nshelf closed\nstopped\n"


def test_what_it_raises_leaves_after_the_site_has_stopped(site: Site) -> None:
    result = run(site, ADD.replace("return 3", "raise LookupError('no milk')"), "milk")
    assert isinstance(result.exception, LookupError)
    assert result.output.endswith("stopped\n")


def test_what_is_provided_is_no_argument(site: Site) -> None:
    site.write(NOTES + ADD)
    command = find_own_commands(()).commands["add"]
    assert [each.name for each in command.params] == ["title", "times"]


def test_what_only_a_request_has_is_refused_with_the_provider(site: Site) -> None:
    source = "@app.command('add')\ndef add(visitor: Visitor) -> None: ...\n"
    result = run(site, source)
    assert result.exception is not None
    assert "Visitor can't be had outside of a request: its provider asks for request" in str(result.exception)


def test_a_command_that_asks_for_nothing_does_not_start_the_site(site: Site) -> None:
    result = run(site, "@app.command('add')\ndef add() -> None:\n    print('alone')\n")
    assert result.output == "alone\n"


@pytest.mark.slow
def test_log_of_the_site_is_not_among_what_a_command_prints(site: Site) -> None:
    site.write(NOTES + ADD, "app.py")
    ended = subprocess.run(
        [sys.executable, "-m", "bistro", "add", "tea"],
        cwd=site.folder,
        env=environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    assert (ended.stdout, ended.returncode) == ("started\n1 sqlite\nstopped\n", 3)
    assert '"logger":"bistro.sql"' in ended.stderr


@pytest.mark.parametrize("word", ["async def", "def"])
def test_a_command_that_ends_with_a_sentence_lets_the_site_stop(site: Site, word: str) -> None:
    # An async one ended the event loop with it: the site was not stopped, and forty lines of traceback came out.
    source = (
        f"@app.command('add')\n{word} add(shelf: Shelf) -> None:\n    raise SystemExit('There is no tea.')\n"
    )
    result = run(site, source)
    assert isinstance(result.exception, SystemExit), result.exception
    assert result.exit_code == 1
    assert result.output == "started\nshelf closed\nstopped\nThere is no tea.\n"
