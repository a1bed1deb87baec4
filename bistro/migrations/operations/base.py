"""What every operation has."""

from __future__ import annotations

from typing import ClassVar

from msgspec import Struct

from bistro.migrations.schema import State


class Operation(Struct, frozen=True, omit_defaults=True):
    """One change. It is plain data: what it does to a database is written by `sql/`."""

    loses_data: ClassVar[bool] = False
    """Whether the reverse can't bring back everything."""

    def apply(self, before: State) -> State:
        """The state after it. Raises MigrationFileError where it does not fit."""
        raise NotImplementedError

    def reverse(self, before: State) -> Operation | None:
        """What undoes it, where it was applied to `before`; None where nothing can."""
        raise NotImplementedError

    def describe(self) -> str:
        """It in a few words: "add the column note.pinned"."""
        raise NotImplementedError
