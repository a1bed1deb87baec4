"""What can go wrong with a database, and the answer that each kind amounts to.

    DatabaseError               B800  500  any other fault of a statement, or of a connection
    ├── RowNotFound             B801  404  no row for what has to be there
    ├── NoDatabase              B802  500  there is no current database
    ├── StatementError          B803  500  the statement is not valid: SQL, table, column
    ├── TransactionError        B804  500  a transaction is used where it can't be
    ├── ValueNotStorable        B805  422  a value does not fit its column
    ├── MissingExtension        B826  500  PostgreSQL lacks what a type of column needs
    ├── IntegrityError          B810  409  a rule of the tables forbids it
    │   ├── UniqueViolation     B811  409  … such a row exists already
    │   ├── ForeignKeyViolation B812  409  … the row it points to is missing, or others point to it
    │   ├── NotNullViolation    B813  422  … a value is missing
    │   └── CheckViolation      B814  422  … a value is out of range
    └── DatabaseUnavailable     B820  503  it can't be reached now
        ├── PoolExhausted       B821  503  every connection stayed in use for too long
        ├── StatementTimeout    B822  503  a statement took too long
        ├── DatabaseBusy        B823  503  another transaction is in the way
        │   └── SerializationFailure  B824  503  … and this one has to be repeated as a whole
        └── DatabaseFull        B825  507  its disk is full

`DatabaseUrlError` (B806) and `MissingDriver` (B807) stop the start.
"""

from __future__ import annotations

from collections.abc import Mapping

from bistro.ground.errors import AnswerableError, SetupError
from bistro.ground.problems import Problem


class DatabaseError(AnswerableError):
    """If you see this: the database refused a statement for a reason that has no class of its own."""

    code = "B800"


class RowNotFound(DatabaseError):
    """If you see this: no row fits; let it through and it is a 404, or use `find`, which gives None."""

    code, status = "B801", 404
    detail = "There is no such thing, or no longer."


class NoDatabase(DatabaseError):
    """If you see this: a query runs outside of an app that has the `Database` plugin."""

    code = "B802"


class StatementError(DatabaseError):
    """If you see this: the SQL is wrong, or names a table or column that the database doesn't have."""

    code = "B803"


TABLE_FIX = (
    "Make the table: `bistro db make`, then `bistro db migrate`; or create_tables(TheModel) at the start "
    "of a first draft."
)
COLUMN_FIX = (
    "If the model has it, bring the table there: `bistro db make`, then `bistro db migrate` "
    "(create_tables changes no table that is there); else correct the name."
)


class TransactionError(DatabaseError):
    """If you see this: a transaction is used for another database, after its end, or by another task."""

    code = "B804"


class ValueNotStorable(DatabaseError):
    """If you see this: a number is too large for its column, or a text has a NUL or half a character."""

    code, status = "B805", 422
    detail = "A value does not fit."

    def __init__(self, what: str, *, fix: str = "", columns: tuple[str, ...] = ()) -> None:
        super().__init__(what, fix=fix)
        self.columns = columns
        self.problems = tuple(Problem("body", column, "can't be stored", "type") for column in columns)


class MissingExtension(DatabaseError):
    """If you see this: PostgreSQL has not got the extension that a type of column or an index needs."""

    code = "B826"


class DatabaseUrlError(SetupError):
    """If you see this: `DATABASE_URL` can't be read; the message says which part of it."""

    code = "B806"
    exit_code = 78


class MissingDriver(SetupError):
    """If you see this: the package that speaks to this database is not installed."""

    code = "B807"


class IntegrityError(DatabaseError):
    """A rule of the tables forbids it; `table`, `columns` and `constraint` tell which, where known.

    If you see this: the input clashes with what is stored, or the tables have a rule that it breaks.
    """

    code, status = "B810", 409
    detail = "This clashes with what is stored."
    reason = "invalid"
    message = "is not allowed"

    def __init__(
        self, what: str, *, table: str = "", columns: tuple[str, ...] = (), constraint: str = ""
    ) -> None:
        super().__init__(what)
        self.table = table
        self.columns = columns
        self.constraint = constraint
        self.problems = tuple(Problem("body", column, self.message, self.reason) for column in columns)


class UniqueViolation(IntegrityError):
    """If you see this: a row with the same value exists already, and the column allows it once."""

    code = "B811"
    detail = "There is one like this already."
    reason, message = "unique", "is taken already"


class ForeignKeyViolation(IntegrityError):
    """If you see this: the row that is pointed to does not exist, or other rows still point to this one."""

    code = "B812"
    detail = "This refers to something that does not exist, or is referred to."
    reason, message = "reference", "refers to something that does not exist, or is referred to"


class NotNullViolation(IntegrityError):
    """If you see this: a column that must have a value got none."""

    code, status = "B813", 422
    detail = "A value is missing."
    reason, message = "missing", "is missing"


class CheckViolation(IntegrityError):
    """If you see this: a value breaks a rule that the table has for it."""

    code, status = "B814", 422
    detail = "A value is out of range."
    reason, message = "range", "is out of range"


class DatabaseUnavailable(DatabaseError):
    """If you see this: the database is down, restarting or unreachable; Bistro goes on trying."""

    code, status = "B820", 503
    detail = "The database can't be reached now. Try again soon."
    headers: Mapping[str, str] = {"retry-after": "1"}


class PoolExhausted(DatabaseUnavailable):
    """If you see this: every connection is in use; find what holds them, or let the pool be larger."""

    code = "B821"
    detail = "The site is busy. Try again soon."


class StatementTimeout(DatabaseUnavailable):
    """If you see this: a statement ran longer than `statement_seconds_max`, and was stopped."""

    code = "B822"
    detail = "This took too long. Try again later."


class DatabaseBusy(DatabaseUnavailable):
    """If you see this: another transaction holds a lock for too long; keep transactions short."""

    code = "B823"
    detail = "The site is busy. Try again soon."


class SerializationFailure(DatabaseBusy):
    """If you see this: two transactions got in each other's way; `transaction(attempts_max=3)` repeats."""

    code = "B824"


class DatabaseFull(DatabaseUnavailable):
    """If you see this: the disk of the database is full; nothing was written."""

    code, status = "B825", 507
    detail = "There is no room to store this."
