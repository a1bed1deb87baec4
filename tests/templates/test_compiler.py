"""What the compiler makes of a template: the same text as stock Jinja2, or a reason to leave it to that."""

from __future__ import annotations

import traceback
from datetime import UTC, datetime
from pathlib import Path

import pytest

from bistro.templates import Engine, MadeNames, Page, TemplateNotFound, UndefinedName

BASE = (
    "<title>{% block title %}Site{% endblock %}</title>{% block content %}{% endblock %}"
    "{% block foot scoped %}{{ year }}{% endblock %}"
)


def render(text: str, engine: Engine | None = None, **context: object) -> str:
    engine = engine or Engine(sources={"main.html": text, "base.html": BASE})
    template = engine.get("main.html")
    assert template.is_compiled, template.reason
    return template.render(context)


def test_child_fills_blocks_and_super_gives_the_parents() -> None:
    text = "{% extends 'base.html' %}{% block title %}Notes, {{ super() }}{% endblock %}{% set year = 2026 %}"
    assert render(text) == "<title>Notes, Site</title>2026"


def test_grandchild_reaches_over_its_parent() -> None:
    engine = Engine(
        sources={
            "a.html": "[{% block x %}a{% endblock %}]",
            "b.html": "{% extends 'a.html' %}{% block x %}b{{ super() }}{% endblock %}",
            "main.html": "{% extends 'b.html' %}{% block x %}c{{ super()|upper }}{% endblock %}",
        }
    )
    assert render("", engine) == "[cBA]"


def test_include_sees_loop_variables_and_keeps_its_own() -> None:
    engine = Engine(
        sources={
            "main.html": "{% for n in ns %}{% include 'row.html' %}{{ total }}{% endfor %}",
            "row.html": "{% set total = n * 2 %}({{ total }})",
        }
    )
    assert render("", engine, ns=[1, 2], total="-") == "(2)-(4)-"


def test_template_may_include_itself() -> None:
    engine = Engine(
        sources={
            "main.html": "{% for node in nodes %}({{ node.name }}{% set nodes = node.below %}"
            "{% include 'main.html' %}){% endfor %}"
        }
    )
    tree = [{"name": "a", "below": [{"name": "b", "below": []}]}]
    assert render("", engine, nodes=tree) == "(a(b))"


def test_macros_take_defaults_names_and_a_body() -> None:
    text = (
        "{% macro field(name, kind='text', label=name|title) %}<{{ name }} {{ kind }} {{ label }}>{% endmacro %}"
        "{% macro box(title) %}<b>{{ title }}</b>{{ caller('x') }}{% endmacro %}"
        "{{ field('a') }}{{ field('b', label='<') }}"
        "{% call(inner) box('T') %}{{ inner }}{{ outer }}{% endcall %}"
    )
    assert render(text, outer="&") == "<a text A><b text &lt;><b>T</b>x&amp;"


def test_imported_macros_see_what_is_made_but_not_the_context() -> None:
    engine = Engine(
        sources={
            "main.html": "{% import 'm.html' as m %}{% from 'm.html' import link as l %}{{ m.link() }}{{ l() }}",
            "m.html": "{% macro link() %}{{ home }}{{ name is defined }}{% endmacro %}",
        },
        made_names=["home"],
    )
    made = MadeNames({"home": lambda _: "/"})
    assert engine.get("main.html").render({"name": 1}, made) == "/False/False"


