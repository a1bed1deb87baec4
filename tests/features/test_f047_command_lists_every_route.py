"""F47: a command lists every route with methods, path, name, handler, file and line."""

from __future__ import annotations

import json
from pathlib import Path

from tests.cli.processes import run_command

SITE = """
from bistro import App, Routes

routes = Routes()

@routes.get("/{id:int}")
def show_item(id: int) -> dict[str, int]:
    return {"id": id}

app = App()
app.include(routes, at="/items", name="shop")
"""


def test_f047_route_is_listed_with_all_that_is_to_know(tmp_path: Path) -> None:
    (tmp_path / "app.py").write_text(SITE)
    listed = run_command(["routes"], tmp_path).stdout
    row = next(line.split() for line in listed.splitlines() if "show_item" in line)
    assert row[0] == "GET"
    assert row[1] == "/items/{id:int}"
    assert row[3:5] == ["app.show_item", "app.py:6"]
    (route,) = (
        each for each in json.loads(run_command(["routes", "--json"], tmp_path).stdout) if each["by"] == "app"
    )
    assert (route["file"], route["line"]) == (str(tmp_path / "app.py"), 6)
