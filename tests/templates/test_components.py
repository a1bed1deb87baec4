"""Components: templates with declared props and slots."""

from __future__ import annotations

from datetime import date
from typing import Any

import jinja2
import pytest
from markupsafe import Markup
from msgspec import Struct

from bistro.templates import Checker, Engine, TemplateSyntaxError
from bistro.templates.components import ComponentTags

CARD = (
    '{% props title: str, count: int = 0 %}<article class="card">'
    "<h2>{{ title }}</h2>{% slot %}nothing{% endslot %}{% if count %}<b>{{ count }}</b>{% endif %}"
    "<footer>{% slot footer %}&copy;{% endslot %}</footer></article>"
)


class Note(Struct):
    title: str
    link: str = "/"


def engine_with(page: str, **more: str) -> Engine:
    return Engine(sources={"card.html": CARD, "page.html": page, **more})


def render(page: str, **context: Any) -> str:
    template = engine_with(page).get("page.html")
    assert template.is_compiled, template.reason
    text = template.render(context)
    environment = jinja2.Environment(
        loader=jinja2.DictLoader({"card.html": CARD, "page.html": page}),
        autoescape=True,
        extensions=[ComponentTags],
    )
    assert text == environment.get_template("page.html").render(context)
    return text


def test_component_prints_its_props_and_what_it_was_given_between_its_tags() -> None:
    page = '{% component "card.html" title=title, count=2 %}<p>{{ text }}</p>{% endcomponent %}'
    assert render(page, title="A & B", text="<x>") == (
        '<article class="card"><h2>A &amp; B</h2><p>&lt;x&gt;</p><b>2</b><footer>&copy;</footer></article>'
    )


def test_slot_shows_what_fills_it_or_what_the_component_says() -> None:
    empty = '{% component "card.html" title="t" %}\n  {% endcomponent %}'
    filled = '{% component "card.html" title="t" %}{% fill footer %}{{ who }}{% endfill %}{% endcomponent %}'
    assert ">nothing<footer>&copy;</footer>" in render(empty)
    assert ">nothing<footer>Ann</footer>" in render(filled, who="Ann")


def test_body_may_stand_beside_fills_and_be_a_fill_itself() -> None:
    beside = '{% component "card.html" title="t" %}one {% fill footer %}f{% endfill %} two{% endcomponent %}'
    named = '{% component "card.html" title="t" %}{% fill body %}one{% endfill %}{% endcomponent %}'
    assert "</h2>one  two<footer>f</footer>" in render(beside)
    assert "</h2>one<footer>" in render(named)


@pytest.mark.parametrize(
    "around",
    [
        "{{% for x in [1, 2] %}}{}{{% endfor %}}",
        "{{% if true %}}{}{{% endif %}}",
        "{{% if false %}}{{% else %}}{{% for x in [1] %}}{{% if x %}}{}{{% endif %}}{{% endfor %}}{{% endif %}}",
        "{{% macro m() %}}{}{{% endmacro %}}{{{{ m() }}}}{{{{ m() }}}}",
        "{{% set held %}}{}{{% endset %}}{{{{ held }}}}",
        "{{% block b %}}{}{{% endblock %}}",
        "{{% component 'card.html' title='outer' %}}{}{{% endcomponent %}}",
        "{{% component 'card.html' title='outer' %}}{{% fill footer %}}{}{{% endfill %}}{{% endcomponent %}}",
    ],
)
def test_component_may_stand_anywhere(around: str) -> None:
    inner = '{% component "card.html" title="inner" %}body{% endcomponent %}'
    assert "<h2>inner</h2>body" in render(around.format(inner.replace("{", "{").replace("}", "}")))


def test_component_sees_its_props_and_nothing_of_the_page() -> None:
    engine = engine_with(
        '{% set secret = 1 %}{% component "box.html" %}{% endcomponent %}',
        **{"box.html": "{% props %}{{ secret is defined }}{{ title is defined }}"},
    )
    assert engine.get("page.html").render({"title": "t"}) == "FalseFalse"


def test_component_uses_the_names_that_every_template_has() -> None:
    from bistro.templates import MadeNames

    sources = {
        "box.html": "{% props %}{{ user }}",
        "page.html": '{% component "box.html" %}{% endcomponent %}',
    }
    template = Engine(sources=sources, made_names=["user"]).get("page.html")
    assert template.is_compiled
    assert template.mentioned == {"user"}
    assert template.render({}, MadeNames({"user": lambda _: "<Ann>"})) == "&lt;Ann&gt;"


def test_component_may_contain_itself() -> None:
    tree = (
        "{% props node %}<li>{{ node.name }}{% for child in node.children %}"
        '{% component "tree.html" node=child %}{% endcomponent %}{% endfor %}</li>'
    )
    engine = engine_with('{% component "tree.html" node=root %}{% endcomponent %}', **{"tree.html": tree})
    template = engine.get("page.html")
    root = {"name": "a", "children": [{"name": "b", "children": [{"name": "c", "children": []}]}]}
    assert template.is_compiled, template.reason
    assert template.render({"root": root}) == "<li>a<li>b<li>c</li></li></li>"


def test_component_is_a_macro_that_can_be_imported() -> None:
    page = '{% from "card.html" import component as card %}{{ card(title="<t>", count=1) }}'
    assert "<h2>&lt;t&gt;</h2>nothing<b>1</b>" in render(page)


