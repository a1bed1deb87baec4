"""`bistro plan`: the code that was written for a route."""

from __future__ import annotations

import click

from bistro.cli.load_app import load_frozen
from bistro.cli.options import app_option, json_option
from bistro.cli.output import EXIT_FINE, EXIT_PROBLEMS, say, show, show_json
from bistro.cli.routes import describe

EPILOG = """\b
Example:
  bistro plan GET /items/42
"""


@click.command(epilog=EPILOG)
@click.argument("method")
@click.argument("url")
@app_option
@json_option
def command(method: str, url: str, app: str | None, as_json: bool) -> int:
    """Print the plan that answers METHOD URL: one line for each thing that happens to the request."""
    _, frozen = load_frozen(app)
    explanations = frozen.table.explain(method.upper(), url)
    route = next((each.route for each in explanations if each.chosen), None)
    if route is None:
        say(f"No route answers {method.upper()} {url}. `bistro routes --why {url}` tells why.")
        return EXIT_PROBLEMS
    source = str(getattr(frozen.plan_of(route), "source", ""))
    if as_json:
        show_json({**describe(route), "source": source})
    else:
        show(source.rstrip())
    return EXIT_FINE
