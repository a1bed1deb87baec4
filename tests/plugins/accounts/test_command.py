"""`bistro create-user`."""

from __future__ import annotations

import io
from collections.abc import Iterator

import pytest

from bistro import App
from bistro.plugins.accounts import AccountSite
from bistro.plugins.accounts.command import make_command, read_password
from tests.plugins.accounts.support import EMAIL, PASSWORD, Site, site_with, who_routes


def add(app: App) -> None:
    who_routes(app)

    @app.post("/test/command/{email}", public=True)
    async def run(email: str, site: AccountSite) -> str:
        try:
            await make_command(site)(email, None, superuser=True)
        except SystemExit as ended:
            return str(ended)
        return "made"


@pytest.fixture
def site() -> Iterator[Site]:
    with site_with(add=add) as made:
        yield made


def run(site: Site, monkeypatch: pytest.MonkeyPatch, email: str = EMAIL, password: str = PASSWORD) -> str:
    monkeypatch.setattr("sys.stdin", io.StringIO(f"{password}\n"))
    return site.client.post(f"/test/command/{email}").text


def test_first_user_is_made_with_a_password_from_the_input(
    site: Site, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(site, monkeypatch) == "made"
    assert "made user 1" in capsys.readouterr().out
    assert site.log_in().status == 303
    assert site.find_user()["is_superuser"] is True


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
