"""F148: support uses the site as a user, and that is noted; F151: a log of what happens to accounts."""

from __future__ import annotations

from bistro import App
from bistro.plugins import Accounts
from bistro.plugins.accounts import AccountEvent
from tests.features.accounts_site import EMAIL, add_user, log_in, site


def add(app: App) -> None:
    @app.get("/events", public=True)
    async def events() -> list[tuple[str, bool]]:
        found = await AccountEvent.objects.order_by(AccountEvent.id)
        return [(each.kind, bool(each.by_key)) for each in found]


def test_f148_support_sees_what_a_user_sees() -> None:
    with site(Accounts(roles={"support": ["accounts.impersonate"]}), add) as client:
        add_user(client)
        add_user(client, "eve@example.com", roles=["support"])
        log_in(client, "eve@example.com")
        client.post("/accounts/impersonate", data={"id": "1"})
        assert client.get("/me").text == EMAIL
        client.post("/accounts/impersonate/end")
        assert client.get("/me").text == "eve@example.com"
        assert client.get("/events").json()[1:] == [
            ["impersonation began", True],
            ["impersonation ended", True],
        ]


def test_f151_events_are_kept_and_told() -> None:
    told: list[str] = []

    async def hear(event: AccountEvent) -> None:
        told.append(event.kind)

    with site(Accounts(on_event=hear), add) as client:
        add_user(client)
        log_in(client, password="wrong words")
        log_in(client)
        client.post("/accounts/log-out")
        assert told == ["log-in failed", "logged in", "logged out"]
        assert [kind for kind, _ in client.get("/events").json()] == told
