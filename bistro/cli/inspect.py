"""`bistro inspect`: everything that is registered, by whom and where."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import click

from bistro.app import BaseApp, Frozen
from bistro.cli.load_app import load_frozen
from bistro.cli.options import app_option, json_option
from bistro.cli.output import EXIT_FINE, origin_text, say, show_json, show_table
from bistro.cli.routes import handler_name, origin_of
from bistro.ground.registry import Origin, find_origin

EPILOG = """\b
Examples:
  bistro inspect
  bistro inspect hooks
  bistro inspect --by Health --json
"""


@dataclass(frozen=True, slots=True)
class Entry:
    """One registered thing: what kind, what it is, more about it, and where it comes from."""

    kind: str
    name: str
    detail: str
    origin: Origin


def plugins_of(app: BaseApp, _: Frozen) -> Iterator[Entry]:
    """The installed plugins."""
    for plugin in app.plugins:
        kind = type(plugin)
        needed = ", ".join(each.__name__ for each in getattr(plugin, "requires", ()))
        origin = find_origin(kind.install, kind.__name__)
        yield Entry("plugin", kind.__name__, f"requires {needed}" if needed else "", origin)


def routes_of(_: BaseApp, frozen: Frozen) -> Iterator[Entry]:
    """The routes."""
    for route in frozen.routes:
        yield Entry("route", str(route), handler_name(route), origin_of(route))


def hooks_of(_: BaseApp, frozen: Frozen) -> Iterator[Entry]:
    """The hooks of the whole app, then those of groups of routes, each once."""
    for hook in frozen.registered.hooks:
        waits = f"only if {hook.only_if_used.__name__} is used" if hook.only_if_used else ""
        error = f"for {hook.exception.__name__}" if hook.exception else ""
        yield Entry("hook", f"{hook.kind} {hook.origin.name}", waits or error, hook.origin)
    seen = set()
    for route in frozen.routes:
        for group in route.groups:
            for record in group.hooks:
                if id(record) not in seen:
                    seen.add(id(record))
                    detail = f"routes under {group.prefix}" if group.prefix else ""
                    yield Entry("hook", f"{record.kind} {record.origin.name}", detail, record.origin)


def providers_of(_: BaseApp, frozen: Frozen) -> Iterator[Entry]:
    """Who makes values for which types."""
    for provider in frozen.registered.providers:
        detail = provider.origin.name + (", overrides" if provider.override else "")
        yield Entry("provider", provider.type.__name__, detail, provider.origin)


def lifespan_of(_: BaseApp, frozen: Frozen) -> Iterator[Entry]:
    """What is called at the start and at the stop."""
    for step in frozen.registered.steps:
        yield Entry("lifespan", f"{step.kind} {step.origin.name}", "", step.origin)


def observers_of(_: BaseApp, frozen: Frozen) -> Iterator[Entry]:
    """Who is told of each answer, and of what the server refuses."""
    for observer in frozen.registered.observers:
        yield Entry("observer", observer[1].name, "answers", observer[1])
    for refusal in frozen.registered.refusals:
        yield Entry("observer", refusal[1].name, "refusals", refusal[1])


def headers_of(_: BaseApp, frozen: Frozen) -> Iterator[Entry]:
    """Headers of every answer."""
    for header in frozen.registered.headers:
        value = header.value
        text = value if isinstance(value, str) else f"made by {getattr(value, '__qualname__', value)}"
        yield Entry("header", header.name, text + (" (overrides)" if header.override else ""), header.origin)


def commands_of(_: BaseApp, frozen: Frozen) -> Iterator[Entry]:
    """The app's own commands."""
    for command in frozen.commands:
        yield Entry("command", command.name, command.help, command.origin)


def checks_of(_: BaseApp, frozen: Frozen) -> Iterator[Entry]:
    """What `bistro check` asks besides its own checks."""
    for _function, origin in frozen.registered.checks:
        yield Entry("check", origin.name, "", origin)


def answers_of(_: BaseApp, frozen: Frozen) -> Iterator[Entry]:
    """Who turns results of which types into responses."""
    for each in frozen.registered.answerers:
        yield Entry("answer", each.type.__name__, each.origin.name, each.origin)


def templates_of(_: BaseApp, frozen: Frozen) -> Iterator[Entry]:
    """Folders of templates, in the order in which they are looked into, and names for templates."""
    parts = frozen.registered.template_parts
    for folder in sorted(parts.folders, key=lambda each: not each.override):
        yield Entry(
            "template", f"folder {folder.path}", "overrides" if folder.override else "", folder.origin
        )
    for name in parts.names:
        detail = name.origin.name + (", overrides" if name.override else "")
        yield Entry("template", f"{name.kind} {name.name}", detail, name.origin)


def static_of(_: BaseApp, frozen: Frozen) -> Iterator[Entry]:
    """Folders of static files."""
    for folder in frozen.registered.static_folders:
        detail = " ".join([f"as {folder.prefix}…"] * bool(folder.prefix) + ["overrides"] * folder.override)
        yield Entry("static", f"folder {folder.path}", detail, folder.origin)


def models_of(_: BaseApp, frozen: Frozen) -> Iterator[Entry]:
    """Packages of models that plugins bring with their migrations."""
    for package in frozen.model_packages:
        detail = ", ".join(model.__name__ for model in package.models)
        yield Entry("model", package.name, detail, package.origin)


KINDS: Mapping[str, Callable[[BaseApp, Frozen], Iterator[Entry]]] = {
    "plugins": plugins_of,
    "routes": routes_of,
    "hooks": hooks_of,
    "providers": providers_of,
    "lifespan": lifespan_of,
    "observers": observers_of,
    "headers": headers_of,
    "commands": commands_of,
    "checks": checks_of,
    "answers": answers_of,
    "templates": templates_of,
    "static": static_of,
    "models": models_of,
}


@click.command(epilog=EPILOG)
@click.argument("kind", required=False, type=click.Choice(list(KINDS)))
@click.option("--by", metavar="PLUGIN", help="Only what this plugin added; `app`: what the site did.")
@app_option
@json_option
def command(kind: str | None, by: str | None, app: str | None, as_json: bool) -> int:
    """List everything registered, or one KIND of it: what, by whom, and where it is written."""
    loaded, frozen = load_frozen(app)
    listers = KINDS.values() if kind is None else [KINDS[kind]]
    entries = [entry for lister in listers for entry in lister(loaded, frozen)]
    if by is not None:
        entries = [entry for entry in entries if (entry.origin.by or "app").lower() == by.lower()]
    if as_json:
        show_json([describe(entry) for entry in entries])
    elif entries:
        rows = [
            (each.kind, each.name, each.detail, origin_text(each.origin), each.origin.by or "app")
            for each in entries
        ]
        show_table(("kind", "name", "detail", "where", "by"), rows)
    else:
        say("Nothing of that kind is registered.")
    return EXIT_FINE


def describe(entry: Entry) -> dict[str, object]:
    """An entry, for machines."""
    return {
        "kind": entry.kind,
        "name": entry.name,
        "detail": entry.detail,
        "file": entry.origin.file,
        "line": entry.origin.line,
        "by": entry.origin.by or "app",
    }
