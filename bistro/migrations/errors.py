"""What can go wrong with migrations.

MigrationError           B900  a command can't do what it was asked to
├── MigrationFileError   B901  a file of a migration can't be read, or does not fit those before it
├── MigrationFailed      B902  a step failed; the schema is as it was before
├── HistoryError         B903  what was applied is not what the files say
├── BranchError          B904  two branches made a migration each
├── ValueNeeded          B905  existing rows need a value that nobody has given
└── UnsafeMigration      B906  an order of operations that could not be undone when one fails
"""

from __future__ import annotations

from bistro.ground.errors import BistroError


class MigrationError(BistroError):
    """If you see this: a command about migrations can't do what it was asked to; the message says why."""

    code = "B900"


class MigrationFileError(MigrationError):
    """If you see this: a migration is no valid Python, or changes what is not there at its place."""

    code = "B901"


class MigrationFailed(MigrationError):
    """If you see this: the database refused a step; nothing of its migration was kept."""

    code = "B902"


class HistoryError(MigrationError):
    """If you see this: a migration was edited or deleted after it was applied."""

    code = "B903"


class BranchError(MigrationError):
    """If you see this: two migrations follow the same one; `bistro db rebase` puts them in a row."""

    code = "B904"


class ValueNeeded(MigrationError):
    """If you see this: a new column must have a value, and nobody says which one existing rows get."""

    code = "B905"


class UnsafeMigration(MigrationError):
    """If you see this: something that can't be undone stands before a step outside of the transaction."""

    code = "B906"
