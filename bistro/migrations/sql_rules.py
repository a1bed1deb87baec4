"""What SQL of one's own does to others in PostgreSQL, and how it is done without.

https://www.postgresql.org/docs/current/explicit-locking.html says which statement takes which lock.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from msgspec import Struct

from bistro.migrations.sql.postgresql_columns import VOLATILE
from bistro.migrations.sql_statements import as_word, split_actions, split_statements

IN_BATCHES = "Use Fill, which does it in batches."
VALIDATE = "Add it NOT VALID, and VALIDATE CONSTRAINT in a migration after it; AddRule does both."


class SqlRule(Struct, frozen=True):
    """A kind of statement: those in which `pattern` is found and `unless` is not."""

    code: str
    pattern: str
    unless: str
    what: str
    fix: str

    def fits(self, statement: str) -> bool:
        """Whether a statement is of this kind."""
        return bool(re.search(self.pattern, statement)) and not (
            self.unless and re.search(self.unless, statement)
        )


CONCURRENTLY = r"\bCONCURRENTLY\b"
TABLE = r"^ALTER TABLE \S+ "
ADD_COLUMN = TABLE + r"ADD (?:COLUMN )?(?!CONSTRAINT|CHECK|UNIQUE|PRIMARY|FOREIGN|EXCLUDE)(?:IF NOT EXISTS )?"
NO_WRITES = "nobody can write while the index is built"
READ = "nobody can read or write while all rows are read"
BUILT = "nobody can read or write while its index is built"
ANEW = "the whole table is written anew, while nobody can read it"
OLD_NAME = "code that is running asks for the old name"
ALL_LOCKED = "all rows are locked until the transaction ends"
RULES: Final = (
    SqlRule(
        "index",
        r"^CREATE (?:UNIQUE )?INDEX\b",
        CONCURRENTLY,
        NO_WRITES,
        "Use AddRule, or CREATE INDEX CONCURRENTLY with alone=True.",
    ),
    SqlRule(
        "foreign-key",
        TABLE + r"ADD .*\bREFERENCES\b",
        r"\bNOT VALID\b",
        "nobody can write to either table while all rows are read",
        VALIDATE,
    ),
    SqlRule(
        "check",
        TABLE + r"ADD .*\bCHECK ?\(",
        r"\bNOT VALID\b",
        READ,
        VALIDATE,
    ),
    SqlRule(
        "unique",
        TABLE + r"ADD .*\b(?:UNIQUE|PRIMARY KEY)\b",
        r"\bUSING INDEX\b",
        BUILT,
        "Use AddRule, which builds the index first and attaches it.",
    ),
    SqlRule(
        "exclude",
        TABLE + r"ADD .*\bEXCLUDE\b",
        "",
        BUILT,
        "Do it when few are there; no index can be attached.",
    ),
    SqlRule(
        "type",
        TABLE + r"ALTER (?:COLUMN )?\S+ (?:SET DATA )?TYPE\b",
        "",
        ANEW,
        "Add a second column, fill it, and drop the first one later.",
    ),
    SqlRule(
        "not-null",
        TABLE + r"ALTER (?:COLUMN )?\S+ SET NOT NULL",
        "",
        READ,
        "Use ChangeColumn, which validates a condition first.",
    ),
    SqlRule(
        "required-column",
        ADD_COLUMN + r".*\bNOT NULL\b",
        r"\bDEFAULT\b|\bGENERATED\b|\bSERIAL\b",
        "it fails where there are rows",
        "Give it a DEFAULT; AddColumn(…, fill=…) does.",
    ),
    SqlRule(
        "rewrite",
        ADD_COLUMN + r".*\b(?:(?:BIG|SMALL)?SERIAL\b|GENERATED\b)",
        "",
        ANEW,
        "Add a plain column, fill it, and give it the default then.",
    ),
    SqlRule(
        "rename",
        TABLE + r"RENAME (?!CONSTRAINT)",
        "",
        OLD_NAME,
        "Add the new one, write both, and drop the old one later.",
    ),
    SqlRule(
        "rename",
        r"^ALTER (?:VIEW|SCHEMA|TYPE) \S+ RENAME\b",
        "",
        OLD_NAME,
        "Make the new one beside it, and drop the old one later.",
    ),
    SqlRule(
        "drop",
        r"^DROP (?:TABLE|SCHEMA|DATABASE|VIEW|MATERIALIZED VIEW|TYPE)\b|"
        + TABLE
        + r"DROP (?:COLUMN )?(?!CONSTRAINT)",
        "",
        "code that is running may still use it",
        "Release code without it first, then allow it here.",
    ),
    SqlRule(
        "drop",
        r"^TRUNCATE\b",
        "",
        "all rows are gone, and nobody can read the table",
        "Use DELETE with a condition.",
    ),
    SqlRule(
        "lock",
        r"^LOCK (?:TABLE )?",
        "",
        "everybody waits until the transaction ends",
        "Do without; each operation takes the lock that it needs.",
    ),
    SqlRule(
        "rewrite",
        r"^(?:VACUUM (?:\(.*)?\bFULL\b|VACUUM \(FULL|CLUSTER\b)",
        "",
        ANEW,
        "Leave it to autovacuum, or to pg_repack.",
    ),
    SqlRule(
        "index",
        r"^REINDEX\b",
        CONCURRENTLY,
        NO_WRITES,
        "REINDEX … CONCURRENTLY with alone=True.",
    ),
    SqlRule(
        "view",
        r"^REFRESH MATERIALIZED VIEW\b",
        CONCURRENTLY,
        "nobody can read the view while it is computed",
        "REFRESH MATERIALIZED VIEW CONCURRENTLY.",
    ),
    SqlRule(
        "all-rows",
        r"^UPDATE\b",
        r"\bWHERE\b",
        ALL_LOCKED,
        IN_BATCHES,
    ),
    SqlRule(
        "all-rows",
        r"^DELETE FROM\b",
        r"\bWHERE\b",
        ALL_LOCKED,
        "Delete in batches, or by a condition.",
    ),
    SqlRule(
        "rewrite",
        TABLE + r"SET (?:TABLESPACE|LOGGED|UNLOGGED|ACCESS METHOD)\b",
        "",
        ANEW,
        "Make a new table beside it.",
    ),
    SqlRule(
        "partition",
        TABLE + r"ATTACH PARTITION\b",
        "",
        "all rows of the partition are read under a lock",
        "Validate the partition's condition as a CHECK first, then allow it here.",
    ),
    SqlRule(
        "partition",
        TABLE + r"DETACH PARTITION\b",
        CONCURRENTLY,
        "nobody can read or write the whole table",
        "DETACH PARTITION … CONCURRENTLY with alone=True.",
    ),
    SqlRule(
        "timeout",
        r"^SET (?:LOCAL |SESSION )?(?:LOCK_TIMEOUT|STATEMENT_TIMEOUT)\b",
        "",
        "the limit on the wait for locks is gone",
        "Leave it out: `migrate --lock-seconds` sets it.",
    ),
    SqlRule(
        "transaction",
        r"^(?:BEGIN|COMMIT|ROLLBACK|START TRANSACTION|END)\b",
        "",
        "the transaction of the migration ends here",
        "Leave it out.",
    ),
)
_ALONE_ONLY: Final = re.compile(r"\bCONCURRENTLY\b|^VACUUM\b|^ALTER SYSTEM\b|^CREATE DATABASE\b")
_CREATED: Final = re.compile(r"^CREATE (?:UNLOGGED |TEMP |TEMPORARY )?TABLE (?:IF NOT EXISTS )?([\w.\"]+)")
_ABOUT: Final = re.compile(
    r"^(?:ALTER TABLE|CREATE (?:UNIQUE )?INDEX .*? ?ON|UPDATE|DELETE FROM|TRUNCATE) "
    r"(?:TABLE )?(?:IF EXISTS )?(?:ONLY )?([\w.\"]+)"
)


def find_faults(sql: str, *, alone: bool, new: set[str]) -> Iterator[tuple[str, str, str, str]]:
    """Code, statement, what is wrong and what to do, of each; `new` tables are nobody else's yet."""
    statements = split_statements(sql)
    known = {as_word(name).upper() for name in new}
    known |= {match[1].strip('"') for each in statements if (match := _CREATED.match(each)) is not None}
    for statement in statements:
        if _ALONE_ONLY.search(statement) and not alone:
            yield "concurrently", statement, "it can't be run in a transaction", "Say RunSQL(…, alone=True)."
        about = _ABOUT.match(statement)
        if about is not None and about[1].strip('"') in known:
            continue
        for action in split_actions(statement):
            yield from _faults_of(action)
    yield from _find_validation_too_early(statements, alone=alone)


def _faults_of(action: str) -> Iterator[tuple[str, str, str, str]]:
    for rule in RULES:
        if rule.fits(action):
            yield rule.code, action, rule.what, rule.fix
    if (
        re.search(ADD_COLUMN, action)
        and "DEFAULT" in action
        and VOLATILE.search(action.partition("DEFAULT")[2])
    ):
        yield (
            "rewrite",
            action,
            f"each row gets a value of its own: {ANEW}",
            "Add the column without it, set the default, and use Fill.",
        )


def _find_validation_too_early(statements: list[str], *, alone: bool) -> Iterator[tuple[str, str, str, str]]:
    is_added = False
    for statement in statements:
        is_added = is_added or statement.endswith("NOT VALID")
        if is_added and not alone and " VALIDATE CONSTRAINT " in statement:
            yield (
                "validate",
                statement,
                "the lock of NOT VALID is held while all rows are read",
                "Validate in a migration after it.",
            )
