"""`Migrator`: brings a database to where the migrations lead, or back."""

from __future__ import annotations

import inspect
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Final

from msgspec import Struct

from bistro.db.database import Database
from bistro.db.errors import DatabaseError
from bistro.ground.concurrency import run_in_thread
from bistro.migrations.errors import HistoryError, MigrationError, MigrationFailed
from bistro.migrations.graph import Graph, Placed
from bistro.migrations.historical import HistoricalModels
from bistro.migrations.history import Applied, History
from bistro.migrations.migration import SITE, Loaded
from bistro.migrations.operations.custom import RunPython
from bistro.migrations.package import Package
from bistro.migrations.running import sqlite
from bistro.migrations.running.locks import only_one
from bistro.migrations.running.plan import Direction, Phase, Plan, make_plan
from bistro.migrations.running.postgresql import Patience, run_alone, run_batches, run_together
from bistro.migrations.sql.steps import Step

Tell = Callable[[str], None]
EDITED: Final = "edited"


class Standing(Struct, frozen=True):
    """Where one migration stands: "applied", "pending", "begun", "edited" or "missing"."""

    name: str
    standing: str
    applied_at: str = ""
    file: str = ""


async def migrate(database: Database, folder: str | Path, *, package: str = SITE) -> list[str]:
    """Apply all migrations in a folder to a database that is open, as a test does; the names of those."""
    return await Migrator(database, Graph([Package(package, Path(folder))])).migrate()


def be_silent(message: str) -> None:
    """Tell nobody."""


