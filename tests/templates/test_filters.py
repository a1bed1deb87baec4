"""The filters that come on top of Jinja2's own, and what all of them cost."""

from __future__ import annotations

import time
from datetime import UTC, date, datetime, timedelta

import pytest

from bistro.templates import Engine
from bistro.templates.filters import markdown, timesince

NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "printed"),
    [
        (
            "{{ day|date }} {{ day|date('%d.%m.%Y') }} {{ none|date }} {{ day|isoformat }}",
            "2026-11-25 25.11.2026  2026-11-25",
        ),
        (
            "{{ 1 }} note{{ 1|pluralize }} {{ 2 }} note{{ 2|pluralize }} cit{{ [1]|pluralize('y,ies') }}",
            "1 note 2 notes city",
        ),
        ("{{ true|yesno }} {{ none|yesno('a,b,c') }} {{ 0|yesno('a,b') }}", "yes c b"),
        ("{{ 1234567|intcomma }} {{ 1234.5|intcomma }} {{ '1234'|intcomma }}", "1,234,567 1,234.5 1,234"),
        ("{{ 'a\n\nb\nc<'|linebreaks }}", "<p>a</p>\n<p>b<br>c&lt;</p>"),
        ("{{ 'a\r\n<b>'|linebreaksbr }}", "a<br>&lt;b&gt;"),
        ("{{ 'one two three'|truncatewords(2) }} {{ 'one'|truncatewords(2) }}", "one two… one"),
        ("{{ 'ada king lovelace'|initials }} {{ 'Crème brûlée!'|slugify }}", "AK creme-brulee"),
        ("{{ 2|add(3) }} {{ 6|divisibleby(3) }} {{ {'a': 1}|getitem('b', 'none') }}", "5 True none"),
    ],
)
def test_filters(text: str, printed: str) -> None:
    engine = Engine(sources={"a.html": text})
    assert engine.get("a.html").render({"day": date(2026, 11, 25)}) == printed


@pytest.mark.parametrize(
    ("passed", "printed"),
    [
        (timedelta(seconds=3), "now"),
        (timedelta(minutes=1), "1 minute"),
        (timedelta(hours=5, minutes=3), "5 hours"),
        (timedelta(days=8), "1 week"),
        (timedelta(days=800), "2 years"),
    ],
)
def test_timesince_tells_the_largest_unit(passed: timedelta, printed: str) -> None:
    assert timesince(NOW - passed, NOW) == printed


@pytest.mark.parametrize(
    ("url", "safe"),
    [
        ("https://a.b/c?d=e", "https://a.b/c?d=e"),
        ("/notes/1#x:y", "/notes/1#x:y"),
        ("notes?a=b:c", "notes?a=b:c"),
        ("mailto:a@b.c", "mailto:a@b.c"),
        ("javascript:alert(1)", "#"),
        (" JaVa\tScRiPt:alert(1)", "#"),
        ("java\nscript:alert(1)", "#"),
        ("\x01javascript:alert(1)", "#"),
        ("data:text/html,<script>", "#"),
        ("vbscript:x", "#"),
    ],
)
def test_safe_url_lets_no_script_through(url: str, safe: str) -> None:
    assert Engine(sources={"a": "{{ url|safe_url }}"}).get("a").render({"url": url}) == safe.replace(
        "&", "&amp;"
    )


def test_markdown_is_html_without_scripts() -> None:
    html = markdown(
        "# Title\n\n*a* [x](javascript:alert(1)) <script>alert(1)</script> [y](https://b.c)\n\n|a|\n|-|\n|1|"
    )
    assert "<h1>Title</h1>" in html
    assert "<em>a</em>" in html
    assert "<table>" in html
    assert '<a href="https://b.c"' in html
    assert "<script" not in html
    assert 'href="javascript' not in html
    with pytest.raises(ValueError, match="too long"):
        markdown("x" * 200_001)


def test_there_are_more_than_eighty_filters_and_tests() -> None:
    environment = Engine().environment
    assert len({*environment.filters, *environment.tests}) >= 80


TEXTS = {
    "words": "word & <b> ",
    "letters": "a",
    "links": "http://a.b/c ",
    "lines": "a\n",
    "brackets": "[",
    "angles": "<",
    "stars": "*a_",
    "entities": "&amp;",
}


def seconds_for(name: str, text: str) -> float | None:
    engine = Engine(sources={"a.html": f"{{{{ text|{name} }}}}"})
    template = engine.get("a.html")
    best = float("inf")
    for _ in range(3):
        started = time.process_time()
        try:
            template.render({"text": text})
        except (TypeError, ValueError, AttributeError, LookupError):
            return None  # no filter for a text alone
        best = min(best, time.process_time() - started)
    return best


def ratio_of(name: str, unit: str) -> float:
    small, large = (seconds_for(name, unit * (size // len(unit))) for size in (25_000, 100_000))
    assert small is not None
    assert large is not None
    return large / small


@pytest.mark.slow
@pytest.mark.parametrize("kind", TEXTS)
def test_every_filter_is_linear(kind: str) -> None:
    unit = TEXTS[kind]
    slow = {}
    # Sorting is left out: it takes n log n, all of it in C.
    for name in sorted({*Engine().environment.filters} - {"sort"}):
        large = seconds_for(name, unit * (100_000 // len(unit)))
        if large is None or large < 0.05:
            continue
        # Four times as much in sixteen times the time would be quadratic. What a busy machine takes from
        # the caches can add a half to linear ones, so that one that looks slow is measured again.
        ratio = min(ratio_of(name, unit) for _ in range(3)) if ratio_of(name, unit) > 8 else 0
        if ratio > 11:
            slow[name] = ratio
    assert slow == {}


def test_rows_that_leave_out_their_cells_can_not_be_many() -> None:
    head = "|".join("a" * 100) + "\n" + "|".join("-" * 100) + "\n"
    assert markdown(head + "b\n" * 10).count("<td>") == 1000
    assert "<td>" not in markdown(head + "b\n" * 5000)


@pytest.mark.timed
@pytest.mark.parametrize("unit", ["[", "![", "[[]", "[a](", "[^"])
def test_more_brackets_than_anybody_writes_are_no_links(unit: str) -> None:
    started = time.process_time()
    html = markdown(unit * (100_000 // len(unit)) + " [a](https://b.c)")
    assert time.process_time() - started < 1
    assert "<a" not in html


def test_long_list_of_links_has_all_its_links() -> None:
    assert markdown("- [name](https://a.example)\n" * 3_000).count("<a ") == 3_000


def test_long_table_with_all_its_cells_is_a_table() -> None:
    rows = "\n".join(["a|b|c", "-|-|-", *["1|2|3"] * 2000])
    assert markdown(rows).count("<td>") == 6000
