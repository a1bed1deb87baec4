"""The notes site does what its page says, for people and for programs."""

from __future__ import annotations

import pytest

from bistro.testing import Client
from examples.notes.app import Notebook, make_app

BROWSER = {"accept": "text/html,application/xhtml+xml,*/*;q=0.8"}


@pytest.fixture
def site():
    with Client(make_app()) as client:
        yield client


def test_the_list_links_to_each_note(site: Client) -> None:
    page = site.get("/", headers=BROWSER)
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert '<a href="/notes/1">Welcome to Bistro</a>' in page.text
    assert "Welcome to Bistro" in site.get("/notes/1").text


def test_a_note_is_made_shown_and_deleted_by_json(site: Client) -> None:
    made = site.post("/api/notes", json={"title": "Milk", "body": "Two litres"})
    assert (made.status, made.headers["location"]) == (201, "/api/notes/2")
    assert site.get("/api/notes/2").json()["body"] == "Two litres"
    assert site.delete("/api/notes/2").status == 204
    assert site.get("/api/notes/2").status == 404


def test_a_title_that_is_missing_or_too_long_is_told(site: Client) -> None:
    for body, code in (({}, "missing"), ({"title": ""}, "too-short"), ({"title": "x" * 121}, "too-long")):
        refused = site.post("/api/notes", json=body)
        assert refused.status == 422
        assert [(each["path"], each["code"]) for each in refused.json()["errors"]] == [("title", code)]


def test_what_people_write_never_becomes_markup(site: Client) -> None:
    site.post("/api/notes", json={"title": "<script>alert(1)</script>", "body": '"><img src=x>'})
    for path in ("/", "/notes/2", "/?search=%22%3E%3Cscript%3E"):
        text = site.get(path).text
        assert "<script>" not in text
        assert "<img" not in text


def test_search_finds_in_title_and_body(site: Client) -> None:
    site.post("/api/notes", json={"title": "Milk"})
    assert [note["title"] for note in site.get("/api/notes?search=MILK").json()] == ["Milk"]
    assert "No notes." in site.get("/?search=nothing").text


def test_a_full_notebook_refuses_more(site: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Notebook, "size_max", 1)
    assert site.post("/api/notes", json={"title": "One too many"}).status == 507


def test_a_form_of_another_site_cannot_make_a_note(site: Client) -> None:
    refused = site.post("/api/notes", content=b'{"title": "x"}', headers={"content-type": "text/plain"})
    assert refused.status == 415
