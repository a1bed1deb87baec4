"""F99: query results typed for pyright: model, field and relation types inferred."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

SITE = """
from bistro.db import Field, ForeignKey, Model, auto, count

class User(Model):
    id: Field[int] = auto()
    name: Field[str]

class Note(Model):
    id: Field[int] = auto()
    title: Field[str]
    author: ForeignKey[User]

async def use() -> None:
    note = await Note.objects.load(Note.author).get(Note.author.name == "Ann")
    reveal_type(note)
    reveal_type(note.title)
    reveal_type(note.author.name)
    reveal_type(await Note.objects.select(Note.title, Note.author.id, count()))
    Note.objects.filter(Note.title > 3)
"""


@pytest.mark.slow
@pytest.mark.one_python
def test_pyright_infers_the_types_of_what_a_query_gives(tmp_path: Path, root: Path) -> None:
    (tmp_path / "app.py").write_text(SITE, encoding="utf-8")
    (tmp_path / "pyrightconfig.json").write_text(
        f'{{"extraPaths": ["{root}"], "typeCheckingMode": "standard"}}'
    )

    output = subprocess.run(
        [sys.executable, "-m", "basedpyright", "--pythonpath", sys.executable, "app.py"],
        cwd=tmp_path, capture_output=True, text=True,
    ).stdout  # fmt: skip

    for inferred in (
        '"note" is "Note"',
        '"note.title" is "str"',
        '"note.author.name" is "str"',
        "list[tuple[str, int, int]]",
    ):
        assert inferred in output
    assert output.count(" error: ") == 1
