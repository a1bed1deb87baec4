"""`bistro routes`: what the app answers, and why a URL is answered as it is."""

from __future__ import annotations

import click

from bistro.app import Frozen
from bistro.cli.load_app import load_frozen
from bistro.cli.options import app_option, json_option
from bistro.cli.output import EXIT_FINE, EXIT_PROBLEMS, origin_text, say, show, show_json, show_table
from bistro.ground.registry import Origin, find_origin
from bistro.routing import DeclaredMount, DeclaredRedirect, Explanation, Route

EPILOG = """\b
Examples:
  bistro routes
  bistro routes --method POST --json
  bistro routes --why /items/42
  bistro routes --why /chat/lobby --method WEBSOCKET
  bistro routes --why https://admin.example.org/ --method DELETE

\b
With --why, ends with 1 where no route answers.
"""


@click.command(epilog=EPILOG)
@click.option("--why", metavar="URL", help="Tell which route answers URL, and why the others don't.")
@click.option("--method", metavar="METHOD", help="Only routes for METHOD; with --why, the request's.  [GET]")
@app_option
@json_option
def command(why: str | None, method: str | None, app: str | None, as_json: bool) -> int:
    """List the routes: methods, path, name, handler, where it is written, and who added it."""
    _, frozen = load_frozen(app)
    if why is not None:
        return explain(frozen, (method or "GET").upper(), why, as_json)
    routes = [route for route in frozen.routes if method is None or method.upper() in route.shown_methods]
    if as_json:
        show_json([describe(route) for route in routes])
    elif routes:
        rows = [_row(route) for route in routes]
        show_table(("methods", "path", "name", "handler", "where", "by"), rows)
    else:
        say("There are no routes.")
    return EXIT_FINE


def explain(frozen: Frozen, method: str, url: str, as_json: bool) -> int:
    """Print what each route makes of a request; 1 where none answers it."""
    explanations = frozen.table.explain(method, url)
    if as_json:
        show_json([_explanation(each) for each in explanations])
    else:
        for each in explanations:
            show(f"{_verdict(each)}  {each.route}   {origin_text(origin_of(each.route))}")
            for reason in each.reasons:
                show(f"             {reason}")
    answered = any(each.chosen for each in explanations)
    if not answered:
        say(f"No route answers {method} {url}.")
    return EXIT_FINE if answered else EXIT_PROBLEMS


def describe(route: Route) -> dict[str, object]:
    """A route, for machines."""
    origin = origin_of(route)
    return {
        "methods": list(route.shown_methods),
        "host": route.host,
        "path": route.pattern.text,
        "name": route.name,
        "handler": handler_name(route),
        "file": origin.file,
        "line": origin.line,
        "by": origin.by or "app",
    }


def origin_of(route: Route) -> Origin:
    """Where the handler is written (or the redirect or mount declared), and who added the route."""
    if isinstance(route.handler, (DeclaredMount, DeclaredRedirect)):
        return route.origin
    return find_origin(route.handler, route.origin.by)


def handler_name(route: Route) -> str:
    """Module and name of the handler."""
    handler = route.handler
    if isinstance(handler, DeclaredMount):
        return str(handler)
    name = getattr(handler, "__qualname__", type(handler).__qualname__)
    return f"{getattr(handler, '__module__', '?')}.{name}"


def _row(route: Route) -> tuple[str, ...]:
    origin = origin_of(route)
    methods = ", ".join(route.shown_methods)
    path = (route.host or "") + route.pattern.text
    return (methods, path, route.name, handler_name(route), origin_text(origin), origin.by or "app")


def _verdict(explanation: Explanation) -> str:
    if explanation.chosen:
        return click.style("answers    ", fg="green")
    return "could too  " if explanation.fits else click.style("doesn't fit", dim=True)


def _explanation(explanation: Explanation) -> dict[str, object]:
    return {
        **describe(explanation.route),
        "fits": explanation.fits,
        "chosen": explanation.chosen,
        "reasons": list(explanation.reasons),
    }
