"""A relation that a template uses and that the handler's query does not load is found before it is asked for."""

from __future__ import annotations

from typing import Any

import pytest

from bistro import App, NotFound, Page, render
from bistro.cli.checks import run_checks
from bistro.db import (
    Field,
    ForeignKey,
    ManyToMany,
    Model,
    NotLoaded,
    Related,
    auto,
    load_relations,
    related,
    sync,
)
from bistro.db import PageOf as Part
from bistro.plugins import Rendered, Rendering
from bistro.templates import Engine


class Team(Model, table="loading_team"):
    id: Field[int] = auto()
    name: Field[str]


class Writer(Model, table="loading_writer"):
    id: Field[int] = auto()
    name: Field[str]
    team: ForeignKey[Team]
    notes: Related[Note] = related()


class Mark(Model, table="loading_mark"):
    id: Field[int] = auto()
    word: Field[str]


class Note(Model, table="loading_note"):
    id: Field[int] = auto()
    title: Field[str]
    writer: ForeignKey[Writer]
    editor: ForeignKey[Writer | None]
    marks: ManyToMany[Mark] = related()


class NotePage(Page, template="a.html"):
    note: Note
    notes: list[Note] = []
    last: Note | None = None
    part: Part[Note] | None = None


async def no_load() -> NotePage:
    return NotePage(note=await Note.objects.get(Note.id == 1))


async def loads_writer() -> NotePage:
    return NotePage(await Note.objects.filter(Note.id > 0).load(Note.writer).get())


async def loads_team() -> NotePage:
    return NotePage(note=await Note.objects.load(Note.writer.team).get(Note.id == 1))


async def by_variable() -> NotePage:
    query = Note.objects.load(Note.writer)
    note = await query.get(Note.id == 1)
    return NotePage(note=note)


async def loads_later() -> NotePage:
    note = await Note.objects.get(Note.id == 1)
    await note.load(Note.writer)
    return NotePage(note=note)


async def loads_all_later() -> NotePage:
    notes = await Note.objects
    await load_relations(notes, Note.writer)
    return NotePage(note=notes[0], notes=notes)


async def many() -> NotePage:
    return NotePage(note=Note(), notes=await Note.objects.load(Note.marks).order_by(Note.title))


async def perhaps() -> NotePage:
    return NotePage(note=Note(), last=await Note.objects.last())


async def by_page() -> NotePage:
    return NotePage(note=Note(), part=await Note.objects.load(Note.marks).page(2))


async def behind_marks() -> NotePage:
    return NotePage(note=await Note.objects.load(Note.marks, query=Mark.objects.order_by(Mark.word)).get())


async def twice(is_new: bool) -> NotePage:
    note = await Note.objects.get(Note.id == 1)
    if is_new:
        note = await Note.objects.load(Note.writer).get(Note.id == 1)
    return NotePage(note=note)


def waits() -> NotePage:
    return NotePage(note=sync(Note.objects.get(Note.id == 1)))


RELATIONS = [Note.writer]


async def of_unknown() -> NotePage:
    return NotePage(note=await Note.objects.load(*RELATIONS).get())


async def by_helper() -> NotePage:
    return NotePage(note=await find_note())


async def find_note() -> Note:
    raise NotFound


async def by_name() -> Rendered:
    return render("a.html", note=await Note.objects.get(Note.id == 1))


def faults(handler: Any, template: str) -> list[str]:
    app = App(Rendering(sources={"a.html": template}))
    app.get("/")(handler)
    return [each.what for each in run_checks(app, app.freeze()) if each.level == "error"]


WRITER = "{{ note.writer.name }}"


@pytest.mark.parametrize(
    ("handler", "template"),
    [
        (no_load, WRITER),
        (by_name, WRITER),
        (waits, WRITER),
        (loads_writer, "{{ note.writer.team.name }}"),
        (by_variable, "{{ note.writer.notes }}"),
        (loads_team, "{{ note.writer.team.name }}{{ note.marks|length }}"),
        (no_load, "{% set writer = note.writer %}{{ writer.name }}"),
        (no_load, "{% with n = note %}{{ n.marks }}{% endwith %}"),
        (many, "{% for note in notes %}{{ note.writer.name }}{% endfor %}"),
        (many, "{% macro show(n) %}{{ n.writer }}{% endmacro %}{{ show(notes|first) }}"),
        (many, "{{ notes[0].writer.name }}"),
        (perhaps, "{% if last %}{{ last.writer.name }}{% endif %}"),
        (by_page, "{% if part %}{% for note in part.items %}{{ note.writer.name }}{% endfor %}{% endif %}"),
    ],
)  # fmt: skip
def test_relation_that_the_query_does_not_load_is_found(handler: Any, template: str) -> None:
    (fault,) = faults(handler, template)
    assert "is not loaded by the query in" in fault
    assert "test_loading.py:" in fault


@pytest.mark.parametrize(
    ("handler", "template"),
    [
        (no_load, "{{ note.title }}{{ note.writer_id }}"),
        (loads_writer, WRITER),
        (by_variable, WRITER),
        (loads_team, "{{ note.writer.name }}{{ note.writer.team.name }}"),
        (loads_later, WRITER),
        (loads_all_later, WRITER + "{% for note in notes %}{{ note.writer.name }}{% endfor %}"),
        (many, "{% for note in notes %}{% for mark in note.marks %}{{ mark.word }}{% endfor %}{% endfor %}"),
        (by_page, "{% if part %}{% for note in part.items %}{{ note.marks|length }}{% endfor %}{% endif %}"),
        (behind_marks, "{% for mark in note.marks %}{{ mark.word }}{% endfor %}"),
        (twice, WRITER),
        (of_unknown, WRITER),
        (by_helper, WRITER),
    ],
)  # fmt: skip
def test_what_is_loaded_or_may_be_passes(handler: Any, template: str) -> None:
    assert faults(handler, template) == []


@pytest.mark.parametrize(
    ("template", "what"),
    [
        ("{{ note.titel }}", "Note has no 'titel'"),
        ("{{ note.writer.nmae }}", "Writer has no 'nmae'"),
        ("{{ note.editor.name }}", "may be None here"),
        ("{% for mark in note.marks %}{{ mark.wrod }}{% endfor %}", "Mark has no 'wrod'"),
        ("{% if part %}{{ part.totla }}{% endif %}", "PageOf has no 'totla'"),
        ("{% if part %}{% for n in part.items %}{{ n.titel }}{% endfor %}{% endif %}", "Note has no 'titel'"),
    ],
)
def test_columns_and_relations_of_models_are_known(template: str, what: str) -> None:
    (fault,) = faults(by_helper, template)
    assert what in fault


def test_finding_says_where_the_query_is_and_what_to_add() -> None:
    app = App(Rendering(sources={"a.html": "\n" + WRITER}))
    app.get("/")(no_load)
    (found,) = [each for each in run_checks(app, app.freeze()) if each.level == "error"]
    assert (found.id, found.where[0].line, found.where[0].column) == ("templates.E012", 2, 9)
    assert found.fix == "Add .load(Note.writer) to the query."
    assert "no_load" in found.where[1].name


@pytest.mark.parametrize("page", [NotePage, None])
def test_unloaded_relation_says_so_while_rendering(page: type[Page] | None) -> None:
    note = Note(id=1, title="a", writer_id=1)
    template = Engine(sources={"a.html": WRITER}).get("a.html", page=page)
    with pytest.raises(NotLoaded, match=r"Note\.writer was not loaded"):
        template.render(NotePage(note) if page else {"note": note})
