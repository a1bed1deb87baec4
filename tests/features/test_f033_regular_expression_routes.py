"""F33: a part of a path may be given as a regular expression."""

from __future__ import annotations

import pytest

from bistro import App
from bistro.routing import PatternError
from bistro.testing import Client


@pytest.fixture
def client() -> Client:
    app = App()

    @app.get("/archive/{year:regex([0-9]{4})}/{month:regex(0[1-9]|1[0-2])}")
    async def archive(year: str, month: str) -> str:
        return f"archive of {month}/{year}"

    @app.get("/pictures/{name:regex([a-z]+-[0-9]{1,3})}.png")
    async def picture(name: str) -> str:
        return f"picture {name}"

    return Client(app)


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("/archive/2026/07", "archive of 07/2026"),
        ("/archive/1999/12", "archive of 12/1999"),
        ("/pictures/cat-12.png", "picture cat-12"),
    ],
)
def test_path_that_matches_reaches_the_handler(client: Client, path: str, text: str) -> None:
    assert client.get(path).text == text


@pytest.mark.parametrize(
    "path",
    [
        "/archive/26/07",
        "/archive/20261/07",
        "/archive/2026/13",
        "/archive/2026%0A/07",
        "/archive/x2026/07",
        "/pictures/cat.png",
        "/pictures/cat-1234.png",
        "/pictures/cat-12.jpg",
    ],
)
def test_path_that_does_not_match_as_a_whole_is_not_found(client: Client, path: str) -> None:
    assert client.get(path).status == 404


@pytest.mark.parametrize("regex", ["([a-z]+)+", "[0-9"])
def test_expression_that_is_wrong_or_could_be_slow_stops_the_start_with_its_place(regex: str) -> None:
    app = App()

    @app.get(f"/{{name:regex({regex})}}")
    async def show(name: str) -> str:
        return name

    with pytest.raises(PatternError, match=__file__), Client(app):
        pytest.fail("the app started")
