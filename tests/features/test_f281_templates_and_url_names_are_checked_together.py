"""F281, F37, F58: templates, their contexts and URL names are checked before serving, with file and line."""

from __future__ import annotations

import json
from pathlib import Path

from tests.cli.processes import run_command

SITE = """
from bistro import App, Page

class NotePage(Page, template="note.html"):
    title: str

app = App()

@app.get("/notes/{id:int}")
async def show(id: int) -> NotePage:
    return NotePage("x")
"""


def check(folder: Path, template: str) -> tuple[int, list[str]]:
    (folder / "app.py").write_text(SITE)
    (folder / "templates").mkdir()
    (folder / "templates" / "note.html").write_text(template)
    done = run_command(["check", "--json"], folder)
    found = json.loads(done.stdout)
    texts = [
        f"{Path(each['where'][0]['file']).name}:{each['where'][0]['line']}:{each['where'][0]['column']}: {each['what']}"
        for each in found
    ]
    return done.returncode, texts


def test_f281_mistakes_are_told_with_file_line_and_column(tmp_path: Path) -> None:
    code, found = check(tmp_path, "<h1>{{ titel }}</h1>\n{{ url('shwo', id=1) }} {{ title|uper }}")
    assert code == 1
    assert [each.partition(" Did")[0] for each in found] == [
        "note.html:1:8: there is no name 'titel' here",
        "note.html:2:4: no route is called 'shwo'",
        "note.html:2:34: there is no filter 'uper'",
    ]


def test_f037_missing_parameter_of_a_route_is_found(tmp_path: Path) -> None:
    assert check(tmp_path, "{{ url('show') }}") == (1, ["note.html:1:4: the route 'show' needs 'id'"])


def test_f058_right_template_has_no_finding(tmp_path: Path) -> None:
    assert check(tmp_path, "{{ title|upper }} {{ url('show', id=2) }}") == (0, [])
