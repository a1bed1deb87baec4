"""What is said about statements while a site runs: slow ones always, each one in development."""

from __future__ import annotations

from collections.abc import Callable

from bistro.db import Budget, Reaction, Statement, StatementError, count_for_request, shorten
from bistro.ground import Environment, get_logger

LOGGER_NAME = "bistro.sql"


class StatementLog:
    """Looks at each statement of one database."""

    def __init__(
        self,
        environment: Environment,
        slow_seconds: float | None,
        repeats_max: int | None,
        statements_max: int | None,
    ) -> None:
        self._is_development = environment == "development"
        self.is_counting = environment != "production" and bool(repeats_max or statements_max)
        self._slow_seconds = float("inf") if slow_seconds is None else slow_seconds
        self._repeats_max = repeats_max
        self._statements_max = statements_max
        self._log = get_logger(LOGGER_NAME)
        self.pending = 0
        """How many migrations were to be applied when the site started."""
        looks_at_all = self._is_development or self.is_counting
        self.is_wanted = looks_at_all or slow_seconds is not None
        self.seconds_min = 0.0 if looks_at_all else self._slow_seconds
        """How long a statement must have taken to be of interest."""

    def note(self, statement: Statement) -> None:
        """Log it as it deserves. Raises `TooManyStatements` where it is one too many in a test."""
        if self.pending and isinstance(statement.failure, StatementError):
            # The debug page shows what is noted at an error.
            statement.failure.add_note(
                f"When the site started, {self.pending} migration{'s were' if self.pending > 1 else ' was'} "
                "to be applied: type m and Enter into its terminal, or run: bistro db migrate"
            )
        if statement.seconds > self._slow_seconds:
            self._log.warning("slow statement", **_fields_of(statement))
        elif self._is_development:
            self._log.info("statement", **_fields_of(statement))
        if self.is_counting:
            count_for_request(statement)

    def find_budget_maker(self) -> Callable[[], Budget] | None:
        """What makes a counter for each request, where statements are counted."""
        if not self.is_counting:
            return None
        reaction: Reaction = "warn" if self._is_development else "refuse"
        return lambda: Budget(
            repeats_max=self._repeats_max, statements_max=self._statements_max, reaction=reaction
        )


def _fields_of(statement: Statement) -> dict[str, object]:
    origin = statement.find_origin()
    fields: dict[str, object] = {
        "ms": round(statement.seconds * 1000, 2),
        "rows": statement.rows,
        "sql": shorten(statement.sql),
        "asked_by": f"{origin.file}:{origin.line}",
    }
    return {**fields, "error": statement.error} if statement.error else fields
