"""F31: all routes may stand in one central table, apart from the functions that answer them."""

from __future__ import annotations

from bistro import App, Routes
from bistro.routing import delete, get, include, post, redirect, route
from bistro.testing import Client


async def index() -> str:
    return "index"


async def list_notes() -> list[str]:
    return ["first"]


async def create_note() -> str:
    return "created"


def show_note(id: int) -> str:
    return f"note {id}"


def remove_note(id: int) -> None:
    return None


def purge() -> str:
    return "purged"


NOTES = Routes(
    [
        get("/", list_notes),
        post("/", create_note),
        get("/{id:int}", show_note, name="show"),
        delete("/{id:int}", remove_note),
    ]
)

SITE = Routes(
    [
        get("/", index, name="home"),
        include(NOTES, at="/notes", name="notes"),
        route(["PURGE", "POST"], "/cache", purge),
        redirect("/n/{id:int}", "/notes/{id}"),
    ]
)


def make_app() -> App:
    app = App()
    app.include(SITE)
    return app


def test_every_entry_of_the_table_answers() -> None:
    with Client(make_app()) as client:
        answers = {
            (method, target): client.request(method, target)
            for method, target in [
                ("GET", "/"),
                ("GET", "/notes/"),
                ("POST", "/notes/"),
                ("GET", "/notes/7"),
                ("DELETE", "/notes/7"),
                ("PURGE", "/cache"),
                ("POST", "/cache"),
                ("GET", "/n/7"),
            ]
        }

    assert {key: (answer.status, answer.text) for key, answer in answers.items()} == {
        ("GET", "/"): (200, "index"),
        ("GET", "/notes/"): (200, '["first"]'),
        ("POST", "/notes/"): (200, "created"),
        ("GET", "/notes/7"): (200, "note 7"),
        ("DELETE", "/notes/7"): (204, ""),
        ("PURGE", "/cache"): (200, "purged"),
        ("POST", "/cache"): (200, "purged"),
        ("GET", "/n/7"): (308, ""),
    }
    assert answers["GET", "/n/7"].headers["location"] == "/notes/7"


def test_entries_have_names_and_the_place_where_the_table_says_so() -> None:
    app = make_app()

    assert (app.url("home"), app.url("notes.show", id=7), app.url(show_note, id=7)) == (
        "/",
        "/notes/7",
        "/notes/7",
    )
    lines = [found.origin.line for found in app.freeze().routes if found.name in ("home", "notes.show")]
    here = (SITE.origin.line, NOTES.origin.line)
    assert all(min(here) < line < max(here) + 8 for line in lines)
    assert {found.origin.file for found in app.freeze().routes if found.name == "home"} == {__file__}
