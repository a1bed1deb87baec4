"""F58, F37, F76: what templates use is held to the types of pages, routes and globals before serving."""

from __future__ import annotations

from msgspec import Struct

from bistro import App, Page, Request, render
from bistro.app import Finding
from bistro.cli.checks import run_checks
from bistro.plugins import Rendered, Rendering


class Note(Struct):
    """What a page shows."""

    title: str


def findings_of(app: App) -> list[Finding]:
    return [each for each in run_checks(app, app.freeze()) if each.id.startswith("templates.E")]


def test_f058_a_field_that_the_page_does_not_have_is_found_at_its_line() -> None:
    app = App(Rendering(sources={"note.html": "<h1>\n{{ note.titel }}</h1>{{ nots }}"}))

    class NotePage(Page, template="note.html"):
        note: Note

    @app.get("/")
    async def show() -> NotePage:
        return NotePage(Note("x"))

    found = findings_of(app)
    assert [(each.where[0].line, each.what.split(": ")[-1]) for each in found] == [
        (2, "Note has no 'titel'"),
        (2, "there is no name 'nots' here"),
    ]
    assert "show" in found[0].where[1].name


def test_f037_a_route_that_is_not_there_or_lacks_a_parameter_is_found() -> None:
    app = App(Rendering(sources={"a.html": "{{ url('shop') }}\n{{ url('note') }}\n{{ url('note', id=1) }}"}))

    @app.get("/notes/{id:int}")
    async def note(id: int) -> str:
        return ""

    @app.get("/")
    async def show() -> Rendered:
        return render("a.html")

    assert [(each.id, each.where[0].line) for each in findings_of(app)] == [
        ("templates.E010", 1),
        ("templates.E010", 2),
    ]


def test_f076_what_belongs_to_the_request_has_a_type_that_templates_are_held_to() -> None:
    app = App(Rendering(sources={"a.html": "{{ request.path }}{{ request.paht }}{{ basket.cuont }}"}))

    class Basket(Struct):
        count: int

    @app.template_global("basket")
    def basket(request: Request) -> Basket:
        return Basket(1)

    basket.__annotations__["return"] = Basket

    @app.get("/")
    async def show() -> Rendered:
        return render("a.html")

    texts = sorted(each.what for each in findings_of(app))
    assert len(texts) == 2
    assert "Basket has no 'cuont'" in texts[0]
    assert "Request has no 'paht'" in texts[1]


def test_f058_what_a_plugin_would_bring_and_unknown_filters_say_what_to_do() -> None:
    app = App(Rendering(sources={"a.html": "{{ flashes }} {{ title|zzz }} {{ url('shw') }}"}))

    @app.get("/")
    def show() -> Rendered:
        return render("a.html", title="a")

    found = {each.what: each.fix for each in run_checks(app, app.freeze())}
    assert found["there is no name 'flashes' here"] == "It comes with a plugin: App(FlashMessages())."
    assert '@app.template_filter("zzz")' in found["there is no filter 'zzz'"]
    assert found["no route is called 'shw'"] == "Did you mean 'show'?"
