"""F259: accounts are a switch, and no code is generated into the project."""

from __future__ import annotations

from pathlib import Path

from bistro import App
from bistro.plugins import Accounts, Database
from bistro.testing import Client

EXAMPLE = Path(__file__).parents[2] / "examples" / "notes" / "app.py"


def test_f259_one_line_gives_all_pages() -> None:
    app = App(Database("sqlite://"), Accounts())
    with Client(app) as client:
        for page in ("log-in", "sign-up", "forgot"):
            assert client.get(f"/accounts/{page}", headers={"accept": "text/html"}).status == 200
        for page in ("", "/password", "/email", "/sessions", "/delete"):
            assert client.get(f"/accounts{page}").status == 401


def test_f259_notes_site_has_three_lines_for_accounts() -> None:
    lines = [line for line in EXAMPLE.read_text().splitlines() if "Accounts" in line or "User" in line]
    # The import, the plugin, and the handler that asks for a user.
    assert len(lines) <= 3