@pytest.mark.parametrize(
    ("text", "printed"),
    [
        (
            "{% for x in xs %}{{ loop.index }}{{ loop.last }}{{ loop.revindex }} {% endfor %}",
            "1False2 2True1 ",
        ),
        ("{% for x in xs %}{{ loop.cycle('a', 'b') }}{{ loop.previtem }}{% endfor %}", "ab1"),
        ("{% for x in xs if x > 1 %}{{ loop.index }}{{ x }}{% endfor %}", "12"),
        ("{% for x in [] %}{% else %}none{% endfor %}", "none"),
        ("{% set x = 0 %}{% for y in xs %}{% set x = y %}{% endfor %}{{ x }}", "0"),
        ("{% set n = namespace(x=0) %}{% for y in xs %}{% set n.x = n.x + y %}{% endfor %}{{ n.x }}", "3"),
        ("{% for a, (b, c) in [(1, (2, 3))] %}{{ a }}{{ b }}{{ c }}{% endfor %}", "123"),
    ],
)
def test_loops(text: str, printed: str) -> None:
    if "previtem" in text:
        text = text.replace("{{ loop.previtem }}", "{{ loop.previtem|default('') }}")
    assert render(text, xs=[1, 2]) == printed


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("{% for x in xs recursive %}{{ x }}{% endfor %}", "a recursive loop"),
        ("{% include name %}", "an include whose name is known at run time only"),
        ("{% extends name %}", "`extends` names no single template"),
        ("{% macro m() %}{{ varargs }}{% endmacro %}", "takes any arguments"),
        ("{% autoescape x %}{% endautoescape %}", "decided at run time"),
        (
            "{% autoescape false %}{% block a %}{% endblock %}{% endautoescape %}",
            "a block within `autoescape`",
        ),
        ("{% if x %}{% macro m() %}{% endmacro %}{% endif %}", "a macro or import inside of `if`"),
    ],
)
def test_what_only_stock_jinja_does_is_left_to_it_and_says_why(text: str, reason: str) -> None:
    engine = Engine(sources={"main.html": text, "other.html": "other"})
    template = engine.get("main.html")
    assert not template.is_compiled
    assert reason in template.reason
    assert "main.html" in template.reason
    assert engine.reasons() == {"main.html": template.reason}


def test_what_is_left_to_stock_jinja_is_rendered_all_the_same() -> None:
    engine = Engine(
        sources={
            "main.html": "{% include name %}{{ home }}{% block b %}<{{ x }}>{% endblock %}",
            "other.html": "{% from 'm.html' import m %}{{ m() }}",
            "m.html": "{% macro m() %}{{ home }}{% endmacro %}",
        },
        made_names=["home"],
    )
    made = MadeNames({"home": lambda _: "/"})
    context = {"name": "other.html", "x": "&"}
    assert engine.get("main.html").render(context, made) == "//<&amp;>"
    assert engine.get("main.html", block="b").render(context, made) == "<&amp;>"


def test_function_that_wants_the_whole_context_is_given_it() -> None:
    from jinja2 import pass_context

    @pass_context
    def look(context: dict[str, object]) -> str:
        return str(context["x"])

    template = Engine(sources={"a.html": "{{ look() }}{{ x }}"}).get("a.html")
    assert template.render({"look": look, "x": 1}) == "11"
    assert not template.is_compiled


def test_block_may_be_rendered_alone_with_its_names_and_macros() -> None:
    engine = Engine(
        sources={
            "base.html": BASE,
            "main.html": "{% extends 'base.html' %}{% from 'm.html' import m %}{% set unit = 'kg' %}"
            "{% block content %}{% for x in xs %}{{ m(x) }}{{ unit }}{% endfor %}{% endblock %}",
            "m.html": "{% macro m(x) %}<{{ x }}>{% endmacro %}",
        }
    )
    assert engine.get("main.html", block="content").render({"xs": ["a", "&"]}) == "<a>kg<&amp;>kg"


def test_block_that_is_not_there_is_told() -> None:
    engine = Engine(sources={"base.html": BASE, "main.html": "{% extends 'base.html' %}"})
    with pytest.raises(TemplateNotFound, match=r"main.html has no block 'contnt'\nDid you mean content\?"):
        engine.get("main.html", block="contnt")


class Person(Page):
    """A type with known attributes."""

    name: str


class People(Page, template="main.html"):
    """A page."""

    people: list[Person]


def test_page_is_rendered_from_its_attributes() -> None:
    engine = Engine(
        sources={"main.html": "{% for p in people %}{{ p.name }};{% endfor %}{{ other is defined }}"}
    )
    template = engine.get("main.html", page=People)
    assert template.render(People([Person("<"), Person("b")])) == "&lt;;b;False"


