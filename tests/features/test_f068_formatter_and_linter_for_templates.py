"""F68: a command puts templates into one form, and another finds what is wrong with them."""

from __future__ import annotations

from pathlib import Path

from tests.cli.processes import run_command

PAGE = "<ul>\n{%for note in notes%}\n<li>{{note|uper}}</li>   \n{%endfor%}\n</ul>"
FORMED = "<ul>\n  {% for note in notes %}\n    <li>{{ note|uper }}</li>\n  {% endfor %}\n</ul>\n"


def make_site(folder: Path) -> Path:
    (folder / "app.py").write_text("from bistro import App\napp = App()\n")
    page = folder / "templates" / "notes" / "list.html"
    page.parent.mkdir(parents=True)
    page.write_text(PAGE)
    (folder / "templates" / ".hidden.html").write_text("{{x}}")
    (folder / "templates" / "site.css").write_text("a{{x}}")
    return page


def test_f068_templates_are_formatted_and_the_check_says_which_are_not(tmp_path: Path) -> None:
    page = make_site(tmp_path)
    looked = run_command(["format", "--check"], tmp_path)
    assert (looked.returncode, page.read_text()) == (1, PAGE)
    assert "would change" in looked.stdout
    assert run_command(["format"], tmp_path).returncode == 0
    assert page.read_text() == FORMED
    assert run_command(["format", "--check"], tmp_path).returncode == 0
    assert (tmp_path / "templates" / ".hidden.html").read_text() == "{{x}}"


def test_f068_linter_finds_what_is_wrong(tmp_path: Path) -> None:
    make_site(tmp_path)
    found = run_command(["check"], tmp_path)
    assert found.returncode == 1
    assert "there is no filter 'uper'" in found.stdout


def test_f068_template_that_cannot_be_read_is_named_and_left(tmp_path: Path) -> None:
    make_site(tmp_path)
    (tmp_path / "templates" / "bad.html").write_text("a\n{% if %}")
    done = run_command(["format", "templates/bad.html"], tmp_path)
    assert done.returncode == 1
    assert "bad.html:2" in done.stdout
    assert (tmp_path / "templates" / "bad.html").read_text() == "a\n{% if %}"
