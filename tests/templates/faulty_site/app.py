"""A small shop whose templates have a mistake at every place that says `fault`."""

from __future__ import annotations

from typing import TypedDict

from msgspec import Struct

from bistro import App, NotFound, Page, Redirect, Request, render
from bistro.db import Field, ForeignKey, Model, Related, auto, related
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


class LonelyPage(Page, template="lonely.html"):  # fault: nobody gives it | (Page, template="lonely.html") >
    """Nobody gives this one."""

    title: str


class Shop(Model):
    """Where somebody works."""

    id: Field[int] = auto()
    city: Field[str]


class Writer(Model):
    """Who comments."""

    id: Field[int] = auto()
    name: Field[str]
    shop: ForeignKey[Shop]


class Comment(Model):
    """A comment, perhaps on another."""

    id: Field[int] = auto()
    text: Field[str]
    writer: ForeignKey[Writer]
    answered: ForeignKey[Comment]
    votes: Related[Vote] = related()


class Vote(Model):
    """What somebody thinks of a comment."""

    id: Field[int] = auto()
    points: Field[int]
    comment: ForeignKey[Comment]


class CommentsPage(Page, template="comments.html"):
    """Comments."""

    comments: list[Comment]


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
    home = request.url_for("list_nodes")  # fault: no such route | list_nodes > list_notes
    return render("about.html", home=home, visits=visits, title="About", author=Author("Ann"))


@app.get("/nothing")
async def nothing() -> Rendered:
    return render("nothing.html", title="x")  # fault: no such template | nothing > lonely


@app.get("/lost")  # fault: the template of its page is not there
async def lost() -> LostPage:
    raise NotFound


@app.get("/comments")
async def show_comments() -> CommentsPage:
    query = Comment.objects.load(Comment.writer, Comment.votes)
    return CommentsPage(comments=await query.order_by(Comment.id))


@app.get("/old")
async def old(request: Request) -> Redirect:
    return Redirect(request.url_for("show_note", number=1))  # fault: no such parameter | number > id


@app.template_filter("money")
def money(cents: int) -> str:
    return f"{cents / 100:.2f}"
