"""The script `./run` itself; what it sets up is shown by every test that runs under it."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A copy of what the set-up reads, in a folder with a space in its name."""
    folder = tmp_path / "a checkout"
    shutil.copytree(ROOT / "requirements", folder / "requirements")
    for name in ("run", "pyproject.toml", "tools/link_checkout.py"):
        (folder / name).parent.mkdir(exist_ok=True)
        shutil.copy2(ROOT / name, folder / name)
    (folder / "bistro" / "cli").mkdir(parents=True)
    (folder / "bistro" / "testing").mkdir(parents=True)
    return folder


def run(checkout: Path, *words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [checkout / "run", *words],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
        env={"PATH": os.environ["PATH"], "HOME": str(checkout.parent)} | environment,
    )


def write_program(file: Path, text: str) -> Path:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(f"#!/bin/sh\n{text}")
    file.chmod(0o755)
    return file


def test_script_is_valid_for_a_plain_posix_shell() -> None:
    shell = shutil.which("dash") or "sh"
    subprocess.run([shell, "-n", ROOT / "run"], check=True)


def test_script_can_be_executed() -> None:
    assert os.access(ROOT / "run", os.X_OK)
    assert os.access(ROOT / ".ci" / "run", os.X_OK)


def test_help_names_every_command() -> None:
    shown = run(ROOT, "help").stdout
    commands = re.findall(r"^        ([a-z]+)(?: \| ([a-z]+))?\)", (ROOT / "run").read_text(), re.MULTILINE)
    named = {name for pair in commands for name in pair if name and name != "help"}
    assert named >= {"demo", "test", "check", "format", "house", "features", "bench", "docs", "lock"}
    assert all(re.search(rf"^  {name}\b", shown, re.MULTILINE) for name in named)


def test_unknown_command_is_wrong_usage() -> None:
    done = run(ROOT, "tests")
    assert done.returncode == 2
    assert "there is no command 'tests'" in done.stderr


def test_unknown_benchmark_is_wrong_usage() -> None:
    assert run(ROOT, "bench", "no_such").returncode == 2


def test_python_that_is_too_old_is_refused_before_anything_is_made(checkout: Path) -> None:
    old = write_program(checkout.parent / "old", "exit 1\n")
    done = run(checkout, "setup", PYTHON=str(old))
    assert done.returncode == 1
    assert "is not a Python 3.11 or newer" in done.stderr
    assert not (checkout / ".venv").exists()


# Stands in for Python: tells pip's settings, and "installs" a uv that writes down what it was given.
FAKE_PYTHON = r"""
case "$*" in
  *"pip config list"*) cat "$HOME/pip-settings" ;;
  *"pip install"*) mkdir -p .tools/bin; cp "$HOME/uv" .tools/bin/uv ;;
esac
"""
FAKE_UV = r"""
case "$*" in
  venv*)
    for folder; do :; done
    mkdir -p "$folder/bin"
    printf '#!/bin/sh\necho "$0 $*" >>"$HOME/asked"\n' >"$folder/bin/python"
    chmod +x "$folder/bin/python" ;;
  *sync*) env | grep -E '^(UV_|SSL_CERT_FILE|ALL_PROXY)' >"$HOME/seen" ;;
esac
"""


@pytest.fixture
def fakes(checkout: Path) -> Path:
    """The home folder in which the fake python and uv stand."""
    home = checkout.parent
    write_program(home / "python", FAKE_PYTHON)
    write_program(home / "uv", FAKE_UV)
    (home / "pip-settings").write_text("")
    return home


def settings_seen(checkout: Path, fakes: Path, pip_settings: str, **environment: str) -> dict[str, str]:
    (fakes / "pip-settings").write_text(pip_settings)
    done = run(checkout, "setup", PYTHON=str(fakes / "python"), **environment)
    assert done.returncode == 0, done.stderr
    return dict(line.split("=", 1) for line in (fakes / "seen").read_text().splitlines())


def test_index_of_pip_is_handed_on_to_uv(checkout: Path, fakes: Path) -> None:
    seen = settings_seen(checkout, fakes, "global.index-url='http://mirror.example/a'\n")
    assert seen["UV_DEFAULT_INDEX"] == "http://mirror.example/a"


def test_environment_of_pip_beats_its_files(checkout: Path, fakes: Path) -> None:
    settings = ":env:.index-url='http://env.example'\nglobal.index-url='http://file.example'\n"
    assert settings_seen(checkout, fakes, settings)["UV_DEFAULT_INDEX"] == "http://env.example"


def test_setting_made_for_uv_beats_those_of_pip(checkout: Path, fakes: Path) -> None:
    settings = "global.index-url='http://pip.example'\n"
    seen = settings_seen(checkout, fakes, settings, UV_DEFAULT_INDEX="http://uv.example")
    assert seen["UV_DEFAULT_INDEX"] == "http://uv.example"


