"""Forms of accounts in browsers that say nothing about where a request comes from."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import bistro.plugins.accounts
from bistro.plugins import Csrf
from tests.plugins.accounts.support import EMAIL, HTML, PASSWORD, Site, site_with, who_routes

TEMPLATES = sorted(Path(bistro.plugins.accounts.__file__).parent.rglob("*.html"))
FORM = re.compile(r"<form\b.*?</form>", re.DOTALL)
OLD_BROWSER = {**HTML, "sec-fetch-site": None, "origin": None}


@pytest.fixture
def site() -> Iterator[Site]:
    with site_with(Csrf(tokens=True), add=who_routes) as made:
        made.add_user()
        yield made


def token_in(page: str) -> str:
    found = re.search(r'name="_csrf" value="([^"]+)"', page)
    assert found, page
    return found[1]


def test_old_browser_logs_in_and_out_by_the_tokens_of_the_pages(site: Site) -> None:
    fields = {"login": EMAIL, "password": PASSWORD}
    page = site.client.get("/accounts/log-in", headers=OLD_BROWSER).text
    assert site.client.post("/accounts/log-in", data=fields, headers=OLD_BROWSER).status == 403
    answer = site.client.post(
        "/accounts/log-in", data={**fields, "_csrf": token_in(page)}, headers=OLD_BROWSER
    )
    assert answer.status == 303
    assert site.client.get("/me").text == EMAIL
    page = site.client.get("/accounts", headers=OLD_BROWSER).text
    answer = site.client.post("/accounts/log-out", data={"_csrf": token_in(page)}, headers=OLD_BROWSER)
    assert answer.status == 303
    assert site.client.get("/maybe").text == "nobody"


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda path: path.stem)
def test_every_form_that_changes_something_has_its_token(template: Path) -> None:
    forms = [each for each in FORM.findall(template.read_text()) if 'method="post"' in each]
    assert all("{{ csrf_field() }}" in each for each in forms)
