"""Templates are put into one form, and their pages stay what they were."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bistro.templates import Engine
from bistro.templates.formatter import format_template

ENVIRONMENT = Engine().environment


def formatted(text: str, name: str = "a.html") -> str:
    return format_template(ENVIRONMENT, text, name)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("{{x}}", "{{ x }}\n"),
        ("{{-x-}} {%-if x-%}a{%+endif%}", "{{- x -}} {%- if x -%}a{%+ endif %}\n"),
        ("a \n {%- if x -%} \n  b {%- endif %}", "a\n{%- if x -%}\n  b {%- endif %}\n"),
        ("{{   x|upper   }}", "{{ x|upper }}\n"),
        ("a   \nb\t\n\n\n", "a\nb\n"),
        ("<ul>\n<li>{{x}}</li>\n</ul>", "<ul>\n  <li>{{ x }}</li>\n</ul>\n"),
        ("<ul>\n<li>a\n<li>b\n</ul>", "<ul>\n  <li>a\n  <li>b\n</ul>\n"),
        (
            "{% if x %}\n<p>a</p>\n{% elif y %}\n<p>b</p>\n{% else %}\nc\n{% endif %}",
            "{% if x %}\n  <p>a</p>\n{% elif y %}\n  <p>b</p>\n{% else %}\n  c\n{% endif %}\n",
        ),
        (
            "<div>\n{% for x in y %}\n<p>\n{{x}}\n</p>\n{% endfor %}\n</div>",
            "<div>\n  {% for x in y %}\n    <p>\n      {{ x }}\n    </p>\n  {% endfor %}\n</div>\n",
        ),
        ("<br>\n<img src=a>\n<input/>\n<p/>\nx", "<br>\n<img src=a>\n<input/>\n<p/>\nx\n"),
        ("<div\nclass=a\n>\nx\n</div>", "<div\n  class=a\n  >\n  x\n</div>\n"),
        (
            "{% component 'a.html' x=1 %}\nb\n{% fill c %}\nd\n{% endfill %}\n{% endcomponent %}",
            "{% component 'a.html' x=1 %}\n  b\n  {% fill c %}\n    d\n  {% endfill %}\n{% endcomponent %}\n",
        ),
        (
            "{% if a %}\n<div class=a>\n{% else %}\n<div>\n{% endif %}\nx\n</div>",
            "{% if a %}\n  <div class=a>\n{% else %}\n  <div>\n{% endif %}\n  x\n</div>\n",
        ),
    ],
)
def test_form(before: str, after: str) -> None:
    assert formatted(before) == after


@pytest.mark.parametrize(
    "text",
    [
        "<pre>\n  a\n b  \n</pre>\n",
        "<textarea>\n  {{ x }}\n</textarea>\n",
        "<script>\n    if (a < b) {\n  }\n</script>\n",
        "<style>\n      p { }\n</style>\n",
        "<!--\n      a\n  -->\n",
        "{#\n      a\n  #}\n",
        "{% raw %}\n      {{x}}\n  {% endraw %}\n",
        "{% filter markdown %}\n    code\n{% endfilter %}\n",
        "{% set text %}\n      a\n{% endset %}\n",
        '<p title="a\n      b">x</p>\n',
        "{{ f(\n      a,\n    b) }}\n",
    ],
)
def test_what_means_its_blanks_stays(text: str) -> None:
    assert formatted(text) == text


def test_plain_text_keeps_its_indentation() -> None:
    assert formatted("Dear {{name}},\n\n   {{ text }}\n", "a.txt") == "Dear {{ name }},\n\n   {{ text }}\n"


SITES = Path(__file__).parent / "faulty_site" / "templates"


@pytest.mark.parametrize("file", [file.name for file in SITES.glob("*.html") if file.name != "broken.html"])
def test_templates_in_one_form_stay_so_and_keep_their_words(file: str) -> None:
    text = (SITES / file).read_text()
    once = formatted(text)
    assert formatted(once) == once
    assert re.sub(r"\s", "", once) == re.sub(r"\s", "", text)


PIECES = st.sampled_from(
    ["<div>", "</div>", "<p>", "</p>", "<li>", "<br>", "<pre>", "</pre>", "{{ x }}", "{{x}}", "{% if x %}", "{% endif %}",
     "{% else %}", "{% for x in y %}", "{% endfor %}", "{# c #}", "\n", "\n", "  ", "a", "<", ">", '"', "<!--", "-->",
     "<a href='", "\r\n", "{% set z = 1 %}", "<script>", "</script>", "&", "{%- if x -%}", "{% raw %}", "{% endraw %}"]
)  # fmt: skip


@settings(deadline=None, max_examples=150, suppress_health_check=list(HealthCheck))
@given(st.lists(PIECES, max_size=25))
def test_any_template_keeps_its_words_and_is_left_alone_the_second_time(pieces: list[str]) -> None:
    text = "".join(pieces)
    try:
        once = formatted(text)
    except Exception as error:
        assert type(error).__name__ == "TemplateSyntaxError"
        return
    assert re.sub(r"\s", "", once) == re.sub(r"\s", "", text)
    assert formatted(once) == once


@pytest.mark.timed
@pytest.mark.parametrize(
    "piece",
    ["<div>", "</div>", "<", "<!--", '<a href="', "{{x}}", "<pre>", "\n<li>", "{% if x %}{% endif %}"],
)
def test_time_grows_with_the_length_only(piece: str) -> None:
    import time

    began = time.process_time()
    formatted(piece * (50_000 // len(piece)))
    assert time.process_time() - began < 3
