# ruff: noqa: E501 - templates and the pages they make are clearer on one line
"""What benchmarks/templates.py renders: the same pages for every engine, and by hand."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from typing import Any

from msgspec import Struct

from bistro import Page

Escape = Callable[[str], str]


class Case(Struct):
    """One page: its templates, its context, the class of it, and the function written by hand."""

    key: str
    name: str
    templates: Mapping[str, str]
    context: dict[str, Any]
    page: type[Page]
    by_hand: Callable[..., str]


class Fortune(Struct):
    id: int
    message: str


class Field(Struct):
    name: str
    label: str
    value: str
    required: bool
    error: str | None


class Author(Struct):
    name: str


class Item(Struct):
    id: int
    title: str
    author: Author
    tags: list[str]
    price: float


class Fortunes(Page, template="main.html"):
    fortunes: list[Fortune]


class Table(Page, template="main.html"):
    rows: list[list[Any]]


class Texts(Page, template="main.html"):
    rows: list[list[str]]


class Shop(Page, template="main.html"):
    title: str
    user: Author
    items: list[Item]
    fields: list[Field]


FORTUNES = (
    "<!doctype html><html><head><title>Fortunes</title></head><body><table><tr><th>id</th><th>message</th></tr>\n"
    "{% for fortune in fortunes %}<tr><td>{{ fortune.id }}</td><td>{{ fortune.message }}</td></tr>\n{% endfor %}"
    "</table></body></html>"
)
TABLE = "<table>{% for row in rows %}<tr>{% for cell in row %}<td>{{ cell }}</td>{% endfor %}</tr>{% endfor %}</table>"
SHOP = {
    "base.html": (
        '<!doctype html><html lang="en"><head><title>{% block title %}Shop{% endblock %}</title></head><body>\n'
        '{% include "nav.html" %}\n<main>{% block content %}{% endblock %}</main><footer>Hello {{ user.name }}</footer></body></html>'
    ),
    "nav.html": '<nav><a href="/">Home</a>{% if user %}<a href="/me">{{ user.name }}</a>{% endif %}</nav>',
    "macros.html": (
        '{% macro field(f, kind="text") %}<label>{{ f.label }}<input type="{{ kind }}" name="{{ f.name }}" '
        'value="{{ f.value }}"{% if f.required %} required{% endif %}></label>'
        "{% if f.error %}<p>{{ f.error }}</p>{% endif %}\n{% endmacro %}"
    ),
    "main.html": (
        '{% extends "base.html" %}{% from "macros.html" import field %}'
        "{% block title %}{{ title }} - {{ super() }}{% endblock %}"
        "{% block content %}<h1>{{ title }}</h1><ul>\n{% for item in items %}"
        '<li id="i{{ item.id }}">{{ loop.index }}. <a href="/items/{{ item.id }}">{{ item.title }}</a> by {{ item.author.name }}'
        " {{ item.price }}{% for tag in item.tags %} <b>{{ tag }}</b>{% endfor %}</li>\n{% else %}<li>none</li>{% endfor %}</ul>"
        "<form>{% for f in fields %}{{ field(f) }}{% endfor %}</form>{% endblock %}"
    ),
}


def fortunes_by_hand(e: Escape, fortunes: list[Fortune]) -> str:
    parts = [
        "<!doctype html><html><head><title>Fortunes</title></head><body><table><tr><th>id</th><th>message</th></tr>\n"
    ]
    for fortune in fortunes:
        parts.append(f"<tr><td>{fortune.id}</td><td>{e(fortune.message)}</td></tr>\n")
    parts.append("</table></body></html>")
    return "".join(parts)


def table_by_hand(e: Escape, rows: list[list[Any]]) -> str:
    parts = ["<table>"]
    add = parts.append
    for row in rows:
        add("<tr>")
        for cell in row:
            add(f"<td>{e(cell) if cell.__class__ is str else cell}</td>")
        add("</tr>")
    add("</table>")
    return "".join(parts)


def texts_by_hand(e: Escape, rows: list[list[str]]) -> str:
    parts = ["<table>"]
    add = parts.append
    for row in rows:
        add("<tr>")
        for cell in row:
            add(f"<td>{e(cell)}</td>")
        add("</tr>")
    add("</table>")
    return "".join(parts)


def field_by_hand(e: Escape, f: Field) -> str:
    required = " required" if f.required else ""
    error = f"<p>{e(f.error)}</p>" if f.error else ""
    return f'<label>{e(f.label)}<input type="text" name="{e(f.name)}" value="{e(f.value)}"{required}></label>{error}\n'


def shop_by_hand(e: Escape, title: str, user: Author, items: list[Item], fields: list[Field]) -> str:
    name = e(user.name)
    heading = e(title)
    parts = [
        f'<!doctype html><html lang="en"><head><title>{heading} - Shop</title></head><body>\n'
        f'<nav><a href="/">Home</a><a href="/me">{name}</a></nav>\n<main><h1>{heading}</h1><ul>\n'
    ]
    add = parts.append
    for index, item in enumerate(items, 1):
        add(
            f'<li id="i{item.id}">{index}. <a href="/items/{item.id}">{e(item.title)}</a>'
            f" by {e(item.author.name)} {item.price}"
        )
        for tag in item.tags:
            add(f" <b>{e(tag)}</b>")
        add("</li>\n")
    add("</ul><form>")
    for field in fields:
        add(field_by_hand(e, field))
    add(f"</form></main><footer>Hello {name}</footer></body></html>")
    return "".join(parts)


def make_cases() -> list[Case]:
    chance = random.Random(1)
    words = ["fortune", "favours", "the <bold>", "& so on", "plain", 'computer says "no"']
    fortunes = [Fortune(number, " ".join(chance.choices(words, k=6))) for number in range(1, 13)]
    kinds: list[Callable[[], Any]] = [
        lambda: chance.randrange(10_000), lambda: round(chance.random(), 4), lambda: chance.choice(words),
        lambda: "a plain text", lambda: None, lambda: chance.random() < 0.5,
    ]  # fmt: skip
    mixed = [[kinds[column % len(kinds)]() for column in range(10)] for _ in range(1000)]
    # As in most tables, one cell in ten has something to escape.
    texts = [
        [f"cell {row}, {n}" if n else chance.choice(words) + " <&>" for n in range(10)] for row in range(1000)
    ]
    items = [
        Item(number, f"Item & {number}", Author("Ann <a>"), ["new", "sale"][: number % 3], number * 1.5)
        for number in range(20)
    ]
    fields = [
        Field(f"f{n}", f"Field {n}", 'a "b"', n % 2 == 0, "Too < short" if n == 3 else None) for n in range(8)
    ]
    shop = {"title": "Things & more", "user": Author("Bob"), "items": items, "fields": fields}
    return [
        Case(
            "fortunes",
            "fortunes, 12 rows",
            {"main.html": FORTUNES},
            {"fortunes": fortunes},
            Fortunes,
            fortunes_by_hand,
        ),
        Case("page", "page: inheritance, include, 8 macro calls, 20 items", SHOP, shop, Shop, shop_by_hand),
        Case(
            "table",
            "table, 1,000 x 10 mixed cells",
            {"main.html": TABLE},
            {"rows": mixed},
            Table,
            table_by_hand,
        ),
        Case("table", "table, 1,000 x 10 texts", {"main.html": TABLE}, {"rows": texts}, Texts, texts_by_hand),
    ]


CASES = make_cases()
