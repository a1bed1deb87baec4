"""What a site may not start with: `bistro run` says what, where (both places where there are two) and how to fix."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

HEAD = "from bistro import App, Proceed, Request, Response\n\napp = App()\n\n"

CLASH = """
@app.get("/items/{id}")
async def show_item(id: str) -> str:
    return id


@app.get("/items/{name}")
async def edit_item(name: str) -> str:
    return name
"""

NOBODY = """
class Mailer:
    pass


@app.get("/")
async def send(mailer: Mailer) -> str:
    return "sent"
"""

WRONG_HOOK = """
@app.around
def limit(proceed: Proceed) -> Response:
    raise NotImplementedError
"""

MISSING_SETTING = """
import msgspec
from bistro.ground import read_config


class ShopConfig(msgspec.Struct, frozen=True):
    database_url: str
    page_size: int = 20


config = read_config(ShopConfig)
"""

BAD_PATTERN = """
@app.get("/items/{id:integer}")
async def show(id: int) -> str:
    return "x"
"""


def run(folder: Path, code: str, **environment: str) -> tuple[int, str]:
    (folder / "app.py").write_text(HEAD + code)
    root = Path(__file__).resolve().parents[2]
    kept = {name: value for name, value in os.environ.items() if name in ("PATH", "HOME", "LANG")}
    done = subprocess.run(
        [sys.executable, "-m", "bistro", "run", "app.py", "--no-reload", "--port", "0"],
        cwd=folder,
        env={**kept, "PYTHONPATH": str(root), "NO_COLOR": "1", **environment},
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    return done.returncode, done.stderr + done.stdout


def line_of(code: str, text: str) -> int:
    return (HEAD + code).splitlines().index(text) + 1


@pytest.mark.slow
@pytest.mark.parametrize(
    ("code", "exit_code", "places", "words"),
    [
        (
            CLASH,
            1,
            ['@app.get("/items/{id}")', '@app.get("/items/{name}")'],
            ["B204", "show_item", "edit_item", "Rename"],
        ),
        (NOBODY, 1, ['@app.get("/")'], ["B302", "mailer: Mailer", "provide"]),
        (WRONG_HOOK, 1, ["@app.around"], ["B301", "limit", "async def"]),
        (BAD_PATTERN, 1, ['@app.get("/items/{id:integer}")'], ["B201", "integer", "int"]),
    ],
    ids=[
        "two routes that clash",
        "a parameter that nobody provides",
        "a hook of the wrong shape",
        "a bad path",
    ],
)
def test_the_start_is_refused_with_what_where_and_how(
    tmp_path: Path, code: str, exit_code: int, places: list[str], words: list[str]
) -> None:
    status, output = run(tmp_path, code)
    assert status == exit_code, output
    assert "Traceback" not in output
    for word in words:
        assert word in output
    for place in places:
        assert re.search(rf"app\.py:{line_of(code, place)}\b", output), (place, output)


@pytest.mark.slow
def test_a_missing_setting_is_named_with_its_type_and_ends_with_78(tmp_path: Path) -> None:
    status, output = run(tmp_path, MISSING_SETTING, PAGE_SIZE="many")
    assert status == 78, output
    for word in ("DATABASE_URL", "PAGE_SIZE", "many", "B101"):
        assert word in output
    assert "Traceback" not in output


@pytest.mark.slow
def test_production_without_hosts_does_not_start(tmp_path: Path) -> None:
    status, output = run(tmp_path, "", ENV="production")
    assert status == 78, output
    assert "ALLOWED_HOSTS" in output
