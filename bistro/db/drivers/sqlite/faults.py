"""SQLite's errors as those of Bistro."""

from __future__ import annotations

import re

import apsw

from bistro.db.errors import (
    COLUMN_FIX,
    TABLE_FIX,
    CheckViolation,
    DatabaseBusy,
    DatabaseError,
    DatabaseFull,
    DatabaseUnavailable,
    ForeignKeyViolation,
    IntegrityError,
    NotNullViolation,
    StatementError,
    StatementTimeout,
    TransactionError,
    UniqueViolation,
    ValueNotStorable,
)

# APSW raises these itself, for values and for text that is no SQL.
ERRORS = (apsw.Error, OverflowError, TypeError, UnicodeEncodeError, ValueError)

KINDS: dict[type[BaseException], type[DatabaseError]] = {
    apsw.SQLError: StatementError,
    apsw.BindingsError: StatementError,
    apsw.BusyError: DatabaseBusy,
    apsw.LockedError: DatabaseBusy,
    apsw.InterruptError: StatementTimeout,
    apsw.FullError: DatabaseFull,
    apsw.IOError: DatabaseUnavailable,
    apsw.CantOpenError: DatabaseUnavailable,
    apsw.NotADBError: DatabaseUnavailable,
    apsw.CorruptError: DatabaseUnavailable,
    apsw.ReadOnlyError: StatementError,
    apsw.TooBigError: ValueNotStorable,
    apsw.MismatchError: ValueNotStorable,
    apsw.RangeError: StatementError,
    OverflowError: ValueNotStorable,
    TypeError: ValueNotStorable,
    UnicodeEncodeError: ValueNotStorable,
}

VIOLATIONS: dict[int, type[IntegrityError]] = {
    apsw.SQLITE_CONSTRAINT_UNIQUE: UniqueViolation,
    apsw.SQLITE_CONSTRAINT_PRIMARYKEY: UniqueViolation,
    apsw.SQLITE_CONSTRAINT_ROWID: UniqueViolation,
    apsw.SQLITE_CONSTRAINT_FOREIGNKEY: ForeignKeyViolation,
    apsw.SQLITE_CONSTRAINT_NOTNULL: NotNullViolation,
    apsw.SQLITE_CONSTRAINT_CHECK: CheckViolation,
}


def left_open() -> TransactionError:
    """The error for a statement that begins a transaction where others would slip into it."""
    return TransactionError(
        "BEGIN and SAVEPOINT can't be statements by themselves; this one has been undone",
        fix="Write: async with transaction(): …",
    )


def translate(error: BaseException) -> DatabaseError:
    """The error of Bistro that `error` amounts to; raise it `from error`."""
    if isinstance(error, DatabaseError):
        return error
    if isinstance(error, apsw.ConstraintError):
        # A STRICT table: a text in a column for numbers.
        is_type = _extended(error) == apsw.SQLITE_CONSTRAINT_DATATYPE
        return ValueNotStorable(str(error)) if is_type else _violation(error)
    # SQLITE_IOERR with the disk full is how some file systems say it while the file grows.
    if isinstance(error, apsw.IOError) and _extended(error) == apsw.SQLITE_IOERR_WRITE:
        return DatabaseFull(str(error))
    kind = next((KINDS[each] for each in type(error).__mro__ if each in KINDS), DatabaseError)
    return kind(str(error), fix=_find_fix(str(error)))


def _find_fix(message: str) -> str:
    if message.startswith("no such table"):
        return TABLE_FIX
    # "no such column: note.pinned"; "table note has no column named pinned" where it is written
    return COLUMN_FIX if message.startswith("no such column") or " has no column named " in message else ""


def _violation(error: apsw.ConstraintError) -> IntegrityError:
    kind = VIOLATIONS.get(_extended(error), IntegrityError)
    if str(error) == "FOREIGN KEY constraint failed":
        # ON DELETE RESTRICT has the code of a trigger.
        kind = ForeignKeyViolation
    # "UNIQUE constraint failed: note.title, note.author_id", "CHECK constraint failed: views_positive"
    detail = str(error).rpartition("failed: ")[2]
    columns = _COLUMNS.findall(detail) if kind in (UniqueViolation, NotNullViolation) else []
    return kind(
        str(error),
        table=columns[0][0] if columns else "",
        columns=tuple(column for _, column in columns),
        constraint=detail if kind is CheckViolation else "",
    )


def _extended(error: apsw.Error) -> int:
    # Set on every error that SQLite itself reports; APSW's types don't know it.
    return getattr(error, "extendedresult", 0)


_COLUMNS = re.compile(r"(\w+)\.(\w+)")
