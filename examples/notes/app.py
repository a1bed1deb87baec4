"""A notes site from one file: pages for people, JSON for programs, notes in a database.

bistro db migrate --app examples/notes/app.py
bistro run examples/notes/app.py
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from bistro import App, Json, Page, Redirect, Request
from bistro.db import Field, Model, Slice, auto, field
from bistro.forms import Form, FormView
from bistro.plugins import Accounts, Database, User

app = App(Database(), Accounts())  # bistro.sqlite3 beside this file, or what DATABASE_URL says


class Note(Model):
    """A row of the table `note`, and what JSON says of it."""

    id: Field[int] = auto()
    title: Field[str] = field(min_length=1, max_length=120)
    body: Field[str] = field(default="", max_length=10_000, multiline=True)
    created_at: Field[datetime] = auto()


class ListPage(Page, template="list.html"):
    """What list.html may use; `bistro check` proves that it uses nothing else."""

    notes: Slice[Note]
    search: str


class NotePage(Page, template="note.html"):
    """What note.html may use."""

    note: Note


class FormPage(Page, template="form.html"):
    """What form.html may use, for a new note and for one to be changed."""

    title: str
    form: FormView[Any]


async def find_notes(search: str, after: str) -> Slice[Note]:
    """Twenty notes with `search` in them, newest first, from the place `after` on."""
    found = Note.title.icontains(search) | Note.body.icontains(search)
    return await Note.objects.filter(found).order_by(Note.id.desc()).slice(after)


@app.get("/")
async def list_notes(search: str = "", after: str = "") -> ListPage:
    return ListPage(await find_notes(search, after), search)


@app.get("/notes/{id:int}")
async def show_note(id: int) -> NotePage:
    return NotePage(await Note.objects.get(Note.id == id))


@app.get("/notes/new")
async def new_note(form: FormView[Note.Create]) -> FormPage:
    return FormPage("New note", form)


@app.post("/notes/new")
async def save_new_note(form: Form[Note.Create], request: Request) -> Redirect:
    note = await Note.objects.create(form.value)
    return Redirect(request.url_for(show_note, id=note.id), status=303)


@app.get("/notes/{id:int}/edit")
async def edit_note(id: int, form: FormView[Note.Update]) -> FormPage:
    return FormPage("Edit note", form.fill(await Note.objects.get(Note.id == id)))


@app.post("/notes/{id:int}/edit")
async def save_note(id: int, form: Form[Note.Update], request: Request) -> Redirect:
    await Note.objects.filter(Note.id == id).update(form.value)
    return Redirect(request.url_for(show_note, id=id), status=303)


@app.get("/api/notes")
async def list_notes_as_json(search: str = "", after: str = "") -> Slice[Note]:
    return await find_notes(search, after)


@app.post("/api/notes")
async def create_note(new: Note.Create, request: Request) -> Json:
    note = await Note.objects.create(new)
    return Json(note, status=201, headers={"location": request.url_for(show_note_as_json, id=note.id)})


@app.get("/api/notes/{id:int}")
async def show_note_as_json(id: int) -> Note:
    return await Note.objects.get(Note.id == id)


@app.delete("/api/notes/{id:int}")
async def delete_note(id: int, user: User) -> None:
    note = await Note.objects.get(Note.id == id)
    await note.delete()
