"""Templates are found, compiled and rendered."""

from __future__ import annotations

from pathlib import Path

import pytest

from bistro.templates import Engine, MadeNames, TemplateNotFound, TemplateSyntaxError, UndefinedName


def test_template_is_found_in_sources_then_in_each_folder_in_order(tmp_path: Path) -> None:
    for folder, names in (("one", "ab"), ("two", "abc")):
        (tmp_path / folder).mkdir()
        for name in names:
            (tmp_path / folder / f"{name}.html").write_text(folder)
    engine = Engine([tmp_path / "one", tmp_path / "two"], sources={"a.html": "source"})
    assert [engine.get(f"{name}.html").render({}) for name in "abc"] == ["source", "one", "two"]
    assert engine.names() == ["a.html", "b.html", "c.html"]


@pytest.mark.parametrize(
    ("name", "printed"),
    [
        ("a.html", "&lt;"),
        ("a.xml", "&lt;"),
        ("a.html.jinja", "&lt;"),
        ("a", "&lt;"),
        ("a.js", "&lt;"),
        ("a.txt", "<"),
        ("mail.txt.j2", "<"),
        ("README.MD", "<"),
    ],
)
def test_values_are_escaped_in_all_but_plain_text(name: str, printed: str) -> None:
    assert Engine(sources={name: "{{ x }}"}).get(name).render({"x": "<"}) == printed


@pytest.mark.parametrize(
    "name", ["../secret.html", "a/../../secret.html", "/etc/passwd", "a\\..\\b.html", ""]
)
def test_names_never_lead_out_of_the_folders(tmp_path: Path, name: str) -> None:
    (tmp_path / "secret.html").write_text("secret")
    (tmp_path / "in").mkdir()
    with pytest.raises(TemplateNotFound):
        Engine([tmp_path / "in"]).get(name)


def test_syntax_error_says_file_and_line(tmp_path: Path) -> None:
    (tmp_path / "a.html").write_text("one\n{% fro x %}")
    with pytest.raises(TemplateSyntaxError, match="unknown tag 'fro'") as raised:
        Engine([tmp_path]).get("a.html")
    assert raised.value.where[0].file == str(tmp_path / "a.html")
    assert raised.value.where[0].line == 2


def test_undefined_attribute_is_an_error_and_may_be_tested() -> None:
    engine = Engine(sources={"a": "{{ x.y }}", "b": "{{ x.y is defined }} {{ x.y|default('-') }}"})
    assert engine.get("b").render({"x": {}}) == "False -"
    with pytest.raises(UndefinedName, match="has no attribute 'y'"):
        engine.get("a").render({"x": {}})


def test_made_names_are_made_at_their_first_use() -> None:
    made: list[str] = []

    def make(argument: str) -> str:
        made.append(argument)
        return "value"

    engine = Engine(sources={"a": "{{ x }}{{ x }}", "b": "nothing"}, made_names=["x"])
    engine.get("b").render({}, MadeNames({"x": make}, "argument"))
    assert made == []
    assert engine.get("a").render({}, MadeNames({"x": make}, "argument")) == "valuevalue"
    assert made == ["argument"]


def test_changed_file_is_read_again_where_it_is_asked_for(tmp_path: Path) -> None:
    file = tmp_path / "a.html"
    file.write_text("one")
    eager, lazy = Engine([tmp_path], reload=True), Engine([tmp_path])
    assert [each.get("a.html").render({}) for each in (eager, lazy)] == ["one", "one"]
    file.write_text("three")
    assert [each.get("a.html").render({}) for each in (eager, lazy)] == ["three", "one"]
