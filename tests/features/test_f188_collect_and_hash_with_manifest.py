"""F188: collect and hash with manifest."""

from __future__ import annotations

import json
from pathlib import Path

from tests.features.static_support import bistro, make_site


def test_f188_every_file_gets_a_hashed_name_that_others_refer_to(tmp_path: Path) -> None:
    make_site(tmp_path)
    assert bistro(tmp_path, "static", "collect").returncode == 0
    collected = tmp_path / "static-collected"
    files = json.loads((collected / "bistro-static.json").read_text())["files"]
    assert sorted(files) == [
        "css/base.css", "css/site.css", "img/bowl.svg", "js/app.js", "js/soup.js",
    ]  # fmt: skip
    names = {name: Path(file["hashed"]).name for name, file in files.items()}
    style = (collected / files["css/site.css"]["hashed"]).read_text()
    assert f'@import "{names["css/base.css"]}"' in style
    assert f'url("../img/{names["img/bowl.svg"]}")' in style
    script = (collected / files["js/app.js"]["hashed"]).read_text()
    assert f'from "./{names["js/soup.js"]}"' in script


def test_f188_second_run_changes_nothing_and_a_change_only_what_depends_on_it(tmp_path: Path) -> None:
    make_site(tmp_path)
    bistro(tmp_path, "static", "collect")
    again = json.loads(bistro(tmp_path, "static", "collect", "--json").stdout)
    assert again["written"] == []
    assert bistro(tmp_path, "static", "collect", "--check").returncode == 0
    (tmp_path / "static" / "js" / "soup.js").write_text("export const soup = () => 2;\n")
    assert bistro(tmp_path, "static", "collect", "--check").returncode == 1
    changed = json.loads(bistro(tmp_path, "static", "collect", "--prune", "--json").stdout)
    assert sorted(Path(name).name.partition("-")[0] for name in changed["written"]) == ["app", "soup"]
    assert changed["removed"]


def test_f188_files_of_two_plugins_with_one_name_are_told_with_both_places(tmp_path: Path) -> None:
    make_site(tmp_path, {"one/w.css": "1", "two/w.css": "2"})
    (tmp_path / "app.py").write_text(
        "from bistro import App, Setup\n\n"
        "class One:\n    def install(self, setup: Setup) -> None:\n        setup.static('one')\n\n"
        "class Two:\n    def install(self, setup: Setup) -> None:\n        setup.static('two')\n\n"
        "app = App(One(), Two())\n"
    )
    done = bistro(tmp_path, "static", "collect")
    assert done.returncode == 1
    assert "app.py:5" in done.stderr
    assert "app.py:9" in done.stderr


def test_f188_misspelt_name_is_told_with_what_was_meant(tmp_path: Path) -> None:
    make_site(tmp_path)
    assert "Did you mean collect?" in bistro(tmp_path, "static", "colect").stderr
