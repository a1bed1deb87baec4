from __future__ import annotations

from zoneinfo import ZoneInfo

import pytest

from bistro import App
from bistro.forms import find_zone
from bistro.plugins import TimeZone, TimeZoneError
from bistro.testing import Client


def make_client(plugin: TimeZone) -> Client:
    app = App(plugin)

    @app.get("/")
    async def show(zone: ZoneInfo) -> str:
        return zone.key

    return Client(app)


def test_zone_is_that_of_the_cookie_or_the_default() -> None:
    client = make_client(TimeZone("Europe/Berlin"))
    assert client.get("/").text == "Europe/Berlin"
    assert client.get("/", headers={"cookie": "timezone=America/New_York"}).text == "America/New_York"


@pytest.mark.parametrize(
    "name",
    [
        "../../etc/passwd",
        "/etc/passwd",
        "Nowhere/City",
        "x" * 5000,
        "",
        "Europe",
        "\0",
        "Europe/Berlin/",
    ],
)
def test_what_is_no_zone_is_the_default(name: str) -> None:
    assert find_zone(name) is None
    cookie = f"timezone={name}".replace("\0", "").replace("\n", "")
    assert make_client(TimeZone()).get("/", headers={"cookie": cookie}).text == "UTC"


def test_default_that_is_none_is_refused() -> None:
    with pytest.raises(TimeZoneError, match="B958"):
        make_client(TimeZone("Berlin")).app.freeze()  # type: ignore[attr-defined]
