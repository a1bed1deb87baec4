"""F264: a missing or wrong setting stops the start with its name, its type and a hint."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.processes import run_command

SITE = """
from dataclasses import dataclass

from bistro import App
from bistro.ground import read_config

@dataclass(frozen=True)
class ShopConfig:
    shop_url: str
    page_size: int = 20

config = read_config(ShopConfig)
app = App()
"""


@pytest.mark.parametrize("command", [["run", "--no-reload", "--port", "0"], ["check"], ["routes"]])
def test_f264_all_wrong_settings_are_told_at_once_and_nothing_starts(
    tmp_path: Path, command: list[str]
) -> None:
    (tmp_path / "app.py").write_text(SITE)
    ended = run_command(command, tmp_path, {"PAGE_SIZE": "many", "SHOP_ULR": "http://x"})
    told = ended.stdout + ended.stderr
    assert ended.returncode == 78
    assert "SHOP_URL is missing; wanted a text" in told
    assert "Did you mean SHOP_URL?" in told
    assert "PAGE_SIZE is 'many'" in told
    assert "wanted a whole number" in told
    assert "Traceback" not in told


def test_f264_setting_of_the_framework_itself_is_checked_too(tmp_path: Path) -> None:
    (tmp_path / "app.py").write_text("from bistro import App\napp = App()\n")
    ended = run_command(["run"], tmp_path, {"PORT": "http"})
    assert ended.returncode == 78
    assert "PORT is 'http'; wanted a whole number   (environment)" in ended.stderr
