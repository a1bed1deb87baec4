"""Fields of a site's own model of users on the sign-up page."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from bistro import App
from bistro.db import Field, ForeignKey, Model, Unique, auto, create_tables, field
from bistro.plugins import Accounts, Database, Mail
from bistro.plugins.accounts import AbstractUser, AccountsError
from tests.plugins.accounts.support import EMAIL, HTML, PASSWORD, Site, site_with

SENT = {"email": EMAIL, "password": PASSWORD}


class Club(Model):
    id: Field[int] = auto()


class Sculler(AbstractUser, constraints=(Unique(("berth", "pier")),)):
    town: Field[str] = field(max_length=20)
    boats: Field[int] = field(default=1, ge=0, le=9)
    tags: Field[list[str]] = field(default_factory=list)
    motto: Field[str | None] = field(default=None)
    licence: Field[str] = field(default="", unique=True)
    berth: Field[int] = field(default=0)
    pier: Field[int] = field(default=0)
    fee: Field[int] = field(default=0, private=True)
    club: ForeignKey[Club | None] = field(default=None)


def add(app: App) -> None:
    @app.on_start
    async def make_tables() -> None:
        await create_tables(Club, Sculler)

    @app.get("/test/sculler", public=True)
    async def show() -> list[Any]:
        found = await Sculler.objects.order_by(Sculler.id)
        return [[each.email, each.town, each.boats, each.motto, each.fee] for each in found]


@pytest.fixture
def site() -> Iterator[Site]:
    asked = ["town", "boats", "motto"]
    with site_with(add=add, user=Sculler, sign_up_fields=asked) as made:
        yield made


def sign_up(site: Site, **fields: str) -> int:
    return site.client.post("/accounts/sign-up", data={**SENT, **fields}, headers=HTML).status


def rows(site: Site) -> list[Any]:
    found: list[Any] = site.client.get("/test/sculler").json()
    return found


def test_page_asks_for_them_behind_its_own(site: Site) -> None:
    page = site.client.get("/accounts/sign-up", headers=HTML).text
    places = [page.index(f'name="{each}"') for each in ("email", "password", "town", "boats", "motto")]
    assert places == sorted(places)
    assert 'name="licence"' not in page


def test_what_was_filled_in_is_the_new_users(site: Site) -> None:
    assert sign_up(site, town="Ulm", boats="3") == 200
    assert rows(site) == [[EMAIL, "Ulm", 3, None, 0]]


def test_default_holds_where_nothing_is_sent(site: Site) -> None:
    assert sign_up(site, town="Ulm") == 200
    assert rows(site)[0][2] == 1


@pytest.mark.parametrize("wrong", [{}, {"town": "x" * 21}, {"town": "Ulm", "boats": "10"}])
def test_rules_of_the_model_hold(site: Site, wrong: dict[str, str]) -> None:
    assert sign_up(site, **wrong) == 422
    assert rows(site) == []


def test_fields_that_are_not_asked_for_stay_as_they_are(site: Site) -> None:
    sign_up(site, town="Ulm", fee="-5", is_superuser="on", berth="9")
    assert rows(site) == [[EMAIL, "Ulm", 1, None, 0]]


def test_who_signs_up_anew_before_confirming_replaces_them(site: Site) -> None:
    sign_up(site, town="Ulm", motto="row")
    sign_up(site, town="Bonn")
    assert rows(site) == [[EMAIL, "Bonn", 1, None, 0]]


def test_who_has_an_account_keeps_theirs(site: Site) -> None:
    site.add_user(town="Ulm")
    assert sign_up(site, town="Bonn") == 200
    assert rows(site)[0][1] == "Ulm"


@pytest.mark.parametrize(
    ("asked", "reason"),
    [
        ("twon", "no such field"),
        ("fee", "no such field"),
        ("is_superuser", "no such field"),
        ("password", "no such field"),
        ("licence", "which is unique"),
        ("berth", "which is unique"),
        ("club_id", "looked up"),
    ],
)
def test_what_nobody_may_choose_at_sign_up_stops_the_start(
    asked: str, reason: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ENV", "development")
    accounts = Accounts(user=Sculler, sign_up_fields=["town", asked])
    with pytest.raises(AccountsError, match=reason) as stopped:
        App(Database("sqlite://"), Mail("memory:", sender="s@example.com"), accounts).freeze()
    if asked == "twon":
        assert "town" in stopped.value.fix
