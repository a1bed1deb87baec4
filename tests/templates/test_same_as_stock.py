"""Compiled templates give what stock Jinja2 gives, for templates and values made up by Hypothesis."""

from __future__ import annotations

import re
from typing import Any

import jinja2
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from markupsafe import Markup

from bistro.templates import Engine, Page
from bistro.templates.library import Library, Reading
from bistro.templates.program import compile_program, load_program
from bistro.templates.recipes import NamespaceMaker
from bistro.templates.undefined import StrictName
from bistro.templates.unsupported import Unsupported


class Text(str):
    """A subclass of str."""

    __slots__ = ()


class Html:
    """Says that it is HTML."""

    def __html__(self) -> str:
        return "<i>html</i>"

    def __str__(self) -> str:
        return "<no html>"


class Item:
    """Has attributes, a property and a method."""

    def __init__(self, title: Any, tags: Any) -> None:
        self.title = title
        self.tags = tags

    @property
    def shout(self) -> Any:
        return self.title.upper()

    def twice(self, number: int) -> int:
        return 2 * number


class Number(int):
    """A subclass of int that prints as something else."""

    def __str__(self) -> str:
        return "<number>"


scalars = st.one_of(
    st.text(alphabet="ab<>&\"' é", max_size=4),
    st.text(alphabet="<&a", max_size=3).map(Text),
    st.text(alphabet="<&a", max_size=3).map(Markup),
    st.integers(-3, 300),
    st.integers(-3, 3).map(Number),
    st.booleans(),
    st.none(),
    st.floats(allow_nan=False, width=16),
    st.just(Html()),
)
values = st.recursive(
    scalars,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.tuples(inner, inner),
        st.dictionaries(st.sampled_from(["title", "tags", "x"]), inner, max_size=3),
        st.builds(Item, inner, st.lists(inner, max_size=2)),
    ),
    max_leaves=6,
)
NAMES = ("a", "b", "c", "x", "item")
contexts = st.dictionaries(st.sampled_from(NAMES), values, max_size=4)

names = st.sampled_from(NAMES)
FILTERS = (
    "upper",
    "length",
    "default('-')",
    "join(',')",
    "safe",
    "e",
    "list",
    "first",
    "string",
    "title",
    "trim",
    "replace('a','b')",
    "map('string')|list",
    "select|list",
    "tojson",
    "int",
    "round",
    "sort|list",
    "urlize",
    "wordcount",
    "reverse",
    "escape",
    "forceescape",
    "striptags",
)
TESTS = (
    "defined",
    "undefined",
    "none",
    "string",
    "number",
    "mapping",
    "iterable",
    "sameas(a)",
    "in(b)",
    "odd",
)
expressions = st.recursive(
    st.one_of(
        names,
        st.sampled_from(
            [
                "1",
                "'<s>'",
                "none",
                "true",
                "2.5",
                "[]",
                "[1, a]",
                "{'x': b}",
                "(a, b)",
                "loop.index",
                "loop.last",
                "loop.first",
                "range(3)",
                "q",
            ]
        ),
    ),
    lambda inner: st.one_of(
        st.builds("{}.title".format, inner),
        st.builds("{}.tags".format, inner),
        st.builds("{}.shout".format, inner),
        st.builds("{}['x']".format, inner),
        st.builds("{}[0]".format, inner),
        st.builds("{}[:2]".format, inner),
        st.builds("({})|{}".format, inner, st.sampled_from(FILTERS)),
        st.builds("({}) is {}".format, inner, st.sampled_from(TESTS)),
        st.builds("({} if {} else {})".format, inner, inner, inner),
        st.builds("({} if {})".format, inner, inner),
        st.builds(
            "({} {} {})".format,
            inner,
            st.sampled_from(["+", "~", "and", "or", "==", "<", "in", "*", "%"]),
            inner,
        ),
        st.builds("(not {})".format, inner),
        st.builds("a.twice({})".format, inner),
        st.builds("cell({})".format, inner),
        st.builds("cell(k={})".format, inner),
    ),
    max_leaves=4,
)
printed = st.builds("{{{{ {} }}}}".format, expressions)
texts = st.text(alphabet="x<>&{}\"'\\ \n%", max_size=5).filter(
    lambda text: "{{" not in text and "{%" not in text and "{#" not in text
)


