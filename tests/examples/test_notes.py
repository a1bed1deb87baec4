"""The notes site does what its page says, for people and for programs, on SQLite and PostgreSQL."""

from __future__ import annotations

import re
import sys
from urllib.parse import urlsplit

import pytest

from bistro import App
from bistro.db import Database, sync
from bistro.migrations import Graph, Package, find_difference
from bistro.testing import Client, Mailbox, assert_queries
from tests.db.conftest import postgres_database_url, postgres_url, sqlite_url  # noqa: F401 - fixtures
from tests.examples.support import MIGRATIONS, load_notes_site

BROWSER = {"accept": "text/html,application/xhtml+xml,*/*;q=0.8"}


@pytest.fixture(params=["sqlite_url", pytest.param("postgres_url", marks=pytest.mark.service)])
def app(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> App:
    """The site on an empty database of each kind in turn; Bistro's own fixtures take it from here."""
    return load_notes_site(request.getfixturevalue(request.param), monkeypatch)


def create(client: Client, **note: str) -> str:
    """The address of a note made by JSON."""
    made = client.post("/api/notes", json=note)
    assert made.status == 201
    return made.headers["location"]


def sign_up(client: Client) -> None:
    """Make an account, and be logged in by the link in the mail."""
    client.post("/accounts/sign-up", data={"email": "ada@example.com", "password": "a quiet harbour"})
    found = re.search(r"token=([\w-]+)", Mailbox(client).messages[-1].text)
    assert found
    assert client.post("/accounts/verify", data={"token": found[1]}).status == 303


def test_who_is_logged_in_is_named_on_every_page(client: Client) -> None:
    assert '<a href="/accounts/log-in">Log in</a>' in client.get("/", headers=BROWSER).text
    sign_up(client)
    assert '<a href="/accounts">ada</a>' in client.get("/", headers=BROWSER).text


def test_the_list_links_to_each_note(client: Client) -> None:
    page = client.get("/", headers=BROWSER)
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert '<a href="/notes/1">Welcome to Bistro</a>' in page.text
    assert "Welcome to Bistro" in client.get("/notes/1").text


def test_notes_are_there_after_a_restart_and_those_of_the_beginning_only_once(app: App) -> None:
    with Client(app) as client:
        first = len(client.get("/api/notes").json()["items"])
        create(client, title="Milk")
    with Client(app) as client:
        notes = client.get("/api/notes").json()["items"]
    assert notes[0]["title"] == "Milk"
    assert len(notes) == first + 1


def test_a_note_is_made_shown_and_deleted_by_json(client: Client) -> None:
    address = create(client, title="Milk", body="Two litres")
    assert client.get(address).json()["body"] == "Two litres"
    assert client.delete(address).status == 401
    sign_up(client)
    assert client.delete(address).status == 204
    assert client.get(address).status == 404
    assert client.delete(address).status == 404


def test_a_note_that_is_not_there_is_a_404_for_people_too(client: Client) -> None:
    for path in ("/notes/99", "/notes/99999999999999999999", "/notes/first"):
        assert client.get(path, headers=BROWSER).status == 404


def test_a_title_that_is_missing_or_too_long_is_told(client: Client) -> None:
    for body, code in (({}, "missing"), ({"title": ""}, "too-short"), ({"title": "x" * 121}, "too-long")):
        refused = client.post("/api/notes", json=body)
        assert refused.status == 422
        assert [(each["path"], each["code"]) for each in refused.json()["errors"]] == [("title", code)]


def test_a_client_can_choose_neither_number_nor_time(client: Client) -> None:
    address = create(client, title="Mine", id="7000", created_at="1970-01-01T00:00:00Z")
    note = client.get(address).json()
    assert note["id"] != 7000
    assert not note["created_at"].startswith("1970")


def test_what_people_write_never_becomes_markup(client: Client) -> None:
    address = create(client, title="<script>alert(1)</script>", body='"><img src=x>')
    for path in ("/", address.removeprefix("/api"), "/?search=%22%3E%3Cscript%3E"):
        text = client.get(path, headers=BROWSER).text
        assert "<script>" not in text
        assert "<img" not in text


def test_search_finds_in_title_and_body_and_takes_signs_as_they_are(client: Client) -> None:
    create(client, title="Milk")
    create(client, title="Sale", body="100% off")
    for searched, found in (("MILK", ["Milk"]), ("0% O", ["Sale"]), ("%", ["Sale"]), ("' or 1=1 --", [])):
        answer = client.get("/api/notes", params={"search": searched})
        assert [note["title"] for note in answer.json()["items"]] == found
    assert "No notes." in client.get("/?search=nothing").text


def test_older_notes_are_a_link_away_until_there_are_none(client: Client, database: Database) -> None:
    insert = f"insert into note (title, body) values ({'?' if database.dialect == 'sqlite' else '$1'}, '')"
    sync(database.execute_many(insert, [(f"Letter {number}",) for number in range(41)]))

    seen, address = [], "/?search=letter"
    while address:
        with assert_queries(1):
            text = client.get(address, headers=BROWSER).text
        seen += [line for line in text.splitlines() if "Letter" in line]
        link = next((line for line in text.splitlines() if 'rel="next"' in line), "")
        address = link.partition('href="')[2].partition('"')[0].replace("&amp;", "&")

    assert len(seen) == len(set(seen)) == 41


def test_a_place_that_the_site_never_gave_is_refused(client: Client) -> None:
    for place in ("nonsense", "W10", "x" * 3000):
        assert client.get("/", params={"after": place}).status == 400


def test_a_form_of_another_site_cannot_make_a_note(client: Client) -> None:
    refused = client.post("/api/notes", content=b'{"title": "x"}', headers={"content-type": "text/plain"})
    assert refused.status == 415


def test_the_icon_of_the_pages_is_served(client: Client) -> None:
    page = client.get("/", headers=BROWSER).text
    address = page.partition('rel="icon" href="')[2].partition('"')[0]
    assert client.get(urlsplit(address).path).content_type == "image/svg+xml"


def test_migrations_of_the_site_make_what_its_models_say(app: App) -> None:
    graph = Graph([Package("site", MIGRATIONS, [sys.modules["examples.notes.app"].Note])])
    assert find_difference(graph, graph.packages[0]) == []


def test_a_note_is_made_and_changed_by_forms(client: Client) -> None:
    page = client.get("/notes/new", headers=BROWSER).text
    assert "<textarea" in page
    refused = client.post("/notes/new", data={"title": "x" * 121, "body": "kept"}, headers=BROWSER)
    assert refused.status == 422
    assert "kept</textarea>" in refused.text
    made = client.post("/notes/new", data={"title": "Milk"}, headers=BROWSER, follow_redirects=False)
    address = urlsplit(made.headers["location"]).path
    assert 'value="Milk"' in client.get(f"{address}/edit").text
    client.post(f"{address}/edit", data={"title": "Tea", "body": "green", "id": "7000"}, headers=BROWSER)
    assert "green" in client.get(address).text
    empty = client.post(f"{address}/edit", data={"title": ""}, headers=BROWSER)
    assert (empty.status, "Title: is required" in empty.text) == (422, True)
    assert client.get("/notes/9999/edit", headers=BROWSER).status == 404
