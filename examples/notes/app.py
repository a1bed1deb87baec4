"""A notes site from one file: pages for people, JSON for programs, notes in a database.

bistro db migrate --app examples/notes/app.py
bistro run examples/notes/app.py
"""

from __future__ import annotations

from datetime import datetime

from bistro import App, Json, Page, Request
from bistro.db import Field, Model, Slice, auto, field
from bistro.plugins import Database

app = App(Database())  # bistro.sqlite3 beside this file, or what DATABASE_URL says


class Note(Model):
    """A row of the table `note`, and what JSON says of it."""

    id: Field[int] = auto()
    title: Field[str] = field(min_length=1, max_length=120)
    body: Field[str] = field(default="", max_length=10_000)
    created_at: Field[datetime] = auto()


class ListPage(Page, template="list.html"):
    """What list.html may use; `bistro check` proves that it uses nothing else."""

    notes: Slice[Note]
    search: str


class NotePage(Page, template="note.html"):
    """What note.html may use."""

    note: Note


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
async def delete_note(id: int) -> None:
    note = await Note.objects.get(Note.id == id)
    await note.delete()
