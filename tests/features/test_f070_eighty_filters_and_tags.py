"""F70: at least 80 filters and tags are built in."""

from __future__ import annotations

from bistro.templates import Engine

TAGS = [
    "for",
    "if",
    "macro",
    "call",
    "filter",
    "set",
    "extends",
    "block",
    "include",
    "import",
    "from",
    "autoescape",
    "with",
    "raw",
    "cache",
]


def test_f070_at_least_eighty_filters_and_tags_are_built_in() -> None:
    engine = Engine(
        sources={"tags.html": "{% cache 'x' %}{% with a = 1 %}{{ a }}{% endwith %}{% endcache %}"}
    )
    assert len(engine.environment.filters) + len(TAGS) >= 80
    assert engine.get("tags.html").render({}) == "1"


def test_f070_filters_do_what_sites_need_most() -> None:
    text = "{{ 1234567|intcomma }} {{ 2|pluralize }} {{ 'Crème brûlée'|slugify }} {{ none|yesno }} {{ 'a b c'|truncatewords(2) }}"
    engine = Engine(sources={"a.html": text})
    assert engine.get("a.html").render({}) == "1,234,567 s creme-brulee no a b…"
