"""A notes site from one file: pages for people, JSON for programs, data in memory.

bistro run examples/notes/app.py
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

from msgspec import Meta, Struct

from bistro import App, Html, Json, NotFound, Request, Response, escape
from bistro.http import InsufficientStorage

ICON = (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 8 8">'
    '<rect width="8" height="8" rx="2" fill="#b45309"/></svg>'
)


class NewNote(Struct):
    """What a client sends to make a note."""

    title: Annotated[str, Meta(min_length=1, max_length=120)]
    body: Annotated[str, Meta(max_length=10_000)] = ""


class Note(NewNote, kw_only=True):
    """A note as it is kept."""

    id: int
    created_at: datetime


class Notebook:
    """All notes, in memory: a restart forgets them."""

    size_max = 1000

    def __init__(self) -> None:
        self._notes: dict[int, Note] = {}
        self._next_id = 1

    def add(self, new: NewNote) -> Note:
        """Keep a note; refuse when the book is full, since memory is not endless."""
        if len(self._notes) >= self.size_max:
            raise InsufficientStorage("The notebook is full. Delete a note first.")
        note = Note(id=self._next_id, title=new.title, body=new.body, created_at=datetime.now(UTC))
        self._notes[note.id] = note
        self._next_id += 1
        return note

    def get(self, note_id: int) -> Note:
        """The note with this id, or a 404."""
        if note_id not in self._notes:
            raise NotFound(f"There is no note {note_id}.")
        return self._notes[note_id]

    def delete(self, note_id: int) -> None:
        """Forget a note, or a 404."""
        del self._notes[self.get(note_id).id]

    def search(self, text: str) -> list[Note]:
        """The notes that hold `text`, newest first; all of them for an empty text."""
        wanted = text.casefold()
        found = [note for note in self._notes.values() if wanted in f"{note.title} {note.body}".casefold()]
        return found[::-1]


def make_app() -> App:
    """The site, with a notebook of its own."""
    app = App()
    book = Notebook()
    book.add(NewNote("Welcome to Bistro", "This page comes from examples/notes/app.py."))
    app.provide(Notebook, lambda: book)

    @app.get("/", blocking=False)
    def list_notes(book: Notebook, request: Request, search: str = "") -> Html:
        items = "".join(
            f'<li><a href="{request.url_for(show_note, id=note.id)}">{escape(note.title)}</a></li>'
            for note in book.search(search)
        )
        return page("Notes", f"{search_form(search)}<ul>{items or '<li>No notes.</li>'}</ul>")

    @app.get("/notes/{id:int}", blocking=False)
    def show_note(id: int, book: Notebook) -> Html:
        note = book.get(id)
        when = f"<time>{note.created_at:%Y-%m-%d %H:%M}</time>"
        return page(note.title, f'<p>{escape(note.body)}</p><p>{when}</p><p><a href="/">All notes</a></p>')

    @app.get("/icon.svg", blocking=False)
    def icon() -> Response:
        return Response(ICON, content_type="image/svg+xml")

    @app.get("/api/notes", blocking=False)
    def list_notes_as_json(book: Notebook, search: str = "") -> list[Note]:
        return book.search(search)

    @app.post("/api/notes", blocking=False)
    def create_note(new: NewNote, book: Notebook, request: Request) -> Json:
        note = book.add(new)
        location = request.url_for(show_note_as_json, id=note.id)
        return Json(note, status=201, headers={"location": location})

    @app.get("/api/notes/{id:int}", blocking=False)
    def show_note_as_json(id: int, book: Notebook) -> Note:
        return book.get(id)

    @app.delete("/api/notes/{id:int}", blocking=False)
    def delete_note(id: int, book: Notebook) -> None:
        book.delete(id)

    return app


def page(title: str, content: str) -> Html:
    """A whole page around `content`, which is HTML already."""
    name = escape(title)
    return Html(
        f'<!doctype html>\n<html lang="en">\n<head><meta charset="utf-8"><title>{name}</title>'
        f'<meta name="viewport" content="width=device-width, initial-scale=1">'
        f'<link rel="icon" href="/icon.svg"></head>\n'
        f"<body><main><h1>{name}</h1>{content}</main></body>\n</html>\n"
    )


def search_form(search: str) -> str:
    """The form that filters the list."""
    return (
        '<form role="search"><label>Search <input type="search" name="search" '
        f'value="{escape(search)}"></label> <button>Search</button></form>'
    )


app = make_app()
