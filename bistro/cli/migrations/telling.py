"""How plans are shown: to people, to machines, and as SQL."""

from __future__ import annotations

from collections.abc import Sequence

from bistro.cli.output import say, show, show_json
from bistro.migrations import Plan, Step
from bistro.migrations.history import note_statements

HOW = {
    "apart": "in a transaction of its own",
    "alone": "outside of a transaction",
    "batches": "in batches",
}


def show_plans(
    plans: Sequence[Plan], *, is_sqlite: bool, as_sql: bool = False, as_json: bool = False
) -> None:
    """Print plans: for people by default."""
    if as_json:
        show_json([describe(plan) for plan in plans])
    elif as_sql:
        show("\n\n".join(text_of(plan, is_sqlite=is_sqlite) for plan in plans))
    elif not plans:
        say("There is nothing to do.")
    for plan in plans if not (as_sql or as_json) else ():
        show(plan.placed.full_name)
        for line in _lines(plan):
            show(f"  {line}")


def describe(plan: Plan) -> dict[str, object]:
    """A plan, for machines."""
    return {
        "name": plan.placed.full_name,
        "direction": plan.direction,
        "steps": [_step(step) for step in plan.steps],
    }


def text_of(plan: Plan, *, is_sqlite: bool) -> str:
    """The statements of a plan, with those that begin and end transactions and note that it is applied."""
    lines = [f"-- {plan.placed.full_name}"]
    if is_sqlite:
        lines += ["PRAGMA foreign_keys = OFF;", "PRAGMA legacy_alter_table = ON;"]
    for phase in plan.phases:
        is_whole = phase.how in ("together", "apart")
        lines += ["BEGIN;"] if is_whole else []
        for step in phase.steps:
            if step.how == "python":
                lines.append(f"-- {step.operation.describe()}: Python, which can't be shown as SQL")
            else:
                lines.append(f"{step.sql.rstrip().rstrip(';')};")
        lines += ["COMMIT;"] if is_whole else []
    notes = [f"{each};" for each in note_statements(plan.placed.loaded, plan.direction)]
    # With the last transaction, where that is the end.
    place = len(lines) - 1 if lines[-1] == "COMMIT;" else len(lines)
    lines[place:place] = notes
    if is_sqlite:
        lines += ["PRAGMA legacy_alter_table = OFF;", "PRAGMA foreign_keys = ON;"]
    return "\n".join(lines)


def _step(step: Step) -> dict[str, object]:
    return {
        "operation": step.operation.describe(),
        "sql": step.sql,
        "how": step.how,
        "lock": step.lock,
        "tables": list(step.tables),
        "work": step.work if step.lock else "",
    }


def _lines(plan: Plan) -> list[str]:
    lines = []
    for step in plan.steps:
        words = [step.operation.describe()]
        if step.lock:
            how_long = (
                "for a moment" if step.work == "instant" else f"for as long as it takes to {_work(step)}"
            )
            words.append(f"{step.lock} on {', '.join(step.tables)} {how_long}")
        if step.how in HOW:
            words.append(HOW[step.how])
        lines.append("; ".join(words))
    return list(dict.fromkeys(lines))


def _work(step: Step) -> str:
    verb = {"scan": "read", "build": "index", "rewrite": "write"}[step.work]
    return f"{verb} the table"
