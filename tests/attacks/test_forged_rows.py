"""Forms that change many rows at once, with rows that the page never showed (row 87).

Admins of other frameworks took ids and extra rows from the form (CVE-2019-19118, CVE-2026-4277). Here the
rows of a form are found through the query of what the user may edit.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

import pytest
from msgspec import Meta, Struct

from bistro import App
from bistro.db import Field, ForeignKey, Model, Predicate, Query, auto, create_tables
from bistro.forms import Form
from bistro.http import NotFound
from bistro.plugins.accounts import Allowed, Policies, User
from tests.plugins.accounts.support import EMAIL, HTML, Site, log_in, site_with

OTHER = "bob@example.com"
policy = Policies()


class Leaflet(Model):
    id: Field[int] = auto()
    title: Field[str]
    is_printed: Field[bool]
    author: ForeignKey[User]


@policy(Leaflet, "edit")
def may_edit(user: User | None) -> Predicate | bool:
    return user is not None and (Leaflet.author == user)


@policy(Leaflet, "delete")
def may_delete(user: User | None) -> Predicate | bool:
    return user is not None and (Leaflet.author == user) & (Leaflet.is_printed == False)  # noqa: E712 - SQL


class Row(Struct):
    id: int
    title: Annotated[str, Meta(min_length=1)]


class Rows(Struct):
    rows: Annotated[list[Row], Meta(max_length=20)]


def add(app: App) -> None:
    @app.on_start
    async def make_tables() -> None:
        await create_tables(Leaflet)

    @app.post("/test/leaflets/{email}", public=True)
    async def make(email: str) -> None:
        author = await User.objects.get(User.email == email)
        await Leaflet.objects.create(title=f"of {email}", is_printed=email == EMAIL, author=author)

    @app.get("/leaflets", public=True)
    async def show() -> list[str]:
        return [each.title for each in await Leaflet.objects.order_by(Leaflet.id)]

    @app.post("/leaflets")
    async def save(form: Form[Rows], mine: Annotated[Query[Leaflet], Allowed("edit")]) -> None:
        for row in form.value.rows:
            if not await mine.filter(Leaflet.id == row.id).update(title=row.title):
                raise NotFound

    @app.delete("/leaflets/{id:int}")
    async def delete(leaflet: Annotated[Leaflet, Allowed("delete")]) -> None:
        await leaflet.delete()


@pytest.fixture
def site() -> Iterator[Site]:
    """Ann is logged in; 1 and 2 are hers and printed, 3 is Bob's."""
    with site_with(add=add, policies=policy) as made:
        for email in (EMAIL, OTHER):
            made.add_user(email)
        for email in (EMAIL, EMAIL, OTHER):
            made.client.post(f"/test/leaflets/{email}")
        log_in(made.client)
        yield made


def titles(site: Site) -> list[str]:
    found: list[str] = site.client.get("/leaflets").json()
    return found


def send(site: Site, *rows: dict[str, str]) -> int:
    fields = {f"rows[{at}].{name}": text for at, row in enumerate(rows) for name, text in row.items()}
    return site.client.post("/leaflets", data=fields, headers=HTML).status


def test_own_rows_are_changed(site: Site) -> None:
    assert send(site, {"id": "1", "title": "new"}, {"id": "2", "title": "newer"}) < 400
    assert titles(site) == ["new", "newer", f"of {OTHER}"]


@pytest.mark.parametrize("forged", ["3", "4", "-1", "999999999999"])
def test_row_of_another_user_changes_nothing_at_all(site: Site, forged: str) -> None:
    before = titles(site)
    assert send(site, {"id": "1", "title": "new"}, {"id": forged, "title": "mine now"}) == 404
    assert titles(site) == before


@pytest.mark.parametrize("row", [{}, {"id": ""}, {"id": "1 OR 1=1"}, {"id": "1.5"}])
def test_row_without_the_number_of_one_is_none_and_makes_none(site: Site, row: dict[str, str]) -> None:
    before = titles(site)
    assert send(site, {**row, "title": "extra"}) == 422
    assert titles(site) == before


def test_field_that_the_form_does_not_have_changes_nothing(site: Site) -> None:
    send(site, {"id": "1", "title": "new", "author": "2", "author_id": "2", "is_printed": ""})
    assert send(site, {"id": "1", "title": "still mine"}) < 400
    assert titles(site)[0] == "still mine"


@pytest.mark.parametrize("forged", ["1", "3", "4"])
def test_what_may_be_edited_may_not_be_deleted_for_that(site: Site, forged: str) -> None:
    before = titles(site)
    assert site.client.delete(f"/leaflets/{forged}").status in (403, 404)
    assert titles(site) == before


def test_user_who_was_locked_out_changes_nothing(site: Site) -> None:
    site.change_user(is_active=False)
    assert send(site, {"id": "1", "title": "new"}) == 404
    assert titles(site)[0] == f"of {EMAIL}"
