"""A migration as its file says it, and as it was read."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from pathlib import Path

# Any: a value in an operation is of the type that its column holds.
from typing import Any, Final

import msgspec
from msgspec import Struct

from bistro.ground.registry import Origin
from bistro.migrations.operations.base import Operation
from bistro.migrations.operations.custom import RunPython
from bistro.migrations.schema import State

SITE: Final = "site"
"""The package of the site itself; its migrations are called by their names alone."""
NAME: Final = re.compile(r"\d{4,6}_[a-z0-9_]{1,80}")


class Migration(Struct, frozen=True):
    """What a file of a migration holds, in the variable `migration`.

    `after` names what comes before it: the one before in its own package, and those of others that
    it builds on, as "accounts:0002_email". `replaces` are those that it was squashed from, `allow` the
    codes of hazards that `bistro db lint` need not tell.
    """

    operations: Sequence[Operation] = ()
    after: tuple[str, ...] = ()
    replaces: tuple[str, ...] = ()
    allow: tuple[str, ...] = ()

    def apply(self, before: State) -> State:
        """The state after all of its operations. Raises MigrationFileError where one does not fit."""
        for operation in self.operations:
            before = operation.apply(before)
        return before


class Loaded(Struct, frozen=True, eq=False):
    """A migration that was read from its file."""

    package: str
    name: str
    file: Path
    migration: Migration
    digest: str

    @property
    def full_name(self) -> str:
        """Its name, with the package before it where it is not the site's."""
        return full_name(self.package, self.name)

    @property
    def number(self) -> int:
        """The number that its name begins with."""
        return int(self.name.partition("_")[0])

    @property
    def origin(self) -> Origin:
        """Where it is written."""
        return Origin(str(self.file), 1)

    @property
    def after(self) -> tuple[str, ...]:
        """The full names of those that it comes after."""
        return tuple(each if ":" in each else full_name(self.package, each) for each in self.migration.after)

    @property
    def own_after(self) -> tuple[str, ...]:
        """Those of them in its own package."""
        return tuple(each for each in self.after if package_of(each) == self.package)


def full_name(package: str, name: str) -> str:
    """How a migration is called among those of all packages."""
    return name if package == SITE else f"{package}:{name}"


def package_of(name: str) -> str:
    """The package in a full name."""
    package, colon, _ = name.rpartition(":")
    return package if colon else SITE


def digest_of(migration: Migration, source: str) -> str:
    """What tells whether a migration was edited: what it does, however the file is laid out."""
    if any(isinstance(each, RunPython) for each in migration.operations):
        # A function can be anything, so that its text counts, and all that stands beside it.
        meaning = "\n".join(line.rstrip() for line in source.splitlines()).encode()
    else:
        meaning = msgspec.json.encode(tuple(migration.operations), enc_hook=_encode, order="deterministic")
    return hashlib.sha256(meaning).hexdigest()[:32]


# Any: an address, or whatever else may be the value of a column.
def _encode(value: Any) -> str:
    return str(value)
