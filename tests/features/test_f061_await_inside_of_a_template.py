"""F61: a template awaits values and loops over async iterables, while its answer is sent."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

from bistro import App
from bistro.plugins import Rendered, Rendering, stream
from bistro.testing import Client

SOURCES = {
    "base.html": "<title>{{ title }}</title>{% block main %}{% endblock %}",
    "parts.html": "{% macro row(text) %}<p>{{ text }}</p>{% endmacro %}",
    "rows.html": "{% extends 'base.html' %}{% from 'parts.html' import row %}{% block main %}"
    "{% for each in rows %}{{ row(each) }}{% endfor %}{{ count }} {{ twice(count) }}"
    "{% cache 'k', 60 %}<b>{{ title }}</b>{% endcache %}{{ locale }}{% endblock %}",
}


async def rows() -> AsyncIterator[str]:
    for word in ("<a>", "b"):
        await asyncio.sleep(0)
        yield word


async def count() -> int:
    await asyncio.sleep(0)
    return 2


async def twice(number: int) -> int:
    return 2 * number


def test_f061_async_iterables_coroutines_and_async_functions() -> None:
    app = App(Rendering(sources=SOURCES))

    @app.get("/")
    async def show() -> Rendered:
        return stream("rows.html", title="T", rows=rows(), count=count(), twice=twice)

    client = Client(app)
    text = "<title>T</title><p>&lt;a&gt;</p><p>b</p>2 4<b>T</b>en"
    assert [client.get("/").text for _ in range(2)] == [text, text]