def test_further_indexes_are_handed_on_and_weighed_as_pip_does(checkout: Path, fakes: Path) -> None:
    seen = settings_seen(checkout, fakes, r"global.extra-index-url='\nfile:///a\nfile:///b'" + "\n")
    assert seen["UV_INDEX"] == "file:///a file:///b"
    assert seen["UV_INDEX_STRATEGY"] == "unsafe-best-match"


def test_certificate_links_and_proxy_are_handed_on(checkout: Path, fakes: Path) -> None:
    settings = (
        "global.cert='/etc/ca.pem'\nglobal.find-links='/a /b'\nglobal.proxy='http://proxy.example:3128'\n"
    )
    seen = settings_seen(checkout, fakes, settings)
    assert (seen["SSL_CERT_FILE"], seen["UV_FIND_LINKS"]) == ("/etc/ca.pem", "/a,/b")
    assert seen["ALL_PROXY"] == "http://proxy.example:3128"


def test_second_start_installs_nothing(checkout: Path, fakes: Path) -> None:
    settings_seen(checkout, fakes, "")
    (fakes / "seen").unlink()
    done = run(checkout, "setup")
    assert (done.returncode, done.stderr) == (0, "")
    assert not (fakes / "seen").exists()


def test_changed_lock_is_installed_at_the_next_start(checkout: Path, fakes: Path) -> None:
    settings_seen(checkout, fakes, "")
    (fakes / "seen").unlink()
    with (checkout / "requirements" / "dev.txt").open("a") as file:
        file.write("# changed\n")
    run(checkout, "setup")
    assert (fakes / "seen").exists()


def test_settings_of_pip_are_handed_on_at_later_starts_as_well(checkout: Path, fakes: Path) -> None:
    """uv makes venvs without pip, so the venv's own Python can't be asked for pip's settings."""
    settings_seen(checkout, fakes, "global.index-url='http://mirror.example'\n")
    with (checkout / "requirements" / "dev.txt").open("a") as file:
        file.write("# changed\n")
    fakes.joinpath("python3").symlink_to(fakes / "python")
    run(checkout, "setup", PATH=f"{fakes}:{os.environ['PATH']}")
    assert "http://mirror.example" in (fakes / "seen").read_text()


def test_another_python_makes_the_venv_anew(checkout: Path, fakes: Path) -> None:
    settings_seen(checkout, fakes, "")
    mark = checkout / ".venv" / "mark"
    mark.write_text("")
    shutil.copy2(fakes / "python", fakes / "other")
    assert run(checkout, "setup", PYTHON=str(fakes / "python")).returncode == 0
    assert mark.exists()
    assert run(checkout, "setup", PYTHON=str(fakes / "other")).returncode == 0
    assert not mark.exists()


def test_moved_folder_is_set_up_anew(checkout: Path, fakes: Path) -> None:
    settings_seen(checkout, fakes, "")
    (fakes / "seen").unlink()
    moved = checkout.rename(checkout.parent / "moved")
    run(moved, "setup")
    assert (fakes / "seen").exists()


def test_pip_takes_over_where_uv_fails(checkout: Path, fakes: Path) -> None:
    write_program(fakes / "uv", "echo uv: no >&2; exit 1\n")
    write_program(
        fakes / "python",
        FAKE_PYTHON.replace("esac", '*"-m venv"*) mkdir -p .venv/bin; cp "$0" .venv/bin/python ;;\nesac')
        + 'echo "$@" >>"$HOME/calls"\n',
    )
    done = run(checkout, "setup", PYTHON=str(fakes / "python"))
    assert done.returncode == 0, done.stderr
    assert "trying Python's own venv and pip" in done.stderr
    assert "--require-hashes -r requirements/dev.txt" in (fakes / "calls").read_text()


def words_for_pytest(fakes: Path, folder: str = ".venv") -> list[str]:
    """What pytest was given under the Python of a folder, each time."""
    asked = [line.partition(" -m pytest ") for line in (fakes / "asked").read_text().splitlines()]
    return [words for python, _, words in asked if words and python == f"{folder}/bin/python"]


QUICK = "-m not timed and not slow and not browser and not service"


@pytest.mark.parametrize(
    ("words", "asked"), [([], f"-n auto {QUICK}"), (["tests/http"], f"{QUICK} tests/http")]
)
def test_quick_run_leaves_out_what_takes_long(
    checkout: Path, fakes: Path, words: list[str], asked: str
) -> None:
    settings_seen(checkout, fakes, "")
    run(checkout, "test", "--quick", *words)
    assert words_for_pytest(fakes) == [asked]


def test_other_pythons_leave_out_what_says_the_same_on_each(checkout: Path, fakes: Path) -> None:
    write_program(fakes / "bin" / "python3.12", 'case "$2" in *print*) echo 3.12 ;; esac\n')
    settings_seen(checkout, fakes, "")
    run(checkout, "test", "--all-pythons", PATH=f"{fakes / 'bin'}:/usr/bin:/bin")
    first, other = (words_for_pytest(fakes, folder) for folder in (".venv", ".venvs/3.12"))
    once = " and not browser and not one_python"
    assert first == ["-n auto -m not timed", "-m timed"]
    assert other == [f"-n auto -m not timed{once}", f"-m timed{once}"]
