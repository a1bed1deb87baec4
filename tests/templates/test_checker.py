"""`bistro check` finds every mistake that was put into a site, and nothing else."""

from __future__ import annotations

import json
import random
import re
import shutil
import sys
from pathlib import Path

import pytest

from bistro.cli.checks import run_checks
from bistro.plugins.rendering import Rendering
from tests.cli.processes import run_command

SITE = Path(__file__).parent / "faulty_site"


def places_of_faults() -> list[str]:
    """`file:line` of every line that says `fault`, as often as it has some."""
    found = []
    for file in sorted(SITE.rglob("*")):
        if file.suffix not in (".py", ".html"):
            continue
        for number, line in enumerate(file.read_text().splitlines(), 1):
            if "fault:" in line:
                place = f"{file.relative_to(SITE)}:{number}"
                found += [place] * (2 if "twice" in line else 1)
    return sorted([*found, "templates/broken.html:3"])


@pytest.fixture(scope="module")
def findings(tmp_path_factory: pytest.TempPathFactory) -> tuple[int, list[dict[str, object]], Path]:
    folder = tmp_path_factory.mktemp("faulty") / "site"
    shutil.copytree(SITE, folder, ignore=shutil.ignore_patterns("__pycache__"))
    done = run_command(["check", "--json"], folder)
    return done.returncode, json.loads(done.stdout), folder


def test_every_seeded_fault_is_found_at_its_line_and_nothing_else(findings) -> None:
    code, found, folder = findings
    places = sorted(
        f"{Path(each['where'][0]['file']).relative_to(folder)}:{each['where'][0]['line']}" for each in found
    )
    assert places == places_of_faults()
    assert len(places) >= 40
    assert code == 1


def mend(folder: Path) -> None:
    """Put right each line that says `fault: … | wrong > right`, and what stands in no line of its own."""
    for file in folder.rglob("*.*"):
        if file.suffix not in (".py", ".html"):
            continue
        lines = file.read_text().splitlines()
        for number, line in enumerate(lines):
            code, _, fault = line.partition("fault:")
            for change in fault.partition(" | ")[2].removesuffix("#}").split("; "):
                wrong, _, right = change.strip().partition(" >")
                if wrong:
                    assert wrong in code, line
                    code = code[::-1].replace(wrong[::-1], right.strip()[::-1], 1)[::-1]
            lines[number] = code + fault
        file.write_text("\n".join(lines) + "\n")
    broken = folder / "templates" / "broken.html"
    broken.write_text(broken.read_text().replace("{{ x }\n", "{{ x }}\n"))
    (folder / "templates" / "lost.html").write_text("{{ title }}")


def test_the_same_site_with_every_fault_mended_has_none(tmp_path: Path) -> None:
    folder = tmp_path / "site"
    shutil.copytree(SITE, folder, ignore=shutil.ignore_patterns("__pycache__"))
    mend(folder)
    done = run_command(["check", "--json"], folder)
    assert (json.loads(done.stdout), done.returncode) == ([], 0)


def test_fault_says_column_what_is_meant_and_who_renders_it(findings) -> None:
    _, found, _ = findings
    (one,) = [each for each in found if each["what"] == "note.titel: Note has no 'titel'"]
    place, handler = one["where"]
    assert (place["line"], place["column"]) == (5, 13)
    assert one["fix"] == "Did you mean 'title'?"
    assert (Path(handler["file"]).name, handler["name"]) == ("app.py", "renders it: show_note")


def test_faults_have_ids_and_can_be_silenced(findings) -> None:
    _, found, folder = findings
    ids = {each["id"] for each in found}
    assert {f"templates.E{number:03}" for number in range(1, 14)} | {"templates.W001"} == ids
    options = [word for each in ids for word in ("--silence", each)]
    assert run_command(["check", *options], folder).returncode == 0


def test_streamed_template_is_held_to_its_names(tmp_path: Path) -> None:
    (tmp_path / "templates").mkdir()
    (tmp_path / "templates" / "a.html").write_text("{{ rows }}{{ row }}")
    (tmp_path / "app.py").write_text(
        "from bistro import App\nfrom bistro.plugins import Rendered, stream\napp = App()\n\n"
        "@app.get('/')\nasync def show() -> Rendered:\n    return stream('a.html', rows=[])\n"
    )
    (found,) = json.loads(run_command(["check", "--json"], tmp_path).stdout)
    assert (found["id"], found["where"][0]["column"]) == ("templates.E003", 14)


