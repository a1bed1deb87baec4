"""F60: components declare props and slots; what is given to them is checked before the first request."""

from __future__ import annotations

from bistro import App, Page
from bistro.cli.checks import run_checks
from bistro.plugins import Rendering
from bistro.testing import Client

ALERT = (
    '{% props level: str = "info", count: int = 1 %}'
    '<div class="{{ level }}">{% slot %}{% endslot %} x{{ count }}{% slot links %}-{% endslot %}</div>'
)


class Shown(Page, template="page.html"):
    name: str


def app_with(page: str) -> App:
    app = App(Rendering(sources={"alert.html": ALERT, "page.html": page}))

    @app.get("/")
    async def show() -> Shown:
        return Shown("<Ann>")

    return app


def test_f060_props_and_slots_are_printed() -> None:
    page = '{% component "alert.html" level="warning" %}Hello {{ name }}{% fill links %}<a>{% endfill %}{% endcomponent %}'
    text = Client(app_with(page)).get("/").text
    assert text == '<div class="warning">Hello &lt;Ann&gt; x1<a></div>'


def test_f060_wrong_props_are_found_with_file_and_line() -> None:
    app = app_with('\n{% component "alert.html" count=name, colour="red" %}{{ nmae }}{% endcomponent %}')
    found = [each for each in run_checks(app, app.freeze()) if each.id.startswith("templates.E")]
    assert [each.where[0].line for each in found] == [2, 2, 2, 2][: len(found)]
    texts = sorted(each.what for each in found)
    assert "the component has no prop 'colour'" in texts
    assert "the prop 'count' is int, and is given str" in texts
    assert "there is no name 'nmae' here" in texts
