"""F73, F76: what belongs to one request is reached by its type, and not handed from function to function."""

from __future__ import annotations

from msgspec import Struct

from bistro import App, Request, Response, render
from bistro.plugins import Rendered, Rendering
from bistro.testing import Client


class Visit(Struct):
    """What is known of this visit."""

    language: str
    steps: list[str] = []


class Cart:
    """A service that needs the visit, and nobody gives it the request."""

    def __init__(self, visit: Visit) -> None:
        self.visit = visit

    def add(self, item: str) -> None:
        self.visit.steps.append(f"added {item}")


def app_with_state() -> App:
    app = App(Rendering(sources={"page.html": "{{ visit.language }} {{ visit.steps|join(', ') }}"}))

    def begin_visit(request: Request) -> Visit:
        return Visit(request.query.get("language", "en"))

    def make_cart(visit: Visit) -> Cart:
        return Cart(visit)

    def before(visit: Visit) -> None:
        visit.steps.append("before")

    def after(response: Response, visit: Visit) -> None:
        response.headers["x-steps"] = str(len(visit.steps))

    app.provide(Visit, begin_visit)
    app.provide(Cart, make_cart)
    app.before(before)
    app.after(after)

    @app.template_global("visit")
    def visit_of_page(visit: Visit) -> Visit:
        return visit

    @app.get("/")
    async def show(cart: Cart) -> Rendered:
        cart.add("soup")
        return render("page.html")

    return app


def test_f073_hooks_services_handlers_and_templates_share_one_state_a_request() -> None:
    client = Client(app_with_state())
    first, second = client.get("/?language=de"), client.get("/")
    assert (first.text, first.headers["x-steps"]) == ("de before, added soup", "2")
    assert second.text == "en before, added soup"
