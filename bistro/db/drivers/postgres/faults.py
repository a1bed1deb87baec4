"""PostgreSQL's errors as those of Bistro."""

from __future__ import annotations

import re
from typing import Any  # Any: asyncpg ships no types

import asyncpg

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
    MissingExtension,
    NotNullViolation,
    PoolExhausted,
    SerializationFailure,
    StatementError,
    StatementTimeout,
    TransactionError,
    UniqueViolation,
    ValueNotStorable,
)

ERRORS = (asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError, OSError, TimeoutError)

# By the code of PostgreSQL's appendix A, or its first two characters, the class.
KINDS: dict[str, type[DatabaseError]] = {
    "08": DatabaseUnavailable,
    "0A": StatementError,
    "22": ValueNotStorable,
    "22012": StatementError,  # division by zero
    "25": TransactionError,
    "25006": StatementError,  # writing in a transaction that only reads
    "26": StatementError,
    "28": DatabaseUnavailable,
    "34": StatementError,
    "3D": DatabaseUnavailable,
    "3F": StatementError,
    "40": SerializationFailure,
    "42": StatementError,
    "53": DatabaseUnavailable,
    "53100": DatabaseFull,
    "53300": PoolExhausted,
    "54": ValueNotStorable,
    "55P03": DatabaseBusy,
    "57014": StatementTimeout,
    "57": DatabaseUnavailable,
    "58": DatabaseUnavailable,
}
VIOLATIONS: dict[str, type[IntegrityError]] = {
    "23502": NotNullViolation,
    "23503": ForeignKeyViolation,
    "23505": UniqueViolation,
    "23514": CheckViolation,
}
FIXES = {"42P01": TABLE_FIX, "42703": COLUMN_FIX}  # undefined_table, undefined_column
EXTENSION_CODES = frozenset({"0A000", "42501", "42704", "58P01"})
"""It is not installed on the server; not this user's to create; not created; older words for the first."""
NEVER_HELD = ("28", "3D", "3F")
"""Wrong user, password or name of the database: waiting won't help."""


def translate(error: BaseException) -> DatabaseError:
    """The error of Bistro that `error` amounts to; raise it `from error`."""
    if isinstance(error, DatabaseError):
        return error
    code = find_code(error)
    missing = _EXTENSION.search(str(error)) if code in EXTENSION_CODES else None
    if missing:
        return MissingExtension(str(error), fix=_extension_fix(missing[1] or missing[2]))
    if code.startswith("23"):
        return _violation(error, code)
    kind = KINDS.get(code) or KINDS.get(code[:2])
    if kind is None:
        kind = _kind_without_code(error)
    return kind(str(error) or type(error).__name__, fix=FIXES.get(code, ""))


def find_code(error: BaseException) -> str:
    """The code that PostgreSQL gave, or an empty text where the error is of another source."""
    return getattr(error, "sqlstate", None) or ""


def _kind_without_code(error: BaseException) -> type[DatabaseError]:
    if isinstance(error, asyncpg.InterfaceError):
        text = str(error)
        if "closed" in text or "cancelling" in text:
            return DatabaseUnavailable
        return TransactionError if "in progress" in text else StatementError
    return DatabaseUnavailable if isinstance(error, (OSError, TimeoutError)) else DatabaseError


def _violation(error: Any, code: str) -> IntegrityError:
    kind = VIOLATIONS.get(code, IntegrityError)
    found = _KEY.match(error.detail or "") if kind is not NotNullViolation else None
    names = found[1].split(", ") if found else [error.column_name] if error.column_name else []
    return kind(
        error.message or str(error),
        table=error.table_name or "",
        columns=tuple(name.strip('"') for name in names),
        constraint=error.constraint_name or "",
    )


# extension "vector" is not available; permission denied to create extension "vector";
# type "vector" does not exist
_EXTENSION = re.compile(r'extension "(\w+)"|type "(vector)" does not exist')


def _extension_fix(name: str) -> str:
    package = (
        "pgvector (https://github.com/pgvector/pgvector)" if name == "vector" else f"the package of {name}"
    )
    return (
        f"Install {package} on the server of the database; then a superuser, or its owner where the "
        f"extension is a trusted one, runs: CREATE EXTENSION IF NOT EXISTS {name}"
    )


# "Key (title, author_id)=(a, 1) already exists." The values are not for others to see.
_KEY = re.compile(r"Key \(([\w\", ]+)\)=")
