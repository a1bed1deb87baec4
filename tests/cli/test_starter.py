"""Commands that are forked must be what they are in an interpreter of their own."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.conftest import HELLO
from tests.cli.processes import PATIENCE_SECONDS, run_command, run_to_end
from tests.cli.starter import Starter

TELLING = """
import atexit, os, sys
from bistro import App
app = App()

@app.command("tell")
def tell() -> int:
    print(sys.argv, sys.path[0], os.getcwd(), __name__, sorted(os.environ))
    print([each.isatty() for each in (sys.stdin, sys.stdout, sys.stderr)], sys.stdin.read(), file=sys.stderr)
    atexit.register(print, "ended")
    return 3
"""


@pytest.mark.parametrize(
    ("words", "env"),
    [(["tell"], {"FORCE_COLOR": "1"}), (["routes", "--nothing"], {}), (["check"], {"PORT": "x"})],
)
def test_forked_command_says_and_does_what_it_does_in_an_interpreter_of_its_own(
    tmp_path: Path, words: list[str], env: dict[str, str]
) -> None:
    (tmp_path / "app.py").write_text(TELLING)
    forked, own = run_command(words, tmp_path, env), run_to_end(words, tmp_path, env)
    assert (forked.returncode, forked.stdout, forked.stderr) == (own.returncode, own.stdout, own.stderr)


def test_command_leaves_nothing_to_the_next_one(tmp_path: Path) -> None:
    (tmp_path / "one").mkdir()
    (tmp_path / "one" / "app.py").write_text(HELLO)
    (tmp_path / "two").mkdir()
    (tmp_path / "two" / "app.py").write_text(HELLO.replace("hello", "other"))
    told = [run_command(["routes"], tmp_path / name).stdout for name in ("one", "two", "one")]
    assert ["app.hello" in each for each in told] == [True, False, True]
    assert "app.other" in told[1]


def test_command_that_does_not_end_is_killed_and_the_next_one_runs(tmp_path: Path) -> None:
    (tmp_path / "app.py").write_text("while True: pass")
    starter = Starter()
    with pytest.raises(TimeoutError):
        starter.run(["routes"], tmp_path, {}, 0.1)
    assert starter.run(["--version"], tmp_path, {}, PATIENCE_SECONDS).returncode == 0
    starter.close()
