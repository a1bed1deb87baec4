"""What is going to be run for a migration, in which direction, in which transactions."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

from bistro.db.drivers.protocol import Dialect
from bistro.migrations.errors import MigrationError, UnsafeMigration
from bistro.migrations.graph import Placed
from bistro.migrations.operations.base import Operation
from bistro.migrations.schema import State
from bistro.migrations.sql.sqlite import sqlite_steps
from bistro.migrations.sql.steps import How, Step

Direction = Literal["forward", "back"]


class Phase(Struct, frozen=True):
    """Steps that are kept together: a transaction, or one step that can't be in one."""

    how: How
    steps: tuple[Step, ...]


class Plan(Struct, frozen=True):
    """All phases of one migration; `before` is the state that it begins with."""

    placed: Placed
    direction: Direction
    before: State
    phases: tuple[Phase, ...]

    @property
    def steps(self) -> list[Step]:
        """All steps, in order."""
        return [step for phase in self.phases for step in phase.steps]

    def state_before(self, step: Step) -> State:
        """The state in which the operation of a step begins."""
        state = self.before
        for operation in operations_of(self.placed, self.direction)[: step.index]:
            state = operation.apply(state)
        return state


def make_plan(placed: Placed, dialect: Dialect, direction: Direction = "forward") -> Plan:
    """The plan of a migration. Raises MigrationError where it can't be reverted, or not safely applied."""
    operations = operations_of(placed, direction)
    before = placed.before if direction == "forward" else placed.after
    if dialect == "sqlite":
        steps = sqlite_steps(operations, before)
        return Plan(placed, direction, before, (Phase("together", tuple(steps)),))
    # Imported late: it loads Alembic, which only PostgreSQL's statements need.
    from bistro.migrations.sql.postgresql import postgresql_steps

    phases = _phases(postgresql_steps(operations, before))
    trap = _find_trap(phases)
    if trap is not None and direction == "back":
        # All at once, then: it may lock for longer, and is kept or not as a whole.
        phases = _phases(postgresql_steps(operations, before, plain=True))
        trap = _find_trap(phases)
    if trap is not None:
        raise UnsafeMigration(
            f"{placed.full_name}: “{trap.operation.describe()}” can't be undone, and steps outside of its "
            "transaction come after it",
            where=(placed.loaded.origin,),
            fix="Move it to the end of the migration, or into one of its own.",
        )
    return Plan(placed, direction, before, tuple(phases))


def operations_of(placed: Placed, direction: Direction) -> list[Operation]:
    """The operations of a migration in that direction. Raises MigrationError where one has no reverse."""
    operations = list(placed.loaded.migration.operations)
    if direction == "forward":
        return operations
    state, reversed_ = placed.before, list[Operation]()
    for operation in operations:
        reverse = operation.reverse(state)
        if reverse is None:
            raise MigrationError(
                f"{placed.full_name} can't be reverted: “{operation.describe()}” has no `undo`",
                where=(placed.loaded.origin,),
                fix="Give it one.",
            )
        reversed_.append(reverse)
        state = operation.apply(state)
    return reversed_[::-1]


def _phases(steps: list[Step]) -> list[Phase]:
    phases: list[Phase] = []
    for step in steps:
        how: How = "together" if step.how == "python" else step.how
        if how == "together" and phases and phases[-1].how == "together":
            phases[-1] = Phase(how, (*phases[-1].steps, step))
        else:
            phases.append(Phase(how, (step,)))
    return phases


def _find_trap(phases: list[Phase]) -> Step | None:
    """A step that nothing undoes, in a phase that is kept before the last one."""
    for phase in phases[:-1]:
        for step in phase.steps:
            # What has several steps says with one of them how all are undone.
            if phase.how == "together" and not _is_undone(step, phases):
                return step
    return None


def _is_undone(step: Step, phases: list[Phase]) -> bool:
    own = [each for phase in phases for each in phase.steps if each.index == step.index]
    return any(each.undo for each in own) or step.sql.startswith(_HARMLESS)


_HARMLESS = ("CREATE EXTENSION", "CREATE SCHEMA", "SELECT setval")
