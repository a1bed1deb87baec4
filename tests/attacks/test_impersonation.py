"""Attacks by those who help others: a user's place is no way to more than one may oneself."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from bistro import App
from bistro.plugins.accounts import AccountSite
from tests.plugins.accounts.support import EMAIL, PASSWORD, Site, site_with, who_routes

ROLES = {
    "support": ["accounts.impersonate", "note.read"],
    "head": ["accounts.*", "note.*"],
    "reader": ["note.read"],
    "treasurer": ["money.send"],
    "editor": ["note.*"],
}
OTHER = "other@example.com"


def add_routes(app: App) -> None:
    who_routes(app)

    @app.post("/promote", public=True)
    async def promote(accounts: AccountSite) -> None:
        await accounts.make_group("money", ["treasurer"])
        other = await accounts.find_user(OTHER)
        assert other is not None
        await accounts.add_to_group(other, "money")


@pytest.fixture
def site() -> Iterator[Site]:
    with site_with(add=add_routes, roles=ROLES) as made:
        made.add_user()
        made.add_user(OTHER)
        yield made


def impersonate(site: Site, own: str, theirs: str, **fields: object) -> str:
    """Try to, with these roles; who the session is of then."""
    site.change_user(roles=[own])
    site.change_user(OTHER, roles=[theirs] if theirs else [], **fields)
    site.log_in()
    site.client.post("/accounts/impersonate", data={"id": str(site.find_user(OTHER)["id"])})
    return site.client.get("/maybe").text


@pytest.mark.parametrize(
    ("own", "theirs", "who"),
    [
        ("support", "", OTHER),
        ("support", "reader", OTHER),
        ("support", "treasurer", EMAIL),
        ("support", "editor", EMAIL),  # may more with notes
        ("support", "head", EMAIL),
        ("head", "editor", OTHER),
        ("head", "support", OTHER),
        ("reader", "", EMAIL),
    ],
)
def test_nobody_gets_more_permissions_in_anothers_place(site: Site, own: str, theirs: str, who: str) -> None:
    assert impersonate(site, own, theirs) == who


def test_nobody_takes_the_place_of_a_superuser(site: Site) -> None:
    assert impersonate(site, "head", "", is_superuser=True) == EMAIL


def test_place_of_another_is_no_way_to_a_third(site: Site) -> None:
    site.add_user("third@example.com")
    assert impersonate(site, "head", "support") == OTHER
    answer = site.client.post(
        "/accounts/impersonate", data={"id": str(site.find_user("third@example.com")["id"])}
    )
    assert answer.status == 403
    site.client.post("/accounts/impersonate/end")
    assert site.client.get("/maybe").text == EMAIL


def test_password_and_mail_of_another_are_not_changed_in_their_place(site: Site) -> None:
    assert impersonate(site, "support", "") == OTHER
    for path in ("password", "email", "delete", "confirm", "sessions/end-others"):
        assert site.client.post(f"/accounts/{path}", data={"password": "x"}).status == 403


def test_stolen_session_in_anothers_place_ends_with_a_new_password_of_its_owner(site: Site) -> None:
    assert impersonate(site, "support", "") == OTHER
    with site.other_browser():
        site.log_in()
        data = {"current": PASSWORD, "password": "another harbour"}
        assert site.client.post("/accounts/password", data=data).status == 200
    assert site.client.get("/maybe").text == "nobody"
    site.client.post("/accounts/impersonate/end")
    assert site.client.get("/maybe").text == "nobody"


def test_stolen_session_in_anothers_place_ends_when_its_owner_ends_all_others(site: Site) -> None:
    site.add_user("third@example.com")
    with site.other_browser():
        site.log_in(OTHER)
        others = site.token
    assert impersonate(site, "support", "") == OTHER
    with site.other_browser():
        site.log_in()
        assert site.client.post("/accounts/sessions/end-others").status == 303
        assert site.client.get("/maybe").text == EMAIL
    assert site.client.get("/maybe").text == "nobody"
    with site.other_browser(others):
        assert site.client.get("/maybe").text == OTHER


@pytest.mark.parametrize(
    ("whose", "changes"),
    [
        (EMAIL, {"roles": []}),  # who helped is no helper any more
        (OTHER, {"roles": ["treasurer"]}),  # the other may more now than the helper
        (OTHER, {"is_superuser": True}),
    ],
)
def test_place_of_another_is_lost_with_the_rights_of_either(
    site: Site, whose: str, changes: dict[str, object]
) -> None:
    assert impersonate(site, "support", "") == OTHER
    site.change_user(whose, **changes)
    assert site.client.get("/maybe").text == "nobody"


def test_place_of_another_is_lost_with_a_group_of_theirs(site: Site) -> None:
    assert impersonate(site, "support", "") == OTHER
    site.client.post("/promote")
    assert site.client.get("/maybe").text == "nobody"