def test_wrong_type_is_found_out_while_rendering() -> None:
    engine = Engine(sources={"main.html": "{% for p in people %}{{ p.name }};{% endfor %}"})
    people: list[object] = [{"name": "dict"}, Person("person")]
    assert engine.get("main.html", page=People).render(People(people)) == "dict;person;"  # type: ignore[arg-type]


@pytest.fixture
def broken(tmp_path: Path) -> Engine:
    (tmp_path / "base.html").write_text("<html>\n{% block body %}{% endblock %}\n</html>")
    (tmp_path / "main.html").write_text(
        "{% extends 'base.html' %}\n{% block body %}\n{% for x in xs %}\n  <b>{{ x }}</b>\n"
        "  {{ 10 / x }} {{ missing.name }}\n{% endfor %}\n{% endblock %}"
    )
    return Engine([tmp_path])


def test_traceback_shows_file_line_and_source_of_the_template(broken: Engine, tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError) as raised:
        broken.get("main.html").render({"xs": [5, 0], "missing": {"name": 1}})
    text = "".join(traceback.format_exception(raised.value))
    assert f'File "{tmp_path / "main.html"}", line 5, in block_body' in text
    assert "{{ 10 / x }} {{ missing.name }}" in text
    assert f'File "{tmp_path / "base.html"}", line 2' in text


def test_undefined_name_says_where_it_is_used(broken: Engine, tmp_path: Path) -> None:
    with pytest.raises(UndefinedName) as raised:
        broken.get("main.html").render({"xs": [5]})
    (origin,) = raised.value.where
    assert (origin.file, origin.line) == (str(tmp_path / "main.html"), 5)


def test_traceback_shows_templates_that_are_no_files() -> None:
    template = Engine(sources={"a.html": "one\n{{ 1 / x }}"}).get("a.html")
    with pytest.raises(ZeroDivisionError) as raised:
        template.render({"x": 0})
    assert "{{ 1 / x }}" in "".join(traceback.format_exception(raised.value))


@pytest.mark.parametrize("nested", [30, 300])
def test_deep_nesting_is_left_to_stock_or_refused(nested: int) -> None:
    text = "{% for x in xs %}" * nested + "x" + "{% endfor %}" * nested
    engine = Engine(sources={"a.html": text})
    try:
        reason = engine.get("a.html").reason
    except Exception as error:
        assert isinstance(error, (SyntaxError, RecursionError))
    else:
        assert reason


def test_names_that_python_or_unicode_make_special_are_only_names() -> None:
    text = "{% set class = 1 %}{{ class }}{{ def }}{% for é in [2] %}{{ é }}{% endfor %}{{ append }}{{ pieces }}{{ made }}"
    assert render(text, **{"def": 3, "append": "a", "pieces": "p", "made": "m"}) == "132apm"


def test_changed_parent_or_include_is_read_again(tmp_path: Path) -> None:
    for name, text in (("base", "one {% block x %}{% endblock %}"), ("part", "part"), ("m", "")):
        (tmp_path / f"{name}.html").write_text(text)
    (tmp_path / "main.html").write_text(
        "{% extends 'base.html' %}{% block x %}{% include 'part.html' %}{% endblock %}"
    )
    engine = Engine([tmp_path], reload=True)
    assert engine.get("main.html").render({}) == "one part"
    (tmp_path / "part.html").write_text("changed")
    (tmp_path / "base.html").write_text("three {% block x %}{% endblock %}")
    assert engine.get("main.html").render({}) == "three changed"


def test_methods_written_in_c_may_import_what_they_need() -> None:
    # datetime.strftime imports `time` by the builtins of its caller, and raised a KeyError.
    engine = Engine(sources={"a.html": '{{ when.strftime("%H:%M") }}'})
    assert engine.get("a.html").render({"when": datetime(2026, 1, 2, 3, 4, tzinfo=UTC)}) == "03:04"
