# ruff: noqa: E501 - templates and the pages they make are clearer on one line
"""The pages of `template_cases.py` in the languages of other engines, which are installed for this alone."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from benchmarks import extra_packages
from benchmarks.template_cases import Case

Render = Callable[[], str]


def prepare() -> bool:
    """Make the other engines importable; False where they can't be installed."""
    return extra_packages.prepare("template", "MiniJinja, Mako, Chameleon and Django")


def minijinja(case: Case) -> Render:
    from minijinja import Environment

    environment = Environment(templates=dict(case.templates))
    return lambda: environment.render_template("main.html", **case.context)


def mako(case: Case) -> Render:
    from mako.lookup import TemplateLookup

    lookup = TemplateLookup(default_filters=["h"])
    for name, text in MAKO[case.key].items():
        lookup.put_string(name, text)
    template = lookup.get_template("main.html")
    return lambda: template.render_unicode(**case.context)


def chameleon(case: Case) -> Render:
    from chameleon import PageTemplate

    parts = CHAMELEON[case.key]
    others = {name: PageTemplate(text) for name, text in parts.items() if name != "main"}
    template = PageTemplate(parts["main"])
    return lambda: template(**case.context, **others)


def django(case: Case) -> Render:
    import django as package
    from django.conf import settings
    from django.template import Context, Engine

    if not settings.configured:
        settings.configure(USE_I18N=False)
        package.setup()
    engine = Engine(loaders=[("django.template.loaders.locmem.Loader", dict(DJANGO[case.key]))])
    template = engine.get_template("main.html")
    return lambda: template.render(Context(case.context))


MAKO: Mapping[str, Mapping[str, str]] = {
    "fortunes": {
        "main.html": "<!doctype html><html><head><title>Fortunes</title></head><body><table><tr><th>id</th><th>message</th></tr>\n"
        "% for fortune in fortunes:\n<tr><td>${fortune.id}</td><td>${fortune.message}</td></tr>\n% endfor\n</table></body></html>"
    },
    "table": {
        "main.html": "<table>\n% for row in rows:\n<tr>\n% for cell in row:\n<td>${cell}</td>\n% endfor\n</tr>\n% endfor\n</table>"
    },
    "page": {
        "base.html": '<!doctype html><html lang="en"><head><title><%block name="heading">Shop</%block></title></head><body>\n'
        '<%include file="nav.html"/>\n<main>${self.content()}</main><footer>Hello ${user.name}</footer></body></html>',
        "nav.html": '<nav><a href="/">Home</a>\n% if user:\n<a href="/me">${user.name}</a>\n% endif\n</nav>',
        "macros.html": '<%def name="field(f, kind=\'text\')"><label>${f.label}<input type="${kind}" name="${f.name}" value="${f.value}"'
        "\n% if f.required:\n required\n% endif\n></label>\n% if f.error:\n<p>${f.error}</p>\n% endif\n</%def>",
        "main.html": '<%inherit file="base.html"/><%namespace name="m" file="macros.html"/>'
        '<%block name="heading">${title} - Shop</%block>'
        '<%def name="content()"><h1>${title}</h1><ul>\n% for item in items:\n'
        '<li id="i${item.id}">${loop.index + 1}. <a href="/items/${item.id}">${item.title}</a> by ${item.author.name} ${item.price}'
        "\n% for tag in item.tags:\n <b>${tag}</b>\n% endfor\n</li>\n% endfor\n</ul><form>\n% for f in fields:\n${m.field(f)}\n% endfor\n</form></%def>",
    },
}
CHAMELEON: Mapping[str, Mapping[str, str]] = {
    "fortunes": {
        "main": "<!doctype html><html><head><title>Fortunes</title></head><body><table><tr><th>id</th><th>message</th></tr>\n"
        '<tr tal:repeat="fortune fortunes"><td>${fortune.id}</td><td>${fortune.message}</td></tr></table></body></html>'
    },
    "table": {
        "main": '<table><tr tal:repeat="row rows"><td tal:repeat="cell row">${str(cell)}</td></tr></table>',
    },
    "page": {
        "base": '<!doctype html><html lang="en" metal:define-macro="page"><head><title metal:define-slot="title">Shop</title></head><body>\n'
        '<nav><a href="/">Home</a><a tal:condition="user" href="/me">${user.name}</a></nav>\n'
        '<main metal:define-slot="content"></main><footer>Hello ${user.name}</footer></body></html>',
        "macros": '<div metal:define-macro="field" tal:omit-tag=""><label>${f.label}<input type="text" name="${f.name}" value="${f.value}" required="${str() if f.required else None}"/></label>'
        '<p tal:condition="f.error">${f.error}</p></div>',
        "main": '<!doctype html><html metal:use-macro="base.macros[\'page\']"><title metal:fill-slot="title">${title} - Shop</title>'
        '<main metal:fill-slot="content"><h1>${title}</h1><ul><li tal:repeat="item items" id="i${item.id}">${repeat.item.number}. '
        '<a href="/items/${item.id}">${item.title}</a> by ${item.author.name} ${item.price}<b tal:repeat="tag item.tags">${tag}</b></li></ul>'
        '<form><div tal:repeat="f fields" tal:omit-tag=""><div metal:use-macro="macros.macros[\'field\']" tal:omit-tag=""/></div></form></main></html>',
    },
}
DJANGO: Mapping[str, Mapping[str, str]] = {
    "fortunes": {
        "main.html": "<!doctype html><html><head><title>Fortunes</title></head><body><table><tr><th>id</th><th>message</th></tr>\n"
        "{% for fortune in fortunes %}<tr><td>{{ fortune.id }}</td><td>{{ fortune.message }}</td></tr>\n{% endfor %}</table></body></html>"
    },
    "table": {
        "main.html": "<table>{% for row in rows %}<tr>{% for cell in row %}<td>{{ cell }}</td>{% endfor %}</tr>{% endfor %}</table>"
    },
    "page": {
        "base.html": '<!doctype html><html lang="en"><head><title>{% block title %}Shop{% endblock %}</title></head><body>\n'
        '{% include "nav.html" %}\n<main>{% block content %}{% endblock %}</main><footer>Hello {{ user.name }}</footer></body></html>',
        "nav.html": '<nav><a href="/">Home</a>{% if user %}<a href="/me">{{ user.name }}</a>{% endif %}</nav>',
        "field.html": '<label>{{ f.label }}<input type="text" name="{{ f.name }}" value="{{ f.value }}"{% if f.required %} required{% endif %}></label>'
        "{% if f.error %}<p>{{ f.error }}</p>{% endif %}\n",
        "main.html": '{% extends "base.html" %}{% block title %}{{ title }} - {{ block.super }}{% endblock %}'
        "{% block content %}<h1>{{ title }}</h1><ul>\n{% for item in items %}"
        '<li id="i{{ item.id }}">{{ forloop.counter }}. <a href="/items/{{ item.id }}">{{ item.title }}</a> by {{ item.author.name }}'
        " {{ item.price }}{% for tag in item.tags %} <b>{{ tag }}</b>{% endfor %}</li>\n{% empty %}<li>none</li>{% endfor %}</ul>"
        '<form>{% for f in fields %}{% include "field.html" %}{% endfor %}</form>{% endblock %}',
    },
}

ENGINES: Mapping[str, Callable[[Case], Render]] = {
    "MiniJinja": minijinja,
    "Mako": mako,
    "Chameleon": chameleon,
    "Django": django,
}
