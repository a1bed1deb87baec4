"""Compiled templates are kept for the next start, and believed only while nothing has changed."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from jinja2 import pass_environment

from bistro.templates import Engine, MadeNames, Page, TemplateNotFound, UndefinedName, maker

PARENT = "<title>{% block title %}Site{% endblock %}</title>{% include 'nav.html' %}"
CHILD = "{% extends 'base.html' %}{% block title %}{{ title }}{% endblock %}"


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.delenv("BISTRO_CACHE")
    folder = tmp_path / "site"
    (folder / "templates").mkdir(parents=True)
    write(folder, "base.html", PARENT)
    write(folder, "nav.html", "<nav>")
    write(folder, "page.html", CHILD)
    return folder


@pytest.fixture
def compiled(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of the templates that are really compiled."""
    names: list[str] = []
    compile_program = maker.compile_program

    def note(reading: Any, template: str, *arguments: Any, **options: Any) -> Any:
        names.append(template)
        return compile_program(reading, template, *arguments, **options)

    monkeypatch.setattr(maker, "compile_program", note)
    return names


def write(site: Path, name: str, text: str) -> None:
    (site / "templates" / name).write_text(text)


def start(site: Path, **options: Any) -> Engine:
    return Engine([site / "templates"], keep_beside=site, **options)


def show(site: Path, name: str = "page.html", **options: Any) -> str:
    return start(site, **options).get(name).render({"title": "<A>", "user": "Ann"})


def test_second_start_compiles_nothing_and_gives_the_same(site: Path, compiled: list[str]) -> None:
    first = show(site)
    assert compiled == ["page.html"]
    assert show(site) == first == "<title>&lt;A&gt;</title><nav>"
    assert compiled == ["page.html"]


@pytest.mark.parametrize("name", ["page.html", "base.html", "nav.html"])
def test_change_of_any_file_that_it_is_made_of_is_seen(site: Path, compiled: list[str], name: str) -> None:
    show(site)
    write(site, name, (site / "templates" / name).read_text() + "<p>new</p>")
    text = show(site)
    assert "<p>new</p>" in text or name == "page.html"  # what stands behind `extends` is not shown
    assert compiled == ["page.html"] * 2


def test_template_that_was_missing_and_is_there_now_is_included(site: Path) -> None:
    write(
        site, "page.html", "{% include 'banner.html' ignore missing %}.{% include ['new.html', 'nav.html'] %}"
    )
    assert show(site) == ".<nav>"
    write(site, "banner.html", "banner")
    write(site, "new.html", "new")
    assert show(site) == "banner.new"


def test_template_of_another_folder_that_comes_first_now_is_used(site: Path) -> None:
    show(site)
    (site / "own").mkdir()
    (site / "own" / "nav.html").write_text("<own>")
    engine = Engine([site / "own", site / "templates"], keep_beside=site)
    assert engine.get("page.html").render({"title": "A"}) == "<title>A</title><own>"


def test_removed_template_is_missed(site: Path) -> None:
    show(site)
    (site / "templates" / "base.html").unlink()
    with pytest.raises(TemplateNotFound, match=r"base\.html"):
        show(site)


def test_text_that_changes_back_and_forth_never_gives_the_other_page(site: Path) -> None:
    for text in ("one", "two", "one", "two"):
        write(site, "page.html", text)
        assert show(site) == text


@pytest.mark.parametrize(
    "options",
    [
        {"filters": {"upper": pass_environment(lambda _, text: f"!{text}")}},
        {"functions": {"user": "global"}},
        {"made_names": ["user"]},
    ],
    ids=["a filter that asks for the environment", "a function", "a made name"],
)
def test_other_names_make_other_code(site: Path, options: dict[str, Any]) -> None:
    write(site, "page.html", "{{ 'a'|upper }}{{ user }}")
    context = {"title": ""}
    with pytest.raises(UndefinedName):
        start(site).get("page.html").render(context)
    made = MadeNames({"user": lambda _: "made"})
    found = outcome(lambda: start(site, **options).get("page.html").render(context, made))
    fresh = Engine([site / "templates"], **options)
    assert found == outcome(lambda: fresh.get("page.html").render(context, made))


def outcome(render: Callable[[], str]) -> str:
    try:
        return render()
    except UndefinedName:
        return "undefined"


def test_filter_is_the_one_of_this_start(site: Path) -> None:
    write(site, "page.html", "{{ title|shown }}")
    assert show(site, filters={"shown": lambda _: "first"}) == "first"
    assert show(site, filters={"shown": lambda _: "second"}) == "second"