def test_it_says_which_templates_are_left_to_stock_jinja(tmp_path: Path) -> None:
    (tmp_path / "templates").mkdir()
    (tmp_path / "templates" / "tree.html").write_text(
        "{% for x in [1] recursive %}{{ loop([]) }}{% endfor %}"
    )
    (tmp_path / "app.py").write_text("from bistro import App\napp = App()\n")
    found = json.loads(run_command(["check", "--level", "info", "--json"], tmp_path).stdout)
    assert "tree.html is left to stock Jinja2" in found[0]["what"]
    assert "a recursive loop" in found[0]["what"]


def test_block_that_is_rendered_alone_must_be_there(tmp_path: Path) -> None:
    (tmp_path / "templates").mkdir()
    (tmp_path / "templates" / "a.html").write_text("{% block rows %}{% endblock %}")
    (tmp_path / "app.py").write_text(
        "from bistro import App, render\nfrom bistro.plugins import Rendered\napp = App()\n\n"
        "@app.get('/')\nasync def show() -> Rendered:\n    return render('a.html', block='rosw')\n"
    )
    (found,) = json.loads(run_command(["check", "--json"], tmp_path).stdout)
    assert (found["id"], found["where"][0]["line"]) == ("templates.E009", 7)
    assert found["what"] == "the template a.html has no block 'rosw'"


def test_file_of_a_row_has_a_name_that_is_checked(tmp_path: Path) -> None:
    (tmp_path / "templates").mkdir()
    page = "{{ paper.text.file_name }}{{ paper.text.size }}{{ paper.text.filename }}"
    (tmp_path / "templates" / "paper.html").write_text(page)
    (tmp_path / "app.py").write_text(
        "from bistro import App, Page\nfrom bistro.db import Field, Model, StoredFile, auto\n"
        "app = App()\n\n"
        "class Paper(Model):\n    id: Field[int] = auto()\n    text: Field[StoredFile]\n\n"
        "class PaperPage(Page, template='paper.html'):\n    paper: Paper\n\n"
        "@app.get('/')\nasync def show() -> PaperPage:\n    raise NotImplementedError\n"
    )
    (found,) = json.loads(run_command(["check", "--json"], tmp_path).stdout)
    assert "filename" in found["what"]
    assert "file_name" in found["fix"]


# --- mutations ----------------------------------------------------------------------------------------

APP = (SITE / "app.py").read_text()
SOUND = {
    "app.py": APP.partition("class LonelyPage")[0]
    + "class Shop(Model):"
    + APP.partition("class Shop(Model):")[2].partition("class LostPage")[0]
    + "app = App()\n\n\n@app.get('/')\nasync def list_notes() -> ListPage:\n    raise NotFound\n\n\n"
    "@app.get('/notes/{id:int}')\nasync def show_note(id: int) -> NotePage:\n    raise NotFound\n\n\n"
    "@app.get('/about')\nasync def about(visits: int = 0) -> Rendered:\n"
    "    return render('about.html', visits=visits, title='About', author=Author('Ann'))\n\n\n"
    "@app.get('/comments')\nasync def show_comments() -> CommentsPage:\n"
    "    query = Comment.objects.load(Comment.writer, Comment.votes)\n"
    "    return CommentsPage(comments=await query.order_by(Comment.id))\n",
    "templates/comments.html": "{% extends 'base.html' %}{% block content %}{% for comment in comments %}{{ comment.text }}"
    "{{ comment.writer.name }}{% for vote in comment.votes %}{{ vote.points }}{% endfor %}"
    "<a href=\"{{ url('show_comments') }}\">{{ comment.id }}</a>{% endfor %}{% endblock %}",
    "templates/base.html": "<title>{% block title %}Shop{% endblock %}</title>{% include 'nav.html' %}{% block content %}{% endblock %}",
    "templates/nav.html": "<a href=\"{{ url('list_notes') }}\">x</a><a href=\"{{ url('about') }}\">x</a>",
    "templates/macros.html": "{% macro card(note, compact=false) %}{{ note.title }}{% if not compact %}{{ note.body }}{% endif %}{% endmacro %}",
    "templates/note.html": "{% extends 'base.html' %}{% from 'macros.html' import card %}{% block title %}{{ note.title }}{% endblock %}"
    "{% block content %}{{ note.author.name }}{% if note.reviewer %}{{ note.reviewer.name }}{% endif %}"
    "{% for tag in note.tags %}{{ tag|upper }}{% endfor %}{% for other in related %}{{ card(other, compact=true) }}"
    "<a href=\"{{ url('show_note', id=other.id) }}\">{{ other.link }}</a>{% endfor %}{% endblock %}",
    "templates/list.html": "{% extends 'base.html' %}{% import 'macros.html' as m %}{% block content %}{{ counts.notes }}{{ counts.tags }}"
    "{% for note in notes %}{{ m.card(note) }}{{ note.author.name|title }}{% endfor %}"
    "{% for tag, tagged in by_tag.items() %}{{ tag|upper }}{{ tagged|length }}{% endfor %}{{ search|default('') }}{% endblock %}",
    "templates/about.html": "{% extends 'base.html' %}{% block content %}{{ title }}{{ visits }}{{ author.name }}{% endblock %}",
}
WORDS = (
    "title", "body", "author", "name", "reviewer", "tags", "id", "link", "notes", "counts", "by_tag", "related",
    "note", "visits", "list_notes", "show_note", "about", "card", "compact", "other", "content", "search",
    "comments", "comment", "text", "writer", "votes", "vote", "points", "show_comments",
)  # fmt: skip


