"""F305: two plugins that claim one thing stop the start, and both are told with file and line."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from textwrap import dedent

import pytest

from bistro import App, Plugin
from bistro.ground import SetupError
from bistro.testing import LiveServer

PLUGIN = '''
from typing import ClassVar

from bistro import Setup


class Cart:
    """Told about by both plugins."""


class {name}:
    requires: ClassVar[tuple[type, ...]] = ()

    def install(self, setup: Setup) -> None:
        {verb}


def answer() -> str:
    return "{name}"
'''
VERBS = {
    "route": 'setup.routes.get("/report")(answer)',
    "shape of a route": 'setup.routes.get("/report/{{{name}_id:int}}")(answer)',
    "provided type": "setup.provide(dict, answer)",
    "header": 'setup.headers({{"x-made-by": "{name}"}})  # here',
    "command": 'setup.command("report", answer)',
}
"""Of a verb that is given a function, the place of the function is told, else its own, marked here."""


def write_plugin(folder: Path, name: str, verb: str) -> tuple[Plugin, str]:
    """A plugin in a file of its own, and the place that must be told of it."""
    text = dedent(PLUGIN).format(name=name, verb=VERBS[verb].format(name=name))
    file = folder / f"{name.lower()}.py"
    file.write_text(text, encoding="utf-8")
    spec = importlib.util.spec_from_file_location(f"clashing_{name.lower()}", file)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    lines = text.splitlines()
    marked = next((number for number, line in enumerate(lines, 1) if line.endswith("# here")), None)
    line = marked or lines.index("def answer() -> str:") + 1
    return getattr(module, name)(), f"{file}:{line}"


@pytest.mark.parametrize("verb", VERBS)
def test_both_places_are_told_and_nothing_is_served(verb: str, tmp_path: Path) -> None:
    first, first_place = write_plugin(tmp_path, "Sales", verb)
    second, second_place = write_plugin(tmp_path, "Stock", verb)

    with pytest.raises(SetupError) as caught, LiveServer(App(first, second)):
        pytest.fail("the app started")

    message = str(caught.value)
    assert first_place in message
    assert second_place in message
    assert "override=True" in message
