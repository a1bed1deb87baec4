"""F254: the development server serves a change without being started again."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.processes import Running, fetch, fetch_until

pytestmark = pytest.mark.slow

SITE = 'from bistro import App\nfrom words import GREETING\napp = App()\n@app.get("/")\ndef hello() -> str:\n    return GREETING\n'


def test_f254_change_of_an_imported_file_is_served(tmp_path: Path) -> None:
    (tmp_path / "app.py").write_text(SITE)
    (tmp_path / "words.py").write_text('GREETING = "old"\n')
    with Running(["run", "--port", "0"], tmp_path) as running:
        port = running.wait_until_serving()
        assert fetch(port)[1] == "old"
        (tmp_path / "words.py").write_text('GREETING = "new"\n')
        fetch_until(port, "new")


def test_f254_mistake_is_shown_and_serving_goes_on_once_it_is_mended(tmp_path: Path) -> None:
    (tmp_path / "app.py").write_text(SITE)
    (tmp_path / "words.py").write_text('GREETING = "old"\n')
    with Running(["run", "--port", "0"], tmp_path) as running:
        port = running.wait_until_serving()
        (tmp_path / "words.py").write_text("GREETING = (\n")
        running.wait_for_line(r"SyntaxError: '\(' was never closed")
        (tmp_path / "words.py").write_text('GREETING = "mended"\n')
        fetch_until(port, "mended")
