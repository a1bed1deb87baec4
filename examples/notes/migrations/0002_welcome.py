"""Two notes to begin with."""

from __future__ import annotations

# Any: the models are made when this runs, as they are at this point.
from typing import Any

from bistro.migrations import Migration, RunPython

NOTES = {
    "Welcome to Bistro": "This page comes from examples/notes.",
    "Where notes are": "In the database that app.py opens.",
}


async def welcome(models: Any) -> None:
    for title, body in NOTES.items():
        await models.note.objects.create(title=title, body=body)


migration = Migration([RunPython(welcome, undo=RunPython.nothing)], after=("0001_first",))
