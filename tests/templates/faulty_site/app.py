"""A small shop whose templates have a mistake at every place that says `fault`."""

from __future__ import annotations

from typing import TypedDict

from msgspec import Struct

from bistro import App, NotFound, Page, Redirect, Request, render
from bistro.plugins import Rendered


class Author(Struct):
    """Who wrote a note."""

    name: str
    email: str | None = None


class Note(Struct):
    """A note."""

    id: int
    title: str
    body: str
    author: Author
    tags: list[str]
    reviewer: Author | None = None

    @property
    def link(self) -> str:
        """Where it is."""
        return f"/notes/{self.id}"


class Counts(TypedDict):
    """How many there are."""

    notes: int
    tags: int


class NotePage(Page, template="note.html"):
    """One note."""

    note: Note
    related: list[Note]


class ListPage(Page, template="list.html"):
    """Many notes."""

    notes: list[Note]
    counts: Counts
    by_tag: dict[str, list[Note]]
    search: str | None = None


class LonelyPage(Page, template="lonely.html"):  # fault: nobody gives it
    """Nobody gives this one."""

    title: str


class LostPage(Page, template="lost.html"):
    """Its template is not there."""

    title: str


app = App()


@app.get("/")
async def list_notes() -> ListPage:
    raise NotFound


@app.get("/notes/{id:int}")
async def show_note(id: int) -> NotePage | Redirect:
    return Redirect("/")


@app.get("/about")
async def about(request: Request, visits: int = 0) -> Rendered:
    home = request.url_for("list_nodes")  # fault: no such route
    return render("about.html", home=home, visits=visits, title="About", author=Author("Ann"))


@app.get("/nothing")
async def nothing() -> Rendered:
    return render("nothing.html")  # fault: no such template


@app.get("/lost")  # fault: the template of its page is not there
async def lost() -> LostPage:
    raise NotFound


@app.get("/old")
async def old(request: Request) -> Redirect:
    return Redirect(request.url_for("show_note", number=1))  # fault: no such parameter


@app.template_filter("money")
def money(cents: int) -> str:
    return f"{cents / 100:.2f}"
