"""A page class holds the context of one template."""

from __future__ import annotations

import msgspec

from bistro.templates import Page


class Base(Page, template="base.html", json=True):
    """A page."""

    title: str


class Special(Base, template="special.html", frozen=True, kw_only=True):
    """The same with a template of its own."""

    count: int = 3


class Same(Base):
    """The same with the template of its base."""


def test_fields_are_those_of_the_class_and_its_bases() -> None:
    assert msgspec.structs.asdict(Special(title="a")) == {"title": "a", "count": 3}


def test_template_and_json_are_inherited_unless_given() -> None:
    assert (Base.page_template, Special.page_template, Same.page_template) == (
        "base.html",
        "special.html",
        "base.html",
    )
    assert (Special.page_json, Same.page_json, Page.page_json) == (True, True, False)