def statements(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.one_of(
        st.builds("{}{}".format, inner, inner),
        st.builds("{{% if {} %}}{}{{% else %}}{}{{% endif %}}".format, expressions, inner, inner),
        st.builds(
            "{{% if {} %}}{}{{% elif {} %}}{}{{% endif %}}".format, expressions, inner, expressions, inner
        ),
        st.builds("{{% for {} in {} %}}{}{{% endfor %}}".format, names, expressions, inner),
        st.builds(
            "{{% for {} in {} if {} %}}{}{{% else %}}{}{{% endfor %}}".format,
            names,
            expressions,
            expressions,
            inner,
            inner,
        ),
        st.builds("{{% for k, v in {}|dictsort %}}{{{{ k }}}}{}{{% endfor %}}".format, expressions, inner),
        st.builds("{{% set {} = {} %}}{}".format, names, expressions, inner),
        st.builds("{{% set {} %}}{}{{% endset %}}".format, names, inner),
        st.builds("{{% with {} = {}, b = a %}}{}{{% endwith %}}".format, names, expressions, inner),
        st.builds("{{% filter upper %}}{}{{% endfilter %}}".format, inner),
        st.builds("{{% autoescape false %}}{}{{% endautoescape %}}".format, inner),
        st.builds("{{% call(x) boxed({}) %}}{}{{% endcall %}}".format, expressions, inner),
        st.builds("{{% include '{}' %}}{}".format, st.sampled_from(["part.html", "plain.txt"]), inner),
        st.builds(
            "{{% block {} %}}{}{{% endblock %}}".format, st.uuids().map(lambda u: f"z{u.hex[:6]}"), inner
        ),
        st.builds(
            "{{% block {} scoped %}}{}{{% endblock %}}".format,
            st.uuids().map(lambda u: f"y{u.hex[:6]}"),
            inner,
        ),
    )


bodies = st.recursive(st.one_of(texts, printed), statements, max_leaves=6)
HEAD = "{% from 'macros.html' import cell, boxed %}"
PARTS = {
    "macros.html": "{% set base = '<b>' %}{% macro cell(v='<d>', k=none) %}<td>{{ v }}{{ k }}{{ base }}{% endmacro %}"
    "{% macro boxed(v) %}[{{ v }}:{{ caller(v) }}]{% endmacro %}",
    "part.html": "({{ x }}{% set x = 5 %}{{ a }}{{ item }})",
    "plain.txt": "({{ a }}{{ x }})",
    "base.html": "<{% set q = 7 %}{% block one %}base {{ a }}{% endblock %}|{% block two %}{{ b }}{% endblock %}>{{ x }}",
}


def escaped(name: str | None) -> bool:
    return not (name or "").endswith(".txt")


def outcome(render: Any, context: dict[str, Any]) -> tuple[str, str]:
    try:
        return "text", re.sub("0x[0-9a-f]+", "0x", render(context))
    except Exception as error:
        return "error", type(error).__name__ if not isinstance(
            error, (jinja2.TemplateError, AttributeError)
        ) else ""


def check(body: str, context: dict[str, Any], name: str = "main.html") -> bool:
    loader = jinja2.DictLoader({**PARTS, name: body})
    environment = jinja2.Environment(loader=loader, autoescape=escaped, undefined=StrictName, optimized=False)
    try:
        stock = environment.get_template(name)
    except (jinja2.TemplateError, SyntaxError):
        return False  # the latter for warnings of Python's about constants, which are errors in tests
    try:
        reading = Reading(Library(environment))
        compiled = compile_program(reading, name, ())
    except (Unsupported, SyntaxError):
        return False
    ours = outcome(
        lambda context: load_program(NamespaceMaker(environment), compiled, reading.texts)(context, None),
        context,
    )
    theirs = outcome(stock.render, context)
    assert ours[0] == theirs[0], (ours, theirs)
    if ours[0] == "text":
        assert ours == theirs
    return True


PATIENT = settings(deadline=None, max_examples=60, suppress_health_check=list(HealthCheck))


@PATIENT
@given(body=bodies, context=contexts)
def test_any_template_gives_the_same(body: str, context: dict[str, Any]) -> None:
    check(HEAD + body, context)


@PATIENT
@given(one=bodies, two=bodies, top=bodies, context=contexts)
def test_any_child_gives_the_same(one: str, two: str, top: str, context: dict[str, Any]) -> None:
    body = (
        f"{{% extends 'base.html' %}}{HEAD}{top}"
        f"{{% block one %}}{one}{{{{ super() }}}}{{% endblock %}}{{% block two %}}{two}{{% endblock %}}"
    )
    check(body, context)


@PATIENT
@given(body=bodies, context=contexts)
def test_plain_text_is_the_same(body: str, context: dict[str, Any]) -> None:
    check(HEAD + body, context, "main.txt")


class Row(Page):
    """What the hints below say, and what the values need not be."""

    title: str
    count: int


class Table(Page, template="table.html"):
    """A typed context whose types may be lies."""

    a: Row
    b: int
    c: list[Row]
    x: float | None
    item: str


TYPED = (
    "{{ a.title }}{{ a.count }}{{ b }}|{% for row in c %}<td>{{ row.title }}{{ row.count }}{{ loop.index }}</td>"
    "{% endfor %}{{ x }}{{ item }}{% for row in c %}{{ row.title|upper }}{{ row.title.x }}{% endfor %}"
)


@PATIENT
@given(context=st.fixed_dictionaries(dict.fromkeys(NAMES, values)))
def test_types_that_are_lies_change_nothing(context: dict[str, Any]) -> None:
    environment = jinja2.Environment(
        loader=jinja2.DictLoader({"t.html": TYPED}), autoescape=True, undefined=StrictName, optimized=False
    )
    stock = outcome(environment.get_template("t.html").render, context)
    engine = Engine(sources={"t.html": TYPED})
    template = engine.get("t.html", page=Table)
    assert template.is_compiled
    ours = outcome(template.render, Table(**context))
    assert ours[0] == stock[0]
    if ours[0] == "text":
        assert ours == stock


@pytest.mark.parametrize(
    "value", ["<", Text("<"), Markup("<b>"), Html(), None, 5, 1.5, True, Number(1), [Markup("<")]]
)
def test_only_the_class_decides_about_escaping(value: Any) -> None:
    for page in (None, Table):
        context: Any = dict.fromkeys(NAMES, value)
        engine = Engine(sources={"t.html": "{{ a }}{{ b }}{{ x }}{{ item }}"})
        template = engine.get("t.html", page=page)
        wanted = jinja2.Environment(autoescape=True).from_string("{{ a }}" * 4).render(a=value)
        assert template.render(Table(**context) if page else context) == wanted
