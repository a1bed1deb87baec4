"""F48: a command explains which route a URL matches and why others do not."""

from __future__ import annotations

import json
from pathlib import Path

from tests.cli.processes import run_command

SITE = """
from bistro import App

app = App(defaults=False)

@app.get("/items/{id:int}")
def by_id(id: int) -> str:
    return ""

@app.get("/items/{name}")
def by_name(name: str) -> str:
    return ""

@app.post("/items/{id:int}")
def change(id: int) -> None: ...
"""


def test_f048_each_route_tells_why_it_answers_or_not(tmp_path: Path) -> None:
    (tmp_path / "app.py").write_text(SITE)
    ended = run_command(["routes", "--why", "/items/7", "--json"], tmp_path)
    told = {each["name"]: each for each in json.loads(ended.stdout)}
    assert told["by_id"]["chosen"]
    assert told["by_name"]["fits"]
    assert "more specific" in told["by_name"]["reasons"][0]
    assert told["change"]["reasons"] == ["takes POST, not GET"]


def test_f048_url_that_nobody_answers_is_explained_too(tmp_path: Path) -> None:
    (tmp_path / "app.py").write_text(SITE)
    ended = run_command(["routes", "--why", "/item/7"], tmp_path)
    assert ended.returncode == 1
    assert ended.stdout.count("doesn't fit") == 3
    assert "segment 1 is 'item', not 'items'" in ended.stdout
