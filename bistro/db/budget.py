"""How many statements a request may run, and the same one over and over (N+1): found early."""

from __future__ import annotations

import logging
from collections import Counter
from typing import Literal

from bistro.db.current import current_scope
from bistro.db.errors import DatabaseError
from bistro.db.watch import Statement
from bistro.ground.registry import Origin

Reaction = Literal["nothing", "warn", "refuse"]
STATEMENT_LENGTH_MAX = 300
_logger = logging.getLogger("bistro.db")


class TooManyStatements(DatabaseError):
    """A request runs one statement again and again, or more of them than it may.

    If you see this: a query stands in a loop; load what it asks for with one query before the loop.
    """

    code = "B808"


class Budget:
    """Counts the statements of one request, or one block, and reacts once when there are too many."""

    def __init__(
        self,
        *,
        repeats_max: int | None = None,
        statements_max: int | None = None,
        reaction: Reaction = "refuse",
    ) -> None:
        """`repeats_max`: for one and the same SQL; its values may differ."""
        self.count = 0
        self._by_sql: Counter[str] = Counter()
        self._repeats_max = repeats_max
        self._statements_max = statements_max
        self._reaction = reaction

    def note(self, statement: Statement) -> None:
        """Count a statement. Raises `TooManyStatements` where that is the reaction."""
        self.count += 1
        self._by_sql[statement.sql] += 1
        if self._reaction == "nothing":
            return
        if self._repeats_max is not None and self._by_sql[statement.sql] == self._repeats_max + 1:
            what = f"the same statement runs more than {self._repeats_max} times in one request"
            self._react(what, statement, "Load it with one query before the loop, e.g. with .load(…).")
        elif self._statements_max is not None and self.count == self._statements_max + 1:
            what = f"this is statement {self.count}, and at most {self._statements_max} may run"
            self._react(what, statement, "Join queries, or raise the budget.")

    def stop(self) -> None:
        """Go on counting, and react no more."""
        self._reaction = "nothing"

    def _react(self, what: str, statement: Statement, fix: str) -> None:
        where = statement.find_origin()
        if self._reaction == "refuse":
            raise TooManyStatements(f"{what}: {shorten(statement.sql)}", where=(where,), fix=fix)
        _logger.warning("%s (%s): %s\n  %s", what, _short(where), shorten(statement.sql), fix)


def count_for_request(statement: Statement) -> None:
    """Count a statement in the budget of the request that asked for it, if it has one."""
    scope = current_scope.get()
    while scope is not None:
        if scope.budget is not None:
            scope.budget.note(statement)
            return
        scope = scope.outer


def shorten(sql: str) -> str:
    """The SQL on one line, and not too much of it."""
    line = " ".join(sql.split())
    return line if len(line) <= STATEMENT_LENGTH_MAX else f"{line[:STATEMENT_LENGTH_MAX]} …"


def _short(origin: Origin) -> str:
    return f"{origin.file}:{origin.line}"