def test_template_left_to_stock_jinja_stays_so_and_is_not_compiled_again(
    site: Path, compiled: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    write(site, "page.html", "{% for x in [1, 2] recursive %}{{ x }}{% endfor %}")
    first = start(site).get("page.html")
    assert first.render({}) == "12"
    second = start(site)
    monkeypatch.setattr(second.environment, "_compile", pytest.fail)
    kept = second.get("page.html")
    assert (kept.is_compiled, kept.reason, kept.render({})) == (False, first.reason, "12")
    assert compiled == ["page.html"]


MODULE = """
from bistro.templates import Page

class Note:
    def __init__(self):
        self.title = "<t>"
    {member}

class NotePage(Page, template="note.html"):
    note: Note
    {field}
"""
PROGRAM = """
import sys
from bistro.templates import Engine, maker
compile_program = maker.compile_program
def note(*arguments, **options):
    print("compiled", end=" ")
    return compile_program(*arguments, **options)
maker.compile_program = note
from notes import Note, NotePage
engine = Engine(["templates"], keep_beside=".")
print(engine.get("note.html", page=NotePage).render(NotePage(Note())))
"""


def test_change_of_a_class_that_the_code_relies_on_is_seen(site: Path) -> None:
    write(site, "note.html", "{{ note.title }}{{ count }}")
    (site / "program.py").write_text(PROGRAM)

    def run(member: str = "title: str", field: str = "count: int = 1") -> str:
        (site / "notes.py").write_text(MODULE.format(member=member, field=field))
        done = subprocess.run(
            [sys.executable, "program.py"], cwd=site, capture_output=True, text=True, check=True
        )
        return done.stdout.strip()

    assert run() == "compiled &lt;t&gt;1"
    assert run(member="pass") == "compiled &lt;t&gt;1"
    assert run(member="pass", field="count: int = 12") == "compiled &lt;t&gt;12"


def test_page_of_other_fields_gets_code_of_its_own(site: Path) -> None:
    write(site, "page.html", "{{ title }}{{ more|default('none') }}")

    def page_with(**fields: Any) -> type[Page]:
        namespace = {"__annotations__": dict.fromkeys(fields, str), "__module__": __name__, **fields}
        return type(Page)("OnePage", (Page,), namespace, template="page.html")

    one, two = page_with(title="a"), page_with(title="a", more="b")
    assert start(site).get("page.html", page=one).render(one()) == "anone"
    assert start(site).get("page.html", page=two).render(two()) == "ab"
    assert start(site).get("page.html", page=one).render(one()) == "anone"
    assert len(files_of(site)) == 1


def files_of(site: Path) -> list[Path]:
    return sorted((site / ".bistro").glob("template-*"))


@pytest.mark.parametrize("damage", ["cut", "changed", "empty", "code of another"])
def test_damaged_file_is_compiled_anew(site: Path, compiled: list[str], damage: str) -> None:
    first = show(site)
    show(site, "nav.html")
    for file in files_of(site):
        content = file.read_bytes()
        changed = {
            "cut": content[: len(content) // 2],
            "changed": content[:-9] + bytes(byte ^ 1 for byte in content[-9:]),
            "empty": b"",
            "code of another": files_of(site)[0].read_bytes(),
        }
        file.write_bytes(changed[damage])
    assert show(site) == first
    assert show(site, "nav.html") == "<nav>"
    assert len(compiled) >= 3


def test_file_that_others_may_write_is_not_believed(site: Path, compiled: list[str]) -> None:
    show(site)
    for file in files_of(site):
        file.chmod(0o666)
    show(site)
    assert compiled == ["page.html"] * 2


def test_nothing_is_kept_where_it_is_switched_off_or_not_asked_for(
    site: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Engine([site / "templates"]).get("page.html")
    monkeypatch.setenv("BISTRO_CACHE", "off")
    show(site)
    assert not (site / ".bistro").exists()


def test_error_in_a_kept_template_still_names_its_line(site: Path) -> None:
    write(site, "page.html", "one\n{{ missing }}")
    for _ in range(2):
        with pytest.raises(UndefinedName) as raised:
            show(site)
        assert (raised.value.where[0].file, raised.value.where[0].line) == (
            str(site / "templates" / "page.html"),
            2,
        )


def test_kept_template_is_read_again_when_it_changes_in_development(site: Path) -> None:
    show(site)
    engine = start(site, reload=True)
    before = engine.get("page.html").render({"title": "A"})
    write(site, "nav.html", "<nav>longer")
    assert (before, engine.get("page.html").render({"title": "A"})) == (
        "<title>A</title><nav>",
        "<title>A</title><nav>longer",
    )


def test_names_that_it_mentions_are_known_without_reading_it_again(site: Path) -> None:
    write(site, "nav.html", "{{ user }}")
    for _ in range(2):
        engine = start(site, made_names=["user", "theme"])
        assert engine.get("page.html").mentioned == {"user"}


@pytest.mark.timed
def test_start_from_what_was_kept_is_several_times_as_quick(site: Path) -> None:
    names = [f"page{number}.html" for number in range(40)]
    for number, name in enumerate(names):
        write(site, name, CHILD + "{% for x in y %}{{ x }}{% endfor %}" * 20 + str(number))

    def time_start() -> float:
        began = time.process_time()
        engine = start(site)
        for name in names:
            engine.get(name)
        return time.process_time() - began

    cold = time_start()
    assert time_start() < cold / 4
