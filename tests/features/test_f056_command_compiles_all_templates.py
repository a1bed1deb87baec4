"""F56: a command compiles all templates and fails on a bad one, with file and line."""

from __future__ import annotations

import json
from pathlib import Path

from tests.cli.processes import run_command


def test_f056_template_that_cannot_be_read_is_found_though_nobody_renders_it(tmp_path: Path) -> None:
    (tmp_path / "app.py").write_text("from bistro import App\napp = App()\n")
    (tmp_path / "templates").mkdir()
    (tmp_path / "templates" / "bad.html").write_text("one\n{% if x %}")
    (tmp_path / "templates" / "good.html").write_text("{{ x }}")
    done = run_command(["check", "--json"], tmp_path)
    (found,) = json.loads(done.stdout)
    assert done.returncode == 1
    assert (Path(found["where"][0]["file"]).name, found["where"][0]["line"]) == ("bad.html", 2)
