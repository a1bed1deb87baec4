"""F66, F67: a tag keeps what a part of a page prints; templates of visitors run in a sandbox."""

from __future__ import annotations

import pytest

from bistro import App, render
from bistro.plugins import Rendered, Rendering
from bistro.templates import TemplateError, render_untrusted
from bistro.testing import Client


def test_f067_part_of_a_page_is_printed_once_for_each_key() -> None:
    app = App(Rendering(sources={"a.html": "{% cache 'top-' ~ kind, 60 %}{{ costly() }}{% endcache %}"}))
    calls: list[int] = []

    @app.template_function("costly")
    def costly() -> str:
        calls.append(1)
        return f"<{len(calls)}>"

    @app.get("/{kind}")
    async def show(kind: str) -> Rendered:
        return render("a.html", kind=kind)

    client = Client(app)
    texts = [client.get(path).text for path in ("/a", "/a", "/b", "/a")]
    assert texts == ["&lt;1&gt;", "&lt;1&gt;", "&lt;2&gt;", "&lt;1&gt;"]


def test_f066_template_of_a_visitor_reaches_nothing_but_its_values() -> None:
    assert render_untrusted("Dear {{ name|title }}", {"name": "ann"}) == "Dear Ann"
    with pytest.raises(TemplateError):
        render_untrusted("{{ name.__class__.__mro__ }}", {"name": "ann"})
