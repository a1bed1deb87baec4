"""F32: a path says the type of each parameter, and a site can add types of its own."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

import pytest

from bistro import App
from bistro.routing import NO_MATCH, NoMatch, TextConverter
from bistro.testing import Client

KEY = "0190f1c2-7b1e-7c3d-8e4f-5a6b7c8d9e0f"


@dataclass(frozen=True)
class Colour:
    red: int
    green: int
    blue: int


class ColourConverter:
    """`ff8800`, a converter as a class of the site's own."""

    name = "colour"
    python_type = Colour
    rank = 10

    def find(self, text: str) -> Colour | NoMatch:
        if len(text) != 6 or not set(text) <= set("0123456789abcdef"):
            return NO_MATCH
        return Colour(*bytes.fromhex(text))

    def format(self, value: Colour) -> str:
        return bytes([value.red, value.green, value.blue]).hex()


HEXADECIMAL = TextConverter("hex", int, parse=lambda text: int(text, 16), write=lambda value: f"{value:x}")


def make_app(seen: list[Any], pattern: str) -> App:
    app = App()
    app.converter(HEXADECIMAL)
    app.converter(ColourConverter())

    @app.get(f"/{pattern}")
    async def show(value) -> None:  # the path says the type
        seen.append(value)

    return app


@pytest.mark.parametrize(
    ("pattern", "text", "value", "wrong"),
    [
        ("{value:int}", "-42", -42, ["4.2", "x", "9223372036854775808", "%D9%A3"]),
        ("{value:uuid}", KEY, UUID(KEY), ["0190f1c2", KEY.replace("-", "")]),
        ("{value:date}", "2026-11-30", date(2026, 11, 30), ["2026-02-30", "20261130"]),
        ("{value:slug}", "hello-world_2", "hello-world_2", ["hello.world", "a%20b", "h%C3%A9"]),
        ("{value}", "caf%C3%A9%2Fbar", "café/bar", ["", "a/b"]),
        ("{value:path}", "a/b/c.txt", "a/b/c.txt", ["", "a/../b"]),
        ("{value:hex}", "ff", 255, ["fg"]),
        ("{value:colour}", "ff8800", Colour(255, 136, 0), ["ff88", "FF8800", "gg8800"]),
    ],
)
def test_parameter_reaches_the_handler_in_its_type_and_other_texts_do_not_match(
    pattern: str, text: str, value: Any, wrong: list[str]
) -> None:
    seen: list[Any] = []
    with Client(make_app(seen, pattern)) as client:
        assert client.get(f"/{text}").status == 204
        statuses = {each: client.get(f"/{each}").status for each in wrong}

    assert seen == [value]
    assert type(seen[0]) is type(value)
    assert statuses == dict.fromkeys(wrong, 404)


def test_routes_of_one_shape_are_told_apart_by_type() -> None:
    app = App()

    @app.get("/{id:int}")
    async def by_number(id: int) -> str:
        return f"number {id}"

    @app.get("/{when:date}")
    async def by_date(when: date) -> str:
        return f"day {when}"

    @app.get("/{name}")
    async def by_name(name: str) -> str:
        return f"name {name}"

    with Client(app) as client:
        texts = [client.get(path).text for path in ("/7", "/2026-11-30", "/seven")]

    assert texts == ["number 7", "day 2026-11-30", "name seven"]


def test_own_converter_writes_urls_too() -> None:
    app = make_app([], "{value:colour}")
    assert app.url("show", value=Colour(255, 136, 0)) == "/ff8800"