IN_CODE = re.compile(
    r"^    (?:title|body|author|tags|reviewer|name|id|notes|counts|by_tag|related|search"
    r"|text|writer|votes|points|comments)(?=: )"
    r"|(?<=async def )\w+|(?<=, )(?:visits|title|author)(?==)|(?<=def )link",
    re.MULTILINE,
)
"""Fields, handlers, names given to `render`, a property."""


def build(folder: Path, files: dict[str, str]) -> list[str]:
    """What the check says about a site; each under a module of its own."""
    from bistro.cli.load_app import load_frozen

    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    sys.modules.pop("app", None)
    before = list(sys.path)
    try:
        loaded, frozen = load_frozen(str(folder / "app.py"))
        return [each.what for each in run_checks(loaded, frozen) if each.level == "error"]
    finally:
        sys.path[:] = before
        sys.modules.pop("app", None)


def test_sound_site_has_no_fault(tmp_path: Path) -> None:
    assert build(tmp_path, SOUND) == []


def mutate(chance: random.Random) -> dict[str, str] | None:
    """The sound site with one word changed: a name in a template, or a field, route or name in the code."""
    if chance.random() < 0.5:
        place = chance.choice(list(IN_CODE.finditer(SOUND["app.py"])))
        return {**SOUND, "app.py": SOUND["app.py"][: place.end()] + "x" + SOUND["app.py"][place.end() :]}
    file = chance.choice(sorted(name for name in SOUND if name != "app.py"))
    places = [
        match
        for word in WORDS
        for match in re.finditer(
            rf"(?<![\w<'/.]){word}(?![\w>])|(?<=\.){word}\b|(?<='){word}(?=')", SOUND[file]
        )
    ]
    inside = [each for each in places if is_code(SOUND[file], each.start())]
    if not inside:
        return None
    place = chance.choice(inside)
    text = SOUND[file]
    return {**SOUND, file: text[: place.start()] + place[0] + "x" + text[place.end() :]}


def is_code(text: str, position: int) -> bool:
    return text.rfind("{", 0, position) > text.rfind("}", 0, position)


@pytest.mark.slow
def test_most_misspelt_words_are_found(tmp_path: Path) -> None:
    from bistro.templates import Checker, Engine  # noqa: F401 - loaded before it is timed

    chance = random.Random(6)
    missed, count = [], 0
    while count < 200:
        changed = mutate(chance)
        if changed is None:
            continue
        folder = tmp_path / f"site{count}"
        count += 1
        try:
            found = build(folder, changed)
        except Exception:
            continue
        if not found:
            missed.append(next(changed[name] for name in SOUND if changed[name] != SOUND[name]))
    rate = 1 - len(missed) / count
    print(f"found {rate:.1%} of {count} misspelt words")
    assert rate >= 0.95, missed
    assert Rendering  # what the sites above are checked by
