"""Whatever is put into the places that the docs allow does nothing in a real browser."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from bistro import App, render
from bistro.plugins import Rendered, Rendering, SecurityHeaders
from bistro.testing import LiveServer

VECTORS = [
    "<script>window.hit = 1</script>",
    "</script><script>window.hit = 1</script>",
    "<img src=x onerror='window.hit = 1'>",
    '" onmouseover="window.hit = 1" autofocus onfocus="window.hit = 1',
    "' onfocus='window.hit = 1' autofocus x='",
    "javascript:window.hit=1",
    " \tjava\nscript:window.hit=1",
    "JaVaScRiPt:window.hit=1//",
    "data:text/html,<script>opener.hit=1</script>",
    "<svg/onload=window.hit=1>",
    "--><script>window.hit=1</script>",
    "]]><script>window.hit=1</script>",
    "<math><mtext></form><form><mglyph><style></math><img src onerror=window.hit=1>",
    "&lt;script&gt;window.hit=1&lt;/script&gt;",
    "&#106;avascript:window.hit=1",
    "${window.hit=1}{{7*7}}",
    "\u2028window.hit=1",
    "<!--<script>",
]

PAGE = """<!doctype html>
<title>{{ vectors[0] }}</title>
<ul>
{% for vector in vectors %}
<li class="text">{{ vector }}</li>
<li><input value="{{ vector }}" title='{{ vector }}'></li>
<li><a class="link" href="{{ vector|safe_url }}">link</a><img src="{{ vector|safe_url }}" alt="{{ vector }}"></li>
<li>{% component "card.html" heading=vector %}{{ vector }}{% fill foot %}{{ vector }}{% endfill %}{% endcomponent %}</li>
<li>{{ vector|linebreaks }}{{ vector|markdown }}{{ vector|urlize }}</li>
{% endfor %}
</ul>
<script type="application/json" id="data">{{ vectors|tojson }}</script>
<script>window.data = {{ vectors|tojson }}; window.ran = true;</script>
"""


CARD = """{% props heading: str %}<p title="{{ heading }}" data-x='{{ heading }}'>{{ heading }}{% slot %}{% endslot %}
{% slot foot %}{% endslot %}</p>"""


@pytest.fixture
def server() -> Iterator[LiveServer]:
    # Without the policy that would stop scripts anyway: escaping has to be enough by itself.
    app = App(
        Rendering(sources={"page.html": PAGE, "card.html": CARD}),
        SecurityHeaders(content_security_policy=None),
    )

    @app.get("/")
    async def show() -> Rendered:
        return render("page.html", vectors=VECTORS)

    with LiveServer(app) as running:
        yield running


@pytest.mark.browser
def test_vectors_are_inert_in_every_place_that_the_docs_allow(server: LiveServer, browser) -> None:
    page = browser.new_page()
    page.on("dialog", lambda dialog: dialog.dismiss())
    page.goto(server.url)
    assert page.evaluate("window.ran") is True
    assert page.evaluate("window.data") == VECTORS
    assert page.evaluate("JSON.parse(document.getElementById('data').textContent)") == VECTORS
    shown = page.eval_on_selector_all(".text", "items => items.map(item => item.textContent)")
    assert [each.split() for each in shown] == [each.split() for each in VECTORS]
    page.eval_on_selector_all("input", "items => items.forEach(item => item.focus())")
    page.eval_on_selector_all("a.link", "items => items.forEach(item => { item.target = 'x'; })")
    links = page.eval_on_selector_all("a", "items => items.map(item => item.protocol)")
    assert set(links) <= {"http:", "https:", "mailto:"}
    for link in page.query_selector_all("a.link"):
        link.dispatch_event("click")
    page.wait_for_load_state()
    assert page.evaluate("window.hit") is None
