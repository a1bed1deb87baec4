"""F147: what is sensitive asks for a log-in that was not long ago."""

from __future__ import annotations

from datetime import timedelta

from bistro import App
from bistro.plugins import Accounts
from bistro.plugins.accounts import User, recent_log_in
from bistro.testing import FakeClock
from tests.features.accounts_site import HTML, PASSWORD, add_user, log_in, site


def add(app: App) -> None:
    @app.get("/payout", before=[recent_log_in(timedelta(minutes=10))])
    async def payout(user: User) -> str:
        return "paid"


def test_f147_password_is_asked_for_once_more() -> None:
    clock = FakeClock()
    with site(Accounts(clock=clock), add) as client:
        add_user(client)
        log_in(client)
        assert client.get("/payout").text == "paid"
        clock.advance(timedelta(minutes=11))
        assert client.get("/payout").status == 403
        page = client.get("/payout", headers=HTML).headers["location"]
        assert "Confirm that it is you" in client.get(page).text
        client.post("/accounts/confirm", data={"password": PASSWORD})
        assert client.get("/payout").text == "paid"
