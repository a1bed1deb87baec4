"""`bistro db lint`: what a migration does to a site that goes on working."""

from __future__ import annotations

import click
from msgspec.structs import asdict

from bistro.cli.migrations.site import MigratedSite
from bistro.cli.options import app_option, json_option
from bistro.cli.output import EXIT_FINE, EXIT_PROBLEMS, say, short_path, show, show_json
from bistro.migrations import Graph, Placed
from bistro.migrations.lint import Hazard, find_hazards

EPILOG = """\b
Examples:
  bistro db lint
  bistro db lint 0007 --json

\b
Ends with 1 where something is found. What is meant to be is said in the migration:
Migration(…, allow=("drop",)). No database is needed.
"""


@click.command(epilog=EPILOG)
@click.argument("name", required=False)
@app_option
@json_option
def command(name: str | None, app: str | None, as_json: bool) -> int:
    """Tell which steps would lock PostgreSQL's tables for long, or break code that is running.

    Looks at all migrations behind the first of each package, or at NAME.
    """
    graph = MigratedSite(app).graph
    hazards = [hazard for placed in _wanted(graph, name) for hazard in find_hazards(placed)]
    if as_json:
        show_json([asdict(hazard) for hazard in hazards])
    for hazard in hazards if not as_json else ():
        show(_as_text(hazard, graph))
    if not hazards and not as_json:
        say("Nothing here stops a site that goes on working.")
    return EXIT_PROBLEMS if hazards else EXIT_FINE


def _wanted(graph: Graph, name: str | None) -> list[Placed]:
    return [graph.get(name)] if name else [each for each in graph.placed if each.loaded.own_after]


def _as_text(hazard: Hazard, graph: Graph) -> str:
    file = short_path(str(graph.by_name[hazard.migration].loaded.file))
    lines = [
        f"{click.style(hazard.code, fg='yellow', bold=True)} {hazard.what}",
        f"    {file}: {hazard.operation}",
    ]
    if hazard.sql:
        lines.append(f"    {hazard.sql}")
    if hazard.lock:
        lines.append(f"    lock: {hazard.lock}")
    return "\n".join([*lines, f"    {hazard.fix}"])
