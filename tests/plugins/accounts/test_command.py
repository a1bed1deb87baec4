"""`bistro create-user`."""

from __future__ import annotations

import io
from collections.abc import Iterator

import pytest

from bistro import App, Query
from bistro.plugins.accounts import AccountSite
from bistro.plugins.accounts.command import make_command, read_password
from tests.plugins.accounts.support import EMAIL, PASSWORD, Site, site_with, who_routes


def add(app: App) -> None:
    who_routes(app)

    @app.post("/test/command/{email}", public=True)
    async def run(email: str, site: AccountSite, role: Query[list[str]] = []) -> str:  # noqa: B006
        command = make_command(site, {"librarian": ["book.*"], "reader": []})
        try:
            await command(email, None, superuser=not role, role=role or None)
        except SystemExit as ended:
            return str(ended)
        return "made"


@pytest.fixture
def site() -> Iterator[Site]:
    with site_with(add=add) as made:
        yield made


def run(
    site: Site,
    monkeypatch: pytest.MonkeyPatch,
    email: str = EMAIL,
    password: str = PASSWORD,
    roles: tuple[str, ...] = (),
) -> str:
    monkeypatch.setattr("sys.stdin", io.StringIO(f"{password}\n"))
    return site.client.post(f"/test/command/{email}", params={"role": roles}).text


def test_first_user_is_made_with_a_password_from_the_input(
    site: Site, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(site, monkeypatch) == "made"
    assert "made user 1" in capsys.readouterr().out
    assert site.log_in().status == 303
    assert site.find_user()["is_superuser"] is True


def test_user_gets_the_roles_that_are_named(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    assert run(site, monkeypatch, roles=("librarian", "reader")) == "made"
    assert (site.find_user()["roles"], site.find_user()["is_superuser"]) == (["librarian", "reader"], False)


def test_role_that_is_none_makes_no_user(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    # A misspelt role would be a user who may do nothing, and nobody would be told.
    assert run(site, monkeypatch, roles=("libarian",)) == "There is no role libarian. Did you mean librarian?"
    assert run(site, monkeypatch, roles=("x",)) == "There is no role x. There are librarian, reader."
    assert run(site, monkeypatch) == "made"


def test_mistakes_are_told_in_a_sentence(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "most common" in run(site, monkeypatch, password="password1")
    assert "no e-mail address" in run(site, monkeypatch, "nobody")
    run(site, monkeypatch)
    assert "already" in run(site, monkeypatch)


def test_password_that_is_typed_must_be_typed_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    typed = iter([PASSWORD, PASSWORD, PASSWORD, "another"])
    monkeypatch.setattr("sys.stdin", Terminal())
    monkeypatch.setattr("getpass.getpass", lambda _: next(typed))
    assert read_password() == PASSWORD
    with pytest.raises(SystemExit, match="not the same"):
        read_password()
