"""A package: models, and the folder with the migrations that made their tables so far."""

from __future__ import annotations

import importlib.util
import sys
import types
from collections.abc import Sequence
from pathlib import Path

from msgspec import Struct

from bistro.db.model import Model
from bistro.ground.registry import Origin
from bistro.migrations.errors import BranchError, MigrationError, MigrationFileError
from bistro.migrations.migration import NAME, SITE, Loaded, Migration, digest_of, full_name
from bistro.migrations.operations.base import Operation


class Package(Struct, frozen=True, eq=False):
    """Whose migrations they are. That of the site is called `site`."""

    name: str
    folder: Path
    models: Sequence[type[Model]] = ()

    def load(self) -> list[Loaded]:
        """Its migrations, in order; those that a squashed one stands for are left out.

        Raises MigrationFileError, or BranchError where they do not form one row.
        """
        files = sorted(self.folder.glob("[0-9]*.py")) if self.folder.is_dir() else []
        return in_a_row([load_file(file, self.name) for file in files])


def load_file(file: Path, package: str = SITE) -> Loaded:
    """The migration in `file`. Raises MigrationFileError where it is none."""
    if not NAME.fullmatch(file.stem):
        raise MigrationFileError(
            f"{file.name} is no name for a migration",
            where=(Origin(str(file), 1),),
            fix="Call it like 0001_first.py: a number of four digits and words in small letters.",
        )
    module = _run(file, package)
    migration = getattr(module, "migration", None)
    if not isinstance(migration, Migration):
        raise MigrationFileError(
            f"{file.name} has no migration",
            where=(Origin(str(file), 1),),
            fix="Write there: migration = Migration(operations=[…]).",
        )
    for operation in migration.operations:
        if not isinstance(operation, Operation):
            raise MigrationFileError(
                f"{operation!r} is no operation",
                where=(Origin(str(file), 1),),
                fix="Use those of bistro.migrations, such as AddColumn or RunSQL.",
            )
    return Loaded(package, file.stem, file, migration, digest_of(migration, file.read_text(encoding="utf-8")))


def in_a_row(found: Sequence[Loaded]) -> list[Loaded]:
    """The migrations of one package, each behind the one that it comes after."""
    squashed = {name for each in found for name in each.migration.replaces}
    left = [each for each in found if each.name not in squashed]
    following: dict[str, Loaded] = {}
    for each in left:
        before = _before(each, left, squashed)
        if before in following:
            raise branch_error(following[before], each, before)
        following[before] = each
    row: list[Loaded] = []
    name = ""
    while name in following and len(row) < len(left):
        row.append(following[name])
        name = row[-1].name
    if len(row) < len(left):
        lost = next(each for each in left if each not in row)
        raise MigrationFileError(
            f"{lost.full_name} comes after {', '.join(lost.own_after)}, which is not there",
            where=(lost.origin,),
            fix="Bring that file back, or correct `after`.",
        )
    return row


def _before(each: Loaded, left: Sequence[Loaded], squashed: set[str]) -> str:
    """The name of the one before in the same package; empty for the first."""
    own = [name.rpartition(":")[2] for name in each.own_after]
    if len(own) > 1:
        raise MigrationFileError(
            f"{each.full_name} comes after {len(own)} migrations of its own package",
            where=(each.origin,),
            fix="They form one row: name the last one only.",
        )
    if own and own[0] in squashed:
        return next(other.name for other in left if own[0] in other.migration.replaces)
    return own[0] if own else ""


def branch_error(one: Loaded, other: Loaded, before: str) -> BranchError:
    """Both come after `before`: made on two branches."""
    package = one.package
    what = (
        f"{one.name} and {other.name} both come after {before}"
        if before
        else f"{one.name} and {other.name} are both the first"
    )
    return BranchError(
        f"{what} (package {package})",
        where=(one.origin, other.origin),
        fix=f"Run: bistro db rebase {full_name(package, other.name)}",
    )


def _run(file: Path, package: str) -> types.ModuleType:
    """The module in `file`; it is not among those that can be imported."""
    spec = importlib.util.spec_from_file_location(f"bistro_migration_{package}_{file.stem}", file)
    if spec is None or spec.loader is None:
        raise MigrationError(f"{file} can't be read")
    module = importlib.util.module_from_spec(spec)
    # A function in it may look for its module, as pickling and type hints do.
    sys.modules[spec.name] = module
    try:
        spec.loader.exec_module(module)
    except Exception as error:
        raise MigrationFileError(
            f"{file.name} can't be read: {type(error).__name__}: {error}",
            where=(Origin(str(file), _line_of(error, file)),),
        ) from error
    finally:
        del sys.modules[spec.name]
    return module


def _line_of(error: BaseException, file: Path) -> int:
    if isinstance(error, SyntaxError) and error.lineno:
        return error.lineno
    line, trace = 1, error.__traceback__
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == str(file):
            line = trace.tb_lineno
        trace = trace.tb_next
    return line