class Migrator:
    """Applies and reverts the migrations of a graph on one database, which is open."""

    def __init__(
        self, database: Database, graph: Graph, *, patience: Patience | None = None, tell: Tell = be_silent
    ) -> None:
        self.database = database
        self.graph = graph
        self.history = History(database)
        self._patience = patience or Patience()
        self._tell = tell

    # --- questions ----------------------------------------------------------------------------------

    async def list_standings(self) -> list[Standing]:
        """Where each migration stands, in order; behind them those whose files are missing."""
        applied = await self.read_applied()
        found = [self._standing(placed, applied) for placed in self.graph.placed]
        missing = [each for name, each in applied.items() if name not in self.graph.by_name]
        return found + [Standing(each.full_name, "missing", each.applied_at) for each in missing]

    async def list_pending(self, target: str = "") -> list[Placed]:
        """Those that are not applied, in order: all, or those that `target` needs."""
        return self._pending(await self.read_applied(), self.graph.get(target) if target else None)

    def _standing(self, placed: Placed, applied: dict[str, Applied]) -> Standing:
        entry, file = applied.get(placed.full_name), str(placed.loaded.file)
        if entry is None:
            return Standing(placed.full_name, "pending", "", file)
        standing = "applied" if entry.phases_done is None else "begun"
        if entry.digest not in (placed.loaded.digest, ""):
            standing = EDITED
        return Standing(placed.full_name, standing, entry.applied_at, file)

    async def read_applied(self) -> dict[str, Applied]:
        """The history, in which a squashed migration counts as applied where all that it replaces are."""
        applied = await self.history.read()
        for placed in self.graph.placed:
            loaded = placed.loaded
            old = [name for name, new in self.graph.replacing.items() if new == loaded.full_name]
            if old and loaded.full_name not in applied:
                done = [name for name in old if name in applied]
                if len(done) == len(old):
                    applied[loaded.full_name] = Applied(
                        loaded.package, loaded.name, "", applied[old[-1]].applied_at
                    )
                elif done:
                    raise HistoryError(
                        f"{loaded.full_name} stands for {len(old)} others; {len(done)} are applied",
                        where=(loaded.origin,),
                        fix="Apply all of them with the version of the site that still has their files.",
                    )
            for name in old:
                applied.pop(name, None)
        return applied

    def _pending(self, applied: dict[str, Applied], target: Placed | None) -> list[Placed]:
        wanted = None if target is None else self.graph.needed_for(target)
        return [
            placed
            for name, placed in self.graph.by_name.items()
            if (name not in applied or applied[name].phases_done is not None)
            and (wanted is None or name in wanted)
        ]

    # --- work ---------------------------------------------------------------------------------------

    async def migrate(self, target: str = "", *, fake: bool = False) -> list[str]:
        """Apply all that is not applied, or all up to `target`; the names of those that were.

        Raises HistoryError where one that was applied is edited or missing, MigrationFailed where a
        step fails. With `fake` they are only noted as applied.
        """
        wanted = self.graph.get(target) if target else None
        done = []
        async with only_one(self.database, self._tell):
            await self.history.make()
            applied = await self.read_applied()
            self._refuse_other_history(applied)
            for placed in self._pending(applied, wanted):
                if fake:
                    await self.history.add(placed.loaded)
                    done.append(placed.full_name)
                elif await self._apply(
                    make_plan(placed, self.database.dialect), applied.get(placed.full_name)
                ):
                    done.append(placed.full_name)
        return done

    async def revert(self, target: str = "") -> list[str]:
        """Revert the last migration, or `target` and all that build on it; the names of those that were.

        Raises MigrationError where one of them has an operation without a reverse.
        """
        async with only_one(self.database, self._tell):
            applied = await self.read_applied()
            plans = [
                make_plan(each, self.database.dialect, "back")
                for each in self.find_reverting(applied, target)
            ]
            return [plan.placed.full_name for plan in plans if await self._apply(plan, None)]

    def find_reverting(self, applied: Iterable[str], target: str) -> list[Placed]:
        """Those that have to be reverted, the last first. Raises MigrationError where none was applied."""
        done = [placed for name, placed in self.graph.by_name.items() if name in set(applied)]
        if not target:
            return done[-1:]
        wanted = self.graph.get(target)
        if wanted not in done:
            raise MigrationError(
                f"{wanted.full_name} is not applied", fix="`bistro db status` tells what is."
            )
        return [each for each in reversed(done) if wanted.full_name in self.graph.needed_for(each)]

    def _refuse_other_history(self, applied: dict[str, Applied]) -> None:
        for name, entry in applied.items():
            placed = self.graph.by_name.get(name)
            if placed is None:
                raise HistoryError(
                    f"{name} was applied on {entry.applied_at}, and there is no such file any more",
                    fix="Bring the file back; or, where nothing of it is wanted, delete its line from the "
                    "table bistro_migrations.",
                )
            if entry.digest not in (placed.loaded.digest, ""):
                raise HistoryError(
                    f"{name} was edited after it was applied on {entry.applied_at}",
                    where=(placed.loaded.origin,),
                    fix="Undo the edit and make a new migration; or, where the edit changes nothing here, "
                    f"accept it: bistro db accept {name}",
                )

    async def accept(self, name: str) -> str:
        """Take an edited migration for what was applied; its full name. Raises MigrationError."""
        placed = self.graph.get(name)
        if placed.full_name not in await self.history.read():
            raise MigrationError(f"{placed.full_name} is not applied")
        await self.history.add(placed.loaded)
        return placed.full_name

    # --- one migration ----------------------------------------------------------------------------------

    async def _apply(self, plan: Plan, begun: Applied | None) -> bool:
        """Whether it was done here; another process may have been faster."""
        since = time.monotonic()
        verb = "Applied" if plan.direction == "forward" else "Reverted"
        if self.database.dialect == "sqlite":
            if not await self._apply_whole(plan):
                return False
        else:
            await self._apply_phases(plan, begun)
        self._tell(f"{verb} {plan.placed.full_name} in {time.monotonic() - since:.2f} s.")
        return True

    async def _apply_whole(self, plan: Plan) -> bool:
        """In SQLite: everything, and the note of it, in one transaction."""
        loaded = plan.placed.loaded
        try:
            async with sqlite.whole(self.database, self._tell):
                # Another process may have done it while this one waited.
                is_applied = loaded.full_name in await self.read_applied()
                if is_applied == (plan.direction == "forward"):
                    return False
                for step in plan.steps:
                    await self._run(step, plan)
                await self._note(loaded, plan.direction)
                return True
        except DatabaseError as error:
            raise _failed(plan, None, error) from error

    async def _apply_phases(self, plan: Plan, begun: Applied | None) -> None:
        """In PostgreSQL: phase by phase; what is done is noted with each, and undone where one fails."""
        start = (
            begun.phases_done or 0 if begun is not None and begun.digest == plan.placed.loaded.digest else 0
        )
        if start:
            self._tell(f"Going on with {plan.placed.full_name} at part {start + 1} of {len(plan.phases)}.")
        for number in range(start, max(len(plan.phases), 1)):
            try:
                await self._run_phase(plan, number)
            except Exception as error:
                await self._undo(plan, number)
                if isinstance(error, DatabaseError):
                    raise _failed(plan, None, error) from error
                raise

    async def _run_phase(self, plan: Plan, number: int) -> None:
        is_last = number + 1 >= len(plan.phases)
        phase = plan.phases[number] if plan.phases else Phase("together", ())

        async def note() -> None:
            if is_last:
                await self._note(plan.placed.loaded, plan.direction)
            elif plan.direction == "forward":
                await self.history.add(plan.placed.loaded, phases_done=number + 1)

        async def work() -> None:
            for step in phase.steps:
                await self._run(step, plan)
            await note()

        if phase.how in ("alone", "batches"):
            step = phase.steps[0]
            run = run_alone if phase.how == "alone" else run_batches
            try:
                await run(self.database, step, self._patience)
            except DatabaseError as error:
                raise _failed(plan, step, error) from error
            await run_together(self.database, note, self._patience)
        else:
            await run_together(self.database, work, self._patience)

    async def _undo(self, plan: Plan, failed: int) -> None:
        """Take back what the phases before the one that failed have done, and what it left itself."""
        alone = plan.phases[failed].steps if plan.phases and plan.phases[failed].how == "alone" else ()
        for step in (*alone, *reversed([each for phase in plan.phases[:failed] for each in phase.steps])):
            for sql in step.undo:
                if "CONCURRENTLY" in sql:
                    undoing = Step(step.index, step.operation, sql, how="alone")
                    await run_alone(self.database, undoing, self._patience)
                else:
                    await _run_one(self.database, sql, self._patience)
        if plan.direction == "forward" and failed:
            await self.history.remove(plan.placed.loaded.package, plan.placed.loaded.name)

    async def _note(self, loaded: Loaded, direction: Direction) -> None:
        if direction == "forward":
            await self.history.add(loaded)
            return
        await self.history.remove(loaded.package, loaded.name)
        for name in loaded.migration.replaces:
            await self.history.remove(loaded.package, name)

    async def _run(self, step: Step, plan: Plan) -> None:
        try:
            if step.how == "python":
                await self._call(step, plan)
            else:
                await self.database.execute(step.sql)
        except DatabaseError as error:
            # What is only in the way at this moment is tried again.
            if getattr(error, "status", 0) == 503:
                raise
            raise _failed(plan, step, error) from error

    async def _call(self, step: Step, plan: Plan) -> None:
        assert isinstance(step.operation, RunPython)
        function, models = step.operation.function, HistoricalModels(plan.state_before(step))
        self.database.enter()
        try:
            if inspect.iscoroutinefunction(function):
                await function(models)
            else:
                await run_in_thread(function, models)
        except (DatabaseError, MigrationError):
            raise
        except Exception as error:
            raise _failed(plan, step, error) from error
        finally:
            self.database.leave()


async def _run_one(database: Database, sql: str, patience: Patience) -> None:
    async def work() -> None:
        await database.execute(sql)

    await run_together(database, work, patience)


def _failed(plan: Plan, step: Step | None, error: Exception) -> MigrationFailed:
    what = error.what if isinstance(error, DatabaseError) else f"{type(error).__name__}: {error}"
    place = f" at step {step.index + 1} ({step.operation.describe()})" if step is not None else ""
    back = " back" if plan.direction == "back" else ""
    fix = "Nothing of it was kept: the tables are as they were before."
    if step is not None and step.sql:
        fix = f"The statement: {step.sql}\n{fix}"
    return MigrationFailed(
        f"{plan.placed.full_name} failed{back}{place}: {what}",
        where=(plan.placed.loaded.origin,),
        fix=fix,
    )
