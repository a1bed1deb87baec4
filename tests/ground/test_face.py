"""The public face of the ground: complete, lazy, and the same for people and for type checkers."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import bistro.ground


@pytest.mark.parametrize("name", bistro.ground.__all__)
def test_every_public_name_is_there(name: str):
    assert getattr(bistro.ground, name) is not None
    assert name in dir(bistro.ground)


def test_name_that_is_not_there_is_an_attribute_error():
    with pytest.raises(AttributeError, match=r"'bistro\.ground' has no attribute 'nothing'"):
        bistro.ground.__getattr__("nothing")


def test_type_checkers_see_the_names_that_a_program_sees():
    tree = ast.parse(Path(bistro.ground.__file__).read_text())
    imported = [
        alias.asname for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) for alias in node.names
    ]

    assert sorted(name for name in imported if name) == bistro.ground.__all__


def test_importing_the_face_loads_only_what_loads_the_others():
    program = "import sys, bistro.ground; print([m for m in sys.modules if m.startswith('bistro.ground.')])"

    result = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)

    assert result.stdout == "['bistro.ground.lazy']\n"
