"""What holds for one request: the current database, and one transaction where it may change something."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from msgspec.structs import replace

from bistro.db.budget import Budget
from bistro.db.current import Current, current_scope, leave_scope, nested
from bistro.db.database import Database
from bistro.db.transaction import Transaction


class RequestScope:
    """Makes `database` the current one for each request.

    `make_budget` gives a counter for each request, in development and tests.
    """

    def __init__(
        self,
        database: Database,
        make_budget: Callable[[], Budget] | None = None,
        others: Mapping[str, Database] | None = None,
    ) -> None:
        """`others`: what `get_database(name)` gives."""
        self._database = database
        self._make_budget = make_budget
        self._scope = Current(database, named=others or {})
        self._primary_scope = replace(self._scope, reads_primary=True)

    def enter(self) -> None:
        """Make it so in the context of this request; there is nothing to undo."""
        self._set(self._scope)

    def enter_primary(self) -> None:
        """The same, and read from the primary where there are replicas."""
        self._set(self._primary_scope)

    def _set(self, scope: Current) -> None:
        if self._make_budget is not None:
            scope = replace(scope, budget=self._make_budget())
        current_scope.set(scope)

    def stop_counting(self) -> None:
        """Let the statements from here on be as many as they like."""
        scope = current_scope.get()
        if scope is not None and scope.budget is not None:
            scope.budget.stop()

    def begin(self) -> Transaction:
        """The transaction of this request, which begins with its first statement."""
        database = self._database
        whole = Transaction(database.driver.begin(), name=database.name, is_implicit=True)
        current_scope.set(nested(database, whole))
        return whole

    def end(self) -> None:
        """Statements are on their own again."""
        leave_scope()
