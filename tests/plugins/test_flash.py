from __future__ import annotations

import pytest

from bistro.app import BaseApp, PluginError, SetupErrors
from bistro.plugins import Flashes, FlashMessages, MemorySessions, SessionError, Sessions
from bistro.plugins.flash import KeptFlashes
from bistro.testing import Client


def make_client() -> Client:
    app = BaseApp(Sessions(MemorySessions()), FlashMessages())

    @app.post("/save/{name}")
    async def save(name: str, flashes: Flashes) -> None:
        flashes.add(f"Saved {name}", "success")

    @app.post("/save-sync")
    def save_sync(flashes: Flashes) -> None:
        flashes.add("Saved")

    @app.get("/")
    async def page(flashes: Flashes) -> list[str]:
        return [f"{each.kind}: {each.text}" for each in flashes]

    @app.get("/count")
    async def count(flashes: Flashes) -> int:
        return len(flashes)

    return Client(app)


def test_message_is_shown_on_the_next_page_and_only_once() -> None:
    client = make_client()
    client.post("/save/a")
    client.post("/save-sync")
    assert client.get("/").json() == ["success: Saved a", "info: Saved"]
    assert client.get("/").json() == []


def test_counting_messages_leaves_them_there() -> None:
    client = make_client()
    client.post("/save/a")
    assert client.get("/count").json() == 1
    assert client.get("/").json() == ["success: Saved a"]


def test_messages_are_for_one_visitor() -> None:
    client = make_client()
    client.post("/save/a")
    client.cookies.clear()
    assert client.get("/").json() == []


def test_oldest_messages_are_forgotten_beyond_twenty() -> None:
    flashes = Flashes(KeptFlashes())
    for number in range(25):
        flashes.add(str(number))
    assert [each.text for each in flashes.take()] == [str(number) for number in range(5, 25)]


def test_long_message_is_refused_where_it_is_made() -> None:
    with pytest.raises(SessionError, match="1,001"):
        Flashes(KeptFlashes()).add("x" * 1001)


def test_plugin_without_sessions_does_not_start() -> None:
    with pytest.raises((PluginError, SetupErrors), match="Sessions"):
        BaseApp(FlashMessages()).freeze()
