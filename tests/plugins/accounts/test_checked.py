"""What `bistro check` says of a site with accounts."""

from __future__ import annotations

import pytest

from bistro import App
from bistro.plugins import Accounts, Database
from bistro.plugins.accounts import ApiTokens, permitted


def ids_of(app: App) -> dict[str, str]:
    """The findings by their id, with what they say."""
    found = [finding for check, _ in app.freeze().registered.checks for finding in check(app)]
    return {each.id: each.what for each in found if each.level != "info"}


@pytest.fixture(autouse=True)
def testing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ENV", "testing")


def test_templates_of_accounts_have_no_faults() -> None:
    methods = [ApiTokens({"note.read": "Read notes"})]
    assert ids_of(App(Database("sqlite://"), Accounts(log_in_by_mail=True, methods=methods))) == {}


def test_permission_that_no_role_gives_is_found_with_the_nearest() -> None:
    app = App(Database("sqlite://"), Accounts(roles={"editor": ["note.publish"], "chief": ["staff.*"]}))

    @app.post("/x", before=[permitted("note.publsh")])
    async def wrong() -> None: ...

    @app.post("/y", before=[permitted("staff.hire")])
    async def right() -> None: ...

    assert ids_of(app) == {"accounts.E001": "no role gives the permission note.publsh"}
