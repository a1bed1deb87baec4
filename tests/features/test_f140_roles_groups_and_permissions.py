"""F140: groups, roles, permissions."""

from __future__ import annotations

from bistro import App
from bistro.plugins import Accounts
from bistro.plugins.accounts import AccountSite, User, permitted
from tests.features.accounts_site import add_user, log_in, site


def add(app: App) -> None:
    @app.post("/publish", before=[permitted("note.publish")])
    async def publish() -> str:
        return "published"

    @app.post("/join")
    async def join(user: User, site: AccountSite) -> None:
        await site.make_group("press", ["editor"])
        await site.add_to_group(user, "press")


def test_f140_permission_comes_by_a_role_of_the_user_or_of_a_group() -> None:
    with site(Accounts(roles={"editor": ["note.publish"]}), add) as client:
        add_user(client)
        add_user(client, "eve@example.com", roles=["editor"])
        log_in(client)
        assert client.post("/publish").status == 403
        client.post("/join")
        assert client.post("/publish").text == "published"
        log_in(client, "eve@example.com")
        assert client.post("/publish").text == "published"
