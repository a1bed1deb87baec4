"""F63: a site and its plugins add filters, tests, functions and globals of their own."""

from __future__ import annotations

from bistro import App, Setup, render
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
