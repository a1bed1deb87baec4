"""F168, F170, F171, F172, F174, F175: forms from models, live checks, rows, files, own widgets, wizards."""

from __future__ import annotations

import struct
import zlib
from pathlib import Path
from typing import Annotated, Any

import pytest
from msgspec import Meta, Struct

from bistro import App, Html, Page, Redirect, Upload
from bistro.db import Database as OpenDatabase
from bistro.db import Field, ForeignKey, Model, auto, create_tables, field
from bistro.forms import FileCheck, Form, FormView, ImageCheck, check, in_steps
from bistro.plugins import Database, LiveForms, Rendering
from bistro.testing import Client

HTML = {"accept": "text/html"}


class Author(Model, table="f168_author"):
    id: Field[int] = auto()
    name: Field[str] = field(max_length=60)


class Book(Model, table="f168_book"):
    id: Field[int] = auto()
    title: Field[str] = field(min_length=1, max_length=20, label="Name of the book")
    blurb: Field[str] = field(default="", multiline=True, help="A few lines")
    author: ForeignKey[Author]
    is_out: Field[bool] = field(default=True)
    secret: Field[str] = field(default="s", private=True)


def book_site(tmp_path: Path) -> App:
    app = App(Database(f"sqlite:///{tmp_path / 'books.db'}"))

    async def prepare(database: OpenDatabase) -> None:
        await create_tables(Author, Book, using=database)

    @app.get("/fill")
    async def fill(database: OpenDatabase) -> None:
        await create_tables(Author, Book)
        await Author.objects.create(name="Ann")
        await Author.objects.create(name="Ben <b>")

    @app.get("/books/new")
    async def new(form: FormView[Book.Create]) -> Html:
        return Html(form.html)

    @app.post("/books/new")
    async def create(form: Form[Book.Create]) -> Redirect:
        book = await Book.objects.create(form.value)
        return Redirect(f"/books/{book.id}/edit", status=303)

    @app.get("/books/{id:int}/edit")
    async def edit(id: int, form: FormView[Book.Update]) -> Html:
        return Html(form.fill(await Book.objects.get(Book.id == id)).html)

    @app.post("/books/{id:int}/edit")
    async def change(id: int, form: Form[Book.Update]) -> dict[str, Any]:
        await Book.objects.filter(Book.id == id).update(form.value)
        return form.changes

    return app


def test_f168_form_is_made_from_the_model(tmp_path: Path) -> None:
    with Client(book_site(tmp_path), follow_redirects=False) as client:
        client.get("/fill")
        page = client.get("/books/new").text
        assert '<label for="f-title">Name of the book</label>' in page
        assert "<textarea" in page
        assert "A few lines" in page
        assert '<option value="2">Ben &lt;b&gt;</option>' in page
        assert "secret" not in page
        assert "f-id" not in page
        wrong = client.post("/books/new", data={"title": "x" * 21, "author_id": "7"}, headers=HTML)
        assert wrong.status == 422
        assert "is none of the choices" in wrong.text
        made = client.post(
            "/books/new", data={"title": "Tea", "author_id": "2", "secret": "mine", "id": "77"}
        )
        assert made.headers["location"] == "/books/1/edit"
        edit = client.get("/books/1/edit").text
        assert '<option value="2" selected="selected">' in edit
        assert 'value="Tea"' in edit
        changed = client.post("/books/1/edit", data={"title": "Tea!", "is_out": "false"})
        assert changed.json() == {"title": "Tea!", "is_out": False}


class SignUp(Struct):
    name: Annotated[str, Meta(min_length=2)]
    password: Annotated[str, Meta(min_length=8)]

    @check("name", code="taken")
    async def name_is_free(self) -> str | None:
        return "is taken" if self.name == "root" else None


def test_f170_each_field_is_checked_live_by_the_same_rules() -> None:
    calls = []
    sources = {
        "sign-up.html": "<head>{{ live_forms() }}</head><form method=post data-live>{{ form.html }}</form>"
    }
    app = App(Rendering(sources=sources), LiveForms())

    @app.get("/sign-up")
    async def show(form: FormView[SignUp]) -> SignUpPage:
        return SignUpPage(form)

    @app.post("/sign-up")
    async def sign_up(form: Form[SignUp]) -> str:
        calls.append(form.value)
        return "done"

    client = Client(app)
    script = client.get("/sign-up").text.partition('<script src="')[2].partition('"')[0]
    assert client.get(script).headers["content-type"].startswith("text/javascript")
    answer = client.post("/sign-up", data={"name": "root"}, headers={"x-form-validate": "name"})
    assert [each["message"] for each in answer.json()["errors"]] == ["is taken"]
    assert client.post("/sign-up", data={"name": "ann"}, headers={"x-form-validate": "name"}).status == 204
    assert calls == []


