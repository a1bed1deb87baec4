"""The tag `cache` keeps what a part of a page printed."""

from __future__ import annotations

from bistro.templates import Engine
from bistro.templates.fragment_cache import FRAGMENTS_MAX, FragmentCache


def test_f067_body_is_printed_once_for_each_key() -> None:
    engine = Engine(sources={"a.html": "{% cache 'note-' ~ id, 60 %}<{{ text }}>{% endcache %}"})
    template = engine.get("a.html")
    assert template.is_compiled
    pairs = ((1, "&"), (1, "new"), (2, "new"))
    printed = [template.render({"id": number, "text": text}) for number, text in pairs]
    assert printed == ["<&amp;>", "<&amp;>", "<new>"]


def test_fragment_is_made_anew_when_its_time_is_over() -> None:
    now = 0.0
    cache = FragmentCache(lambda: now)
    assert cache.fragment("a", 10, caller=lambda: "one") == "one"
    now = 9.0
    assert cache.fragment("a", 10, caller=lambda: "two") == "one"
    now = 11.0
    assert cache.fragment("a", 10, caller=lambda: "three") == "three"


def test_no_more_than_a_bounded_number_is_kept() -> None:
    cache = FragmentCache()
    for number in range(FRAGMENTS_MAX + 1):
        cache.fragment(number, caller=lambda: "old")
    assert cache.fragment(0, caller=lambda: "new") == "new"
    assert cache.fragment(FRAGMENTS_MAX, caller=lambda: "new") == "old"