def test_many_uses_of_one_component_are_one_function() -> None:
    page = '{% component "card.html" title="a" %}{% endcomponent %}' * 50
    template = engine_with(page).get("page.html")
    functions = [each for each in template._function.__globals__ if each.startswith("macro_component")]  # type: ignore[union-attr]
    assert len(functions) == 1


@pytest.mark.parametrize(
    ("page", "what"),
    [
        ('{% component "card.html" %}{% endcomponent %}', "needs the prop 'title'"),
        (
            '{% component "card.html" titel="a" %}{% endcomponent %}',
            "has no prop 'titel'; did you mean 'title'",
        ),
        (
            '{% component "card.html" title="a" %}{% fill footr %}{% endfill %}{% endcomponent %}',
            "has no slot 'footr'; did you mean 'footer'",
        ),
        ('{% component "card.html" title="a" title="b" %}{% endcomponent %}', "'title' is given twice"),
        ('{% component "card.html" title="a" %}', "endcomponent"),
        ("{% component name %}{% endcomponent %}", "a text in quotes"),
        (
            '{% component "card.html" title="a" %}{% fill x %}{% endfill %}{% fill x %}{% endfill %}{% endcomponent %}',
            "filled twice",
        ),
        ("{% slot %}{% endslot %}", "stands in a component"),
        ("{% fill x %}{% endfill %}", "stands inside of `component`"),
        ("{% props a %}{% props b %}", "one `props`"),
        ("{% props a = 1, b %}", "needs a default"),
        ("{% props a, a %}", "name of another"),
        ("{% props _slot_body %}", "can't be named"),
        ("{% if x %}{% props a %}{% endif %}", "endif"),
    ],
)
def test_misuse_is_told_when_the_template_is_compiled(page: str, what: str) -> None:
    with pytest.raises(TemplateSyntaxError, match=what.replace("`", ".")) as raised:
        engine_with(page).get("page.html")
    assert raised.value.where[0].line == 1


# --- the check ----------------------------------------------------------------------------------------


def faults_of(page: str, context: dict[str, Any] | None = None, **more: str) -> list[str]:
    engine = engine_with(page, **more)
    return [each.what for each in Checker(engine.library, {}).check("page.html", context or {})]


@pytest.mark.parametrize(
    ("given", "hint", "what"),
    [
        ("titel=note.title", Note, "the component has no prop 'titel'"),
        ("count=1", Note, "the component needs the prop 'title'"),
        ("title=note", Note, "the prop 'title' is str, and is given Note"),
        ("title=3", Note, "the prop 'title' is str, and is given int"),
        ("title=note.title, count='x'", Note, "the prop 'count' is int, and is given str"),
        ("title=note.title, count=1.5", Note, "the prop 'count' is int, and is given float"),
        ("title=note.title, count=note.titel", Note, "note.titel: Note has no 'titel'"),
        ("title=note", str | None, "the prop 'title' is str, and is given str or None"),
    ],
)
def test_wrong_prop_is_found(given: str, hint: Any, what: str) -> None:
    page = f'{{% component "card.html" {given} %}}{{% endcomponent %}}'
    assert what in faults_of(page, {"note": hint})


@pytest.mark.parametrize(
    "given", ["title=note.title", "title=note.title, count=true", "title=note.title|upper"]
)
def test_right_props_are_no_fault(given: str) -> None:
    assert faults_of(f'{{% component "card.html" {given} %}}x{{% endcomponent %}}', {"note": Note}) == []


def test_component_is_held_to_the_types_that_it_declares() -> None:
    box = (
        "{% props note: tests.templates.test_components.Note, tags: list[str], due: date|none = none %}"
        "{{ note.titel }}{% for tag in tags %}{{ tag.nmae }}{% endfor %}{{ due.year }}{{ other }}"
    )
    found = faults_of("", **{"page.html": box})
    assert [each.rpartition(": ")[2] for each in found] == [
        "Note has no 'titel'",
        "str has no 'nmae'",
        "due may be None here, and is asked for 'year'",
        "there is no name 'other' here",
    ]


def test_type_that_is_not_there_is_found() -> None:
    box = "{% props note: shop.Nothing, size: itn %}{{ note }}{{ size }}"
    assert faults_of("", **{"page.html": box}) == [
        "there is no type 'shop.Nothing'",
        "there is no type 'itn'",
    ]


def test_names_in_slots_are_those_of_the_page() -> None:
    page = '{% component "card.html" title="a" %}{{ note.titel }}{% fill footer %}{{ nope }}{% endfill %}{% endcomponent %}'
    assert faults_of(page, {"note": Note}) == [
        "note.titel: Note has no 'titel'",
        "there is no name 'nope' here",
    ]


def test_dates_and_numbers_may_stand_where_wider_ones_are_wanted() -> None:
    box = "{% props day: date, price: float %}{{ day.year }}{{ price }}"
    page = '{% component "box.html" day=day price=3 %}{% endcomponent %}'
    assert faults_of(page, {"day": date}, **{"box.html": box}) == []


def test_slot_is_html_and_a_prop_is_not() -> None:
    page = '{% component "card.html" title=text %}{{ text }}{% fill footer %}{{ html }}{% endfill %}{% endcomponent %}'
    assert render(page, text="<i>", html=Markup("<b>")).count("&lt;i&gt;") == 2