class SignUpPage(Page, template="sign-up.html"):
    form: FormView[SignUp]


class Line(Struct):
    name: Annotated[str, Meta(min_length=1)]


class Order(Struct):
    lines: Annotated[list[Line], Meta(min_length=1)]


def test_f171_rows_are_added_and_removed_without_javascript() -> None:
    app = App()

    @app.get("/order")
    async def show(form: FormView[Order]) -> Html:
        return Html(form.html)

    @app.post("/order")
    async def take(form: Form[Order]) -> list[str]:
        return [each.name for each in form.value.lines]

    client = Client(app)
    assert client.get("/order").text.count('class="row"') == 1
    sent = {"lines[0].name": "tea"}
    more = client.post("/order", data={**sent, "_action": "add:lines"}, headers=HTML)
    assert (more.status, more.text.count('class="row"'), 'value="tea"' in more.text) == (200, 2, True)
    assert client.post("/order", data={**sent, "lines[1].name": "milk"}).json() == ["tea", "milk"]
    assert client.post("/order", data={}, headers=HTML).status == 422


class Photo(Struct):
    photo: Annotated[Upload, ImageCheck(types=("image/png",), width_max=100)]
    text: Annotated[Upload | None, FileCheck(types=("text/plain",), size_max=10)] = None


def png(width: int) -> bytes:
    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", width, 1, 8, 0, 0, 0, 0)
    rows = zlib.compress(b"\0" * (width + 1))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


@pytest.mark.parametrize(
    ("photo", "text", "wrong"),
    [
        (png(100), None, []),
        (png(101), None, ["photo"]),
        (b"GIF89a", b"fine", ["photo"]),
        (png(1), b"\0\1", ["text"]),
        (png(1), b"x" * 11, ["text"]),
    ],
)
def test_f172_files_are_checked_by_content_size_and_dimensions(
    photo: bytes, text: bytes | None, wrong: list[str]
) -> None:
    app = App()

    @app.post("/photos")
    async def take(form: Form[Photo]) -> str:
        return "taken"

    files = {"photo": ("a.png", photo), **({"text": ("a.txt", text)} if text is not None else {})}
    answer = Client(app).post("/photos", files=files)
    paths = [each["path"] for each in answer.json()["errors"]] if answer.status == 422 else []
    assert (paths, answer.status) == (wrong, 422 if wrong else 200)


def test_f174_template_of_a_widget_is_replaced() -> None:
    own = '<p class="mine">{{ field.label }}: {{ field.input }}{% for each in field.messages %}<b>{{ each }}</b>{% endfor %}</p>'
    app = App(Rendering(sources={"forms/text.html": own}))

    @app.get("/x")
    async def show(form: FormView[SignUp]) -> Html:
        return Html(form.html)

    @app.post("/x")
    async def take(form: Form[SignUp]) -> str:
        return "taken"

    page = Client(app).post("/x", data={"name": "<"}, headers=HTML).text
    assert '<p class="mine">Name: <input type="text" id="f-name" name="name"' in page
    assert 'value="&lt;"' in page
    assert "<b>must have at least 2 characters</b>" in page or "<b>" in page


class Person(Struct):
    name: Annotated[str, Meta(min_length=1)]


class Place(Struct):
    city: Annotated[str, Meta(min_length=1)]


@in_steps
class Checkout(Struct):
    person: Person
    place: Place


def test_f175_wizard_goes_step_by_step_and_checks_all_at_the_end() -> None:
    app = App()

    @app.get("/checkout")
    async def show(form: FormView[Checkout]) -> Html:
        return Html(form.html)

    @app.post("/checkout")
    async def take(form: Form[Checkout]) -> str:
        return f"{form.value.person.name} in {form.value.place.city}"

    client = Client(app)
    assert "Step 1 of 2" in client.get("/checkout").text
    second = client.post("/checkout", data={"_step": "person", "person.name": "Ann"}, headers=HTML).text
    assert "Step 2 of 2" in second
    assert 'type="hidden" name="person.name" value="Ann"' in second
    everything = {"_step": "place", "person.name": "Ann", "place.city": "Ulm"}
    assert client.post("/checkout", data=everything).text == "Ann in Ulm"
    back = client.post("/checkout", data={**everything, "_action": "back:"}, headers=HTML).text
    assert "Step 1 of 2" in back
