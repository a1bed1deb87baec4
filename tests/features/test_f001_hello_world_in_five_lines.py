"""F1: hello world is an app object, one handler and the run call in one file of at most five lines."""

from __future__ import annotations

from pathlib import Path

from tests.cli.processes import Running, fetch

HELLO = """\
from bistro import App
app = App()
@app.get("/")
async def hello() -> str:
    return "Hello from Bistro"
"""


def test_f001_five_lines_and_one_command_serve_a_page(tmp_path: Path) -> None:
    (tmp_path / "app.py").write_text(HELLO)
    assert len(HELLO.splitlines()) == 5
    with Running(["run", "--port", "0"], tmp_path) as running:
        assert fetch(running.wait_until_serving()) == (200, "Hello from Bistro")
