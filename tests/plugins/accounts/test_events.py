"""How long events are kept."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from bistro import App
from bistro.plugins.accounts import AccountSite
from bistro.plugins.accounts.events import PURGE_EACH
from tests.plugins.accounts.support import site_with


def add(app: App) -> None:
    @app.post("/note/{times:int}", public=True)
    async def note(times: int, site: AccountSite) -> None:
        for _ in range(times):
            await site.events.note(None, "logged out")


def test_events_go_away_by_themselves_once_they_are_older_than_they_are_kept() -> None:
    with site_with(add=add, events_kept=timedelta(days=30)) as site:
        site.clock.set(datetime.now(UTC))
        site.client.post(f"/note/{PURGE_EACH}")
        site.clock.advance(timedelta(days=29))
        site.client.post(f"/note/{PURGE_EACH}")
        assert len(site.events()) == 2 * PURGE_EACH
        site.clock.advance(timedelta(days=2))
        site.client.post("/note/1")
        assert site.events() == []


def test_events_are_kept_for_a_year_unless_the_site_says_so() -> None:
    with site_with(add=add) as site:
        site.clock.set(datetime.now(UTC) + timedelta(days=364))
        site.client.post("/note/1")
        assert site.events() == ["logged out"]
