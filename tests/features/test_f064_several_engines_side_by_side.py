"""F64: another template engine stands beside the built-in one, through the same door."""

from __future__ import annotations

from dataclasses import dataclass
from string import Template

from bistro import App, Html, Request, Setup, escape, render
from bistro.plugins import Rendered, Rendering
from bistro.testing import Client


@dataclass(frozen=True)
class Dollar:
    """An answer made by Python's own string.Template."""

    text: str
    names: dict[str, str]


class DollarTemplates:
    """Answers results of type Dollar."""

    def install(self, setup: Setup) -> None:
        setup.answer(Dollar, self.answer)

    def answer(self, result: Dollar, request: Request) -> Html:
        names = {name: escape(value) for name, value in result.names.items()}
        return Html(Template(result.text).substitute(names, path=request.path))


def test_f064_each_result_goes_to_the_engine_of_its_type() -> None:
    app = App(DollarTemplates(), Rendering(sources={"a.html": "<i>{{ x }}</i>"}))

    @app.get("/dollar")
    async def dollar() -> Dollar:
        return Dollar("<b>$x</b> $path", {"x": "<"})

    @app.get("/usual")
    def usual() -> Rendered:
        return render("a.html", x="<")

    client = Client(app)
    assert client.get("/dollar").text == "<b>&lt;</b> /dollar"
    assert client.get("/usual").text == "<i>&lt;</i>"
