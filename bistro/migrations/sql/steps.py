"""One step of a plan: a statement, how it is run, and what it does to others meanwhile."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

from bistro.migrations.operations.base import Operation

How = Literal["together", "apart", "alone", "batches", "python"]
"""In the transaction with its neighbours; in one of its own; in none; in many; a function is called."""
Lock = Literal[
    "", "ROW EXCLUSIVE", "SHARE", "SHARE ROW EXCLUSIVE", "SHARE UPDATE EXCLUSIVE", "ACCESS EXCLUSIVE"
]
Work = Literal["instant", "scan", "build", "rewrite"]
"""How long a lock is held: a moment, or while the whole table is read, indexed or written anew."""


class Step(Struct, frozen=True):
    """A statement of the operation at the place `index`.

    `undo` takes back what a step has done that is kept before the migration ends. `once` asks the
    database whether the step is done already, for what a killed process has left behind.
    """

    index: int
    operation: Operation
    sql: str = ""
    how: How = "together"
    lock: Lock = ""
    tables: tuple[str, ...] = ()
    work: Work = "instant"
    undo: tuple[str, ...] = ()

    @property
    def blocks_long(self) -> bool:
        """Whether others can't write, or not even read, for as long as the table is large."""
        return self.lock in _BLOCKING and self.work != "instant"


_BLOCKING = ("SHARE", "SHARE ROW EXCLUSIVE", "ACCESS EXCLUSIVE")
