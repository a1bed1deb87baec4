"""F55, F70: templates are compiled to Python once and kept; there are more than 80 filters and tests."""

from __future__ import annotations

from pathlib import Path

from bistro.templates import Engine


def test_f055_a_template_is_a_python_function_that_is_made_once(tmp_path: Path) -> None:
    (tmp_path / "a.html").write_text("{{ x }}")
    engine = Engine([tmp_path])
    first = engine.get("a.html")
    (tmp_path / "a.html").write_text("changed, and not looked at again in production")
    assert engine.get("a.html") is first
    assert first.is_compiled
    assert first.render({"x": "<"}) == "&lt;"


def test_f070_more_than_eighty_filters_and_tests_are_built_in() -> None:
    environment = Engine().environment
    assert len(environment.filters) + len(environment.tests) >= 80
