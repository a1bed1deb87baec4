"""F63: a site and its plugins add filters, tests, functions and globals of their own."""

from __future__ import annotations

import pytest
from jinja2 import nodes
from jinja2.ext import Extension

from bistro import App, Setup, render
from bistro.ground import ConflictError
from bistro.plugins import Rendered, Rendering
from bistro.testing import Client

TEMPLATE = "{{ 250|money }} {{ 3 is odd_number }} {{ twice(2) }} {{ shop }}"


def check(app: App) -> None:
    @app.get("/")
    async def show() -> Rendered:
        return render("a.html")

    assert Client(app).get("/").text == "2.50 True 4 Bistro"


def test_f063_by_the_app() -> None:
    app = App(Rendering(sources={"a.html": TEMPLATE}))

    @app.template_filter("money")
    def money(cents: int) -> str:
        return f"{cents / 100:.2f}"

    @app.template_test("odd_number")
    def is_odd(number: int) -> bool:
        return number % 2 == 1

    @app.template_function("twice")
    def twice(number: int) -> int:
        return 2 * number

    @app.template_global("shop")
    def shop() -> str:
        return "Bistro"

    check(app)


def test_f063_by_a_plugin() -> None:
    class Shop:
        def install(self, setup: Setup) -> None:
            setup.template_filter("money", lambda cents: f"{cents / 100:.2f}")
            setup.template_test("odd_number", lambda number: number % 2 == 1)
            setup.template_function("twice", lambda number: 2 * number)
            setup.template_global("shop", lambda: "Bistro")

    check(App(Shop(), Rendering(sources={"a.html": TEMPLATE})))


class Shout(Extension):
    """`{% shout %}…{% endshout %}` prints its body in capitals."""

    tags = {"shout"}

    def parse(self, parser):
        line = next(parser.stream).lineno
        body = parser.parse_statements(("name:endshout",), drop_needle=True)
        return nodes.FilterBlock(body, nodes.Filter(None, "upper", [], [], None, None), lineno=line)


@pytest.mark.parametrize("by", ["app", "plugin"])
def test_f063_own_tags(by: str) -> None:
    class Loud:
        def install(self, setup: Setup) -> None:
            if by == "plugin":
                setup.template_tag(Shout)

    app = App(Loud(), Rendering(sources={"a.html": "{% shout %}{{ word }}!{% endshout %}"}))
    if by == "app":
        app.template_tag(Shout)

    @app.get("/")
    async def show() -> Rendered:
        return render("a.html", word="a&b")

    assert Client(app).get("/").text == "A&AMP;B!"


def test_f063_a_tag_that_two_bring_stops_the_start() -> None:
    class Other(Extension):
        tags = {"shout"}

    app = App(Rendering())
    app.template_tag(Shout)
    app.template_tag(Other)
    with pytest.raises(ConflictError, match="shout"):
        app.freeze()
