"""The database that queries use unless they name another, and the transaction that they are in.

One of the two context variables of Bistro (docs/decisions/0005): a model's query can't know which
request or test it runs for. Each request and each `async with` sets it; nothing else does.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextvars import ContextVar
from typing import Protocol

from msgspec import Struct

from bistro.db.drivers.protocol import Connection
from bistro.db.errors import TransactionError
from bistro.db.transaction import Transaction
from bistro.db.watch import Statement


class StatementCounter(Protocol):
    """What is told of each statement."""

    def note(self, statement: Statement) -> None:
        """Count it; may raise to refuse it."""
        ...

    def stop(self) -> None:
        """Refuse no more."""
        ...


class Current(Struct, frozen=True, eq=False):
    """What holds from here on; `outer` is what held before."""

    database: Connection
    """The `Database`; its own module stands above this one."""
    transaction: Transaction | None = None
    """Tasks inherit this value from the one that began them, not the right to use it."""
    budget: StatementCounter | None = None
    """Counts the statements of this request, where somebody wants to know."""
    reads_primary: bool = False
    """Whether to read from the primary, where there are replicas: it may have what they don't have yet."""
    named: Mapping[str, Connection] = {}
    """The site's other databases by name."""
    scope: object = None
    """What every query of some models is narrowed by (`scopes.py`)."""
    outer: Current | None = None


def leave_scope() -> None:
    """Let hold again what held before."""
    scope = current_scope.get()
    current_scope.set(scope.outer if scope is not None else None)


def nested(database: Connection, transaction: Transaction | None = None) -> Current:
    """What holds within a block: another database or transaction, the same conditions for queries."""
    outer = current_scope.get()
    return Current(database, transaction, scope=outer.scope if outer is not None else None, outer=outer)


current_scope: ContextVar[Current | None] = ContextVar("current_database", default=None)


def refuse_beside_another(what: str) -> None:
    """Raise `TransactionError` where this task has an open `transaction()` of another database than `what`.

    A request's own transaction, which nobody has written down, is no promise about other databases.
    """
    scope = current_scope.get()
    while scope is not None:
        other = scope.transaction
        if other is not None and other.is_written_down and other.is_open_here():
            raise TransactionError(
                f"{what} can't run within a transaction of {other.name}: "
                "the two could not be kept or undone together",
                fix="Do it before or after that block, or hand it to on_commit().",
            )
        scope = scope.outer
