"""A form that is refused after its handler has written: nothing is kept, and its page is shown."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

import pytest
from msgspec import Meta, Struct

from bistro import App, Html
from bistro.db import Field, Model, auto, create_tables, field
from bistro.forms import Form, FormView
from bistro.plugins import Database, DatabaseSessions, Flashes, FlashMessages, Sessions, StoredSession
from bistro.testing import Client
from tests.db.conftest import postgres_database_url, postgres_url, sqlite_url

__all__ = ["postgres_database_url", "postgres_url", "sqlite_url"]  # fixtures
pytestmark = pytest.mark.usefixtures("as_in_production")
HTML = {"accept": "text/html"}


class RefusedNote(Model):
    id: Field[int] = auto()
    title: Field[str] = field(unique=True)


class NewNote(Struct):
    title: Annotated[str, Meta(min_length=1)]


@pytest.fixture(params=["sqlite_url", pytest.param("postgres_url", marks=pytest.mark.service)])
def client(request: pytest.FixtureRequest) -> Iterator[Client]:
    app = App(
        Database(request.getfixturevalue(request.param)),
        Sessions(DatabaseSessions()),
        FlashMessages(),
        defaults=False,
    )

    @app.on_start
    async def prepare() -> None:
        await create_tables(RefusedNote, StoredSession)

    @app.get("/notes")
    async def show(form: FormView[NewNote], flashes: Flashes) -> Html:
        titles = ",".join(each.title for each in await RefusedNote.objects.order_by(RefusedNote.id))
        flashes.add("seen")  # the page writes as well: its session
        return Html(f"[{titles}] {form.html}")

    @app.post("/notes")
    async def create(form: Form[NewNote], flashes: Flashes) -> str:
        flashes.add("written")
        await RefusedNote.objects.create(title=form.value.title)
        if form.value.title == "late":
            form.refuse("title", "came too late")
        return "saved"

    with Client(app, base_url="https://localhost") as client:
        yield client


def test_refused_after_writing(client: Client) -> None:
    answer = client.post("/notes", data={"title": "late"}, headers=HTML)
    assert (answer.status, "came too late" in answer.text) == (422, True)
    assert client.get("/notes").text.startswith("[]")


def test_taken_value_is_told_and_nothing_is_broken_afterwards(client: Client) -> None:
    assert client.post("/notes", data={"title": "Tea"}, headers=HTML).text == "saved"
    answer = client.post("/notes", data={"title": "Tea"}, headers=HTML)
    assert (answer.status, "is taken already" in answer.text) == (422, True)
    assert client.post("/notes", data={"title": "Milk"}, headers=HTML).text == "saved"
    assert client.get("/notes").text.startswith("[Tea,Milk]")
