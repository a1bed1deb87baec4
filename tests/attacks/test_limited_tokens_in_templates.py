"""Attacks with a token that is limited: no page shows it what its user sees, by way of a template either."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from bistro import App
from bistro.plugins import Rendering
from bistro.plugins.accounts import AccountSite, ApiTokens, require_scope
from bistro.plugins.accounts.api_tokens import TokenStore
from bistro.templates import Page
from tests.plugins.accounts.support import EMAIL, Site, site_with


class Who(Page, template="who.html"):
    pass


def add(app: App) -> None:
    @app.get("/token/{scope}", public=True)
    async def token(scope: str, store: TokenStore, accounts: AccountSite) -> str:
        user = await accounts.find_user(EMAIL)
        assert user is not None
        return await store.make(user, "robot", [scope], None)

    @app.get("/news", public=True)
    async def news() -> Who:
        return Who()

    @app.get("/notes", before=[require_scope("note.read")])
    async def notes() -> Who:
        return Who()


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    (tmp_path / "who.html").write_text("{{ user.email if user else 'nobody' }}")
    with site_with(Rendering(tmp_path), add=add, methods=[ApiTokens({"note.read": "Read"})]) as made:
        made.add_user()
        yield made


def see(site: Site, path: str, scope: str) -> str:
    token = site.client.get(f"/token/{scope}").text
    return site.client.get(path, headers={"authorization": f"Bearer {token}"}).text


def test_template_of_a_public_page_shows_no_user_to_a_limited_token(site: Site) -> None:
    assert see(site, "/news", "note.read") == "nobody"


def test_template_of_a_public_page_shows_the_user_to_a_token_without_a_limit_and_to_a_session(
    site: Site,
) -> None:
    assert see(site, "/news", "*") == EMAIL
    site.log_in()
    assert site.client.get("/news").text == EMAIL


def test_template_of_a_page_with_the_tokens_scope_shows_the_user(site: Site) -> None:
    assert see(site, "/notes", "note.read") == EMAIL
