"""C2: exit codes are 0 fine, 1 found problems, 2 wrong usage, 78 bad configuration, 130 interrupted."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest

from tests.cli.processes import Running, run_command

pytestmark = pytest.mark.slow

HELLO = 'from bistro import App\napp = App()\n@app.get("/")\ndef hello() -> str:\n    return ""\n'
CLASH = HELLO + '@app.get("/")\ndef other() -> str:\n    return ""\n'


@pytest.mark.parametrize(
    ("site", "words", "env", "code"),
    [
        (HELLO, ["--help"], {}, 0),
        (HELLO, ["--version"], {}, 0),
        (HELLO, ["routes"], {}, 0),
        (HELLO, ["routes", "--why", "/"], {}, 0),
        (HELLO, ["plan", "GET", "/"], {}, 0),
        (HELLO, ["check"], {}, 0),
        (HELLO, ["config"], {}, 0),
        (HELLO, ["inspect"], {}, 0),
        (HELLO, ["completion", "bash"], {}, 0),
        (HELLO, ["new", "shop"], {}, 0),
        (HELLO, ["routes", "--why", "/nowhere"], {}, 1),
        (HELLO, ["plan", "GET", "/nowhere"], {}, 1),
        (HELLO, ["new", "1"], {}, 1),
        (HELLO, ["routes", "--app", "nowhere:app"], {}, 1),
        (HELLO, ["run", "nowhere.py"], {}, 1),
        (CLASH, ["check"], {}, 1),
        (CLASH, ["routes"], {}, 1),
        (CLASH, ["run", "--no-reload", "--port", "0"], {}, 1),
        ("1 / 0", ["inspect"], {}, 1),
        (HELLO, [], {}, 2),
        (HELLO, ["nothing"], {}, 2),
        (HELLO, ["routes", "--nothing"], {}, 2),
        (HELLO, ["run", "--port", "x"], {}, 2),
        (HELLO, ["run", "--workers", "0"], {}, 2),
        (HELLO, ["check", "--level", "x"], {}, 2),
        (HELLO, ["plan", "GET"], {}, 2),
        (HELLO, ["run"], {"PORT": "x"}, 78),
        (HELLO, ["check"], {"ENV": "prodction"}, 78),
        (HELLO, ["check"], {"SECRET_KEY": "short"}, 78),
        (HELLO, ["routes"], {"ENV": "production"}, 78),
        (HELLO, ["config"], {"DEBUG": "perhaps"}, 78),
    ],
)
def test_c02_exit_code(tmp_path: Path, site: str, words: list[str], env: dict[str, str], code: int) -> None:
    (tmp_path / "app.py").write_text(site)
    ended = run_command(words, tmp_path, env)
    assert ended.returncode == code, ended.stderr
    if code > 2:
        assert ended.stderr


def test_c02_interrupted(tmp_path: Path) -> None:
    (tmp_path / "app.py").write_text(HELLO)
    with Running(["run", "--port", "0"], tmp_path) as running:
        running.wait_until_serving()
        running.signal(signal.SIGINT)
        assert running.wait() == 130
