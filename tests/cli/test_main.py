from __future__ import annotations

import subprocess
import sys

import pytest

from bistro import __version__
from bistro.cli.commands import BUILT_IN
from tests.cli.conftest import HELLO, Site
from tests.cli.processes import environment, run_to_end


def test_version_is_printed(site: Site) -> None:
    result = site.run("--version")
    assert (result.code, result.out) == (0, f"bistro {__version__}\n")


def test_help_lists_every_command(site: Site) -> None:
    result = site.run("--help")
    assert result.code == 0
    assert all(f"\n  {name} " in result.out for name in BUILT_IN)
    assert "serve-worker" not in result.out


@pytest.mark.parametrize("name", BUILT_IN)
def test_help_of_every_command_has_an_example(site: Site, name: str) -> None:
    result = site.run(name, "--help")
    assert result.code == 0
    assert f"  bistro {name}" in result.out.partition("Example")[2]


def test_nothing_to_do_shows_the_help_as_wrong_usage(site: Site) -> None:
    assert site.run().code == 2


def test_unknown_command_is_wrong_usage_and_says_which_was_meant(site: Site) -> None:
    result = site.run("rout")
    assert (result.code, result.out) == (2, "")
    assert "Did you mean routes?" in result.err


def test_unknown_option_is_wrong_usage_and_says_which_was_meant(site: Site) -> None:
    result = site.run("routes", "--jsn")
    assert result.code == 2
    assert "--json" in result.err


def test_own_command_is_suggested_too(hello: Site) -> None:
    hello.write(HELLO + "\n@app.command('greet')\ndef greet() -> None: ...\n")
    assert "Did you mean greet?" in hello.run("gret").err


def test_own_commands_are_listed_with_their_help(hello: Site) -> None:
    hello.write(HELLO + "\n@app.command('greet')\ndef greet() -> None:\n    'Say hello.'\n")
    assert "Commands of this app:\n  greet  Say hello." in hello.run("--help").out


def test_help_of_a_broken_app_still_lists_the_built_in_commands(site: Site) -> None:
    site.write("raise RuntimeError('no\\nway')\n")
    result = site.run("--help")
    assert result.code == 0
    assert "\n  routes " in result.out
    assert "RuntimeError" in result.out


def test_app_that_exits_when_imported_does_not_end_the_help(site: Site) -> None:
    site.write("raise SystemExit(9)\n")
    assert site.run("--help").code == 0


def test_exit_code_of_an_own_command_is_what_it_returns(hello: Site) -> None:
    hello.write(HELLO + "\n@app.command('greet')\nasync def greet(name: str) -> int:\n    return len(name)\n")
    assert hello.run("greet", "Ada").code == 3


def test_error_of_an_own_command_shows_the_sites_own_lines_only(hello: Site) -> None:
    hello.write(HELLO + "\n@app.command('fail')\ndef fail() -> None:\n    raise LookupError('gone')\n")
    result = hello.run("fail")
    assert result.code == 1
    assert "LookupError: gone" in result.err
    assert 'app.py", line 12' in result.err
    assert "bistro/cli" not in result.err


def test_ctrl_c_in_an_own_command_ends_with_130(hello: Site) -> None:
    hello.write(HELLO + "\n@app.command('wait')\ndef wait() -> None:\n    raise KeyboardInterrupt\n")
    assert hello.run("wait").code == 130


def test_configuration_that_is_wrong_ends_with_78(site: Site) -> None:
    site.write(
        "from dataclasses import dataclass\nfrom bistro import App\nfrom bistro.ground.config import read_config\n"
        "@dataclass(frozen=True)\nclass ShopConfig:\n    shop_key: int\n"
        "config = read_config(ShopConfig)\napp = App()\n"
    )
    result = site.run("routes")
    assert result.code == 78
    assert "SHOP_KEY is missing" in result.err
    assert "Traceback" not in result.err


def test_error_in_the_sites_file_shows_its_own_traceback(site: Site) -> None:
    site.write("import json\njson.loads('{')\n")
    result = site.run("routes")
    assert result.code == 1
    assert 'app.py", line 2' in result.err
    assert "importlib" not in result.err
    assert "bistro/cli" not in result.err
    assert "AppImportFailed (B702)" in result.err


def test_syntax_error_shows_the_line_and_no_frames(site: Site) -> None:
    site.write("def (\n")
    result = site.run("routes")
    assert result.code == 1
    assert 'app.py", line 1\n    def (' in result.err
    assert "Traceback" not in result.err


def test_clash_of_routes_is_told_without_a_traceback(site: Site) -> None:
    site.write(HELLO + "\n@app.get('/')\ndef second() -> str:\n    return ''\n")
    result = site.run("routes")
    assert result.code == 1
    assert "RouteConflict" in result.err
    assert "app.py:6" in result.err
    assert "app.py:10" in result.err
    assert "Traceback" not in result.err


def test_pipe_that_is_closed_early_is_no_error(hello: Site) -> None:
    command = f'"{sys.executable}" -m bistro inspect | true'
    ended = subprocess.run(
        ["sh", "-c", command],
        cwd=hello.folder,
        env=environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.stderr == ""


def test_module_and_script_are_the_same_command(hello: Site) -> None:
    script = [
        sys.executable,
        "-c",
        "import sys; from bistro.cli.main import main; sys.exit(main())",
        "--help",
    ]
    by_script = subprocess.run(
        script, cwd=hello.folder, env=environment(), capture_output=True, text=True, check=False
    )
    by_module = run_to_end(["--help"], hello.folder)
    assert by_module.returncode == by_script.returncode == 0
    assert by_module.stdout == by_script.stdout


def test_help_loads_the_framework_only_where_there_is_an_app(site: Site) -> None:
    code = "import sys\nfrom bistro.cli.main import main\nmain(['--help'])\nprint(sorted(sys.modules))"
    ended = subprocess.run(
        [sys.executable, "-c", code],
        cwd=site.folder,
        env=environment(),
        capture_output=True,
        text=True,
        check=True,
    )
    loaded = ended.stdout.splitlines()[-1]
    assert "'bistro.app'" not in loaded
    assert "'bistro.serving'" not in loaded
