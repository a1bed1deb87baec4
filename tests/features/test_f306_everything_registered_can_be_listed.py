"""F306: everything registered can be listed and queried: what, by whom, and where."""

from __future__ import annotations

import json
from pathlib import Path

from tests.cli.processes import run_command

SITE = """
from bistro import App, Setup

class Basket: ...

class Shop:
    def install(self, setup: Setup) -> None:
        setup.provide(Basket, Basket)
        setup.before(self.look)
        setup.headers({"x-shop": "open"})
        setup.command("count", self.look)

    def look(self) -> None: ...

app = App(Shop())

@app.get("/")
def home() -> str:
    return ""
"""


def test_f306_each_thing_tells_who_added_it_and_where(tmp_path: Path) -> None:
    (tmp_path / "app.py").write_text(SITE)
    listed = json.loads(run_command(["inspect", "--json"], tmp_path).stdout)
    kinds = {each["kind"] for each in listed}
    assert {"plugin", "route", "hook", "provider", "header", "command", "observer"} <= kinds
    of_shop = {each["kind"]: (each["name"], each["line"]) for each in listed if each["by"] == "Shop"}
    assert of_shop["provider"][0] == "Basket"
    assert of_shop["hook"] == ("before Shop.look", 13)
    assert of_shop["header"] == ("x-shop", 10)
    assert {each["file"] for each in listed if each["by"] in ("Shop", "app")} == {str(tmp_path / "app.py")}


def test_f306_it_can_be_asked_by_kind_and_by_plugin(tmp_path: Path) -> None:
    (tmp_path / "app.py").write_text(SITE)
    hooks = json.loads(run_command(["inspect", "hooks", "--by", "shop", "--json"], tmp_path).stdout)
    assert [each["name"] for each in hooks] == ["before Shop.look"]
