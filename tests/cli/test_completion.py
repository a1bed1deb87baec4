from __future__ import annotations

import shutil
import subprocess

import pytest

from tests.cli.conftest import HELLO, Site
from tests.cli.processes import run_command


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_script_asks_bistro_itself(site: Site, shell: str) -> None:
    result = site.run("completion", shell)
    assert result.code == 0
    assert "_BISTRO_COMPLETE=" in result.out


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_script_is_valid_in_its_shell(site: Site, shell: str) -> None:
    program = shutil.which(shell)
    if program is None:
        pytest.skip(f"{shell} is not installed")
    script = site.run("completion", shell).out
    assert subprocess.run([program, "-n"], input=script, text=True, check=False).returncode == 0


def test_unknown_shell_is_wrong_usage(site: Site) -> None:
    assert site.run("completion", "csh").code == 2


def complete(site: Site, words: str) -> list[str]:
    env = {
        "_BISTRO_COMPLETE": "bash_complete",
        "COMP_WORDS": words,
        "COMP_CWORD": str(len(words.split()) - 1),
    }
    return run_command([], site.folder, env).stdout.splitlines()


def test_commands_are_completed_with_those_of_the_app(hello: Site) -> None:
    hello.write(HELLO + "\n@app.command('rename')\ndef rename() -> None: ...\n")
    assert complete(hello, "bistro r") == ["plain,run", "plain,routes", "plain,rename"]


def test_options_are_completed(site: Site) -> None:
    assert "plain,--workers" in complete(site, "bistro run --w")
