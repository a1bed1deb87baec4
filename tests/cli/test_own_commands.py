from __future__ import annotations

from bistro.cli.own_commands import find_own_commands
from tests.cli.conftest import HELLO, Site


def test_folder_without_app_has_none(site: Site) -> None:
    found = find_own_commands(())
    assert (found.commands, found.problem) == ({}, "")


def test_commands_of_plugins_are_found(site: Site) -> None:
    site.write(
        "from bistro import App\nclass Shop:\n    def install(self, setup):\n"
        "        setup.command('count', print)\n    \napp = App(Shop())\n"
    )
    assert list(find_own_commands(()).commands) == ["count"]


def test_name_that_is_taken_is_left_out_with_a_note(hello: Site) -> None:
    hello.write(
        HELLO + "\n@app.command('run')\ndef run() -> None: ...\n@app.command('b')\ndef b() -> None: ...\n"
    )
    found = find_own_commands(("run",))
    assert list(found.commands) == ["b"]
    assert "The command run is left out: a built-in one" in found.problem


def test_app_that_cannot_start_is_a_note_of_one_line(hello: Site) -> None:
    hello.write(HELLO + "\nclass Store: ...\n@app.get('/a')\ndef a(store: Store) -> None: ...\n")
    found = find_own_commands(())
    assert found.commands == {}
    assert "B302" in found.problem
    assert "\n" not in found.problem


def test_bad_configuration_is_a_note(hello: Site) -> None:
    hello.write("PORT=x\n", ".env")
    assert "B101" in find_own_commands(()).problem
