"""F265: the effective settings and their origin are shown."""

from __future__ import annotations

from pathlib import Path

from tests.cli.processes import run_command

SITE = """
from dataclasses import dataclass

from bistro import App
from bistro.ground import Secret, read_config

@dataclass(frozen=True)
class ShopConfig:
    page_size: int = 20
    title: str = "Shop"
    pay_key: Secret = Secret("")

config = read_config(ShopConfig)
app = App()
"""


def test_f265_each_setting_tells_where_it_comes_from(tmp_path: Path) -> None:
    (tmp_path / "app.py").write_text(SITE)
    (tmp_path / ".env").write_text("# local\nPAGE_SIZE=5\nPAY_KEY=hunter2\n")
    ended = run_command(["config"], tmp_path, {"TITLE": "Bistro", "PORT": "9000"})
    rows = {line.split()[0]: line.split()[1:] for line in ended.stdout.splitlines()}
    assert rows["PAGE_SIZE"] == ["5", ".env:2", "ShopConfig"]
    assert rows["TITLE"] == ["Bistro", "environment", "ShopConfig"]
    assert rows["PAY_KEY"] == ["***", ".env:3", "ShopConfig"]
    assert rows["PORT"] == ["9000", "environment", "bistro"]
    assert rows["HOST"] == ["127.0.0.1", "default", "bistro"]
