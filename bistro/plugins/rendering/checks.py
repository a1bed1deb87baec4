"""What `bistro check` says about templates: every one, with every context that it is rendered with."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias, get_args  # Any: names of templates are of every kind.

from bistro.app import BaseApp, Finding
from bistro.ground import BistroError, Origin, find_origin
from bistro.plugins.rendering.uses import UrlUse, Use, find_uses
from bistro.plugins.rendering.values import hints_of
from bistro.templates import Page, TemplateError, TemplateNotFound

if TYPE_CHECKING:
    from bistro.app import TemplateParts
    from bistro.templates import Checker, Engine, Fault

CallCheck: TypeAlias = Callable[[list[Any], list[str], bool], "str | None"]

# Names that templates have where a plugin of Bistro is installed.
BROUGHT = {"flashes": "FlashMessages", "user": "Accounts"}
UNKNOWN_NAME, WRONG_URL = "templates.E003", "templates.E010"
URL_OPTIONS = frozenset(["query", "fragment", "absolute_base", "root_path"])


def find_faults(app: BaseApp, engine: Engine, parts: TemplateParts) -> list[Finding]:
    """Everything that is wrong with the site's templates and with who renders them."""
    # Loaded late: only the check needs it.
    from bistro.templates import Checker

    uses = list(uses_of(app))
    made = parts.find_globals()
    names = {name: type_made_by(each.function) for name, each in made.items()}
    checks = {name: constants_check(each.check) for name, each in made.items() if each.check is not None}
    checks["url"] = url_check(app)
    # First, since it reads them all; and as they will be served, so that a start finds what it needs.
    left = engine.reasons({use.template: use.page for use in uses if isinstance(use, Use) and use.page})
    checker = Checker(engine.library, names, checks)
    found = list(check_uses(checker, uses))
    found += check_blocks(engine, uses)
    rendered = {use.template for use in uses if isinstance(use, Use)}
    others = [name for name in engine.names() if name not in rendered]
    faults = [fault for name in others for fault in checker.check(name)]
    found += [finding_of(fault, None) for fault in faults if not is_of_unused_page(fault, parts)]
    found += check_urls(app, uses)
    found += check_pages(uses)
    found += [
        Finding("templates.I001", "info", f"{name} is left to stock Jinja2: {reason}")
        for name, reason in left.items()
    ]
    return list({(each.id, each.what, each.where[:1]): each for each in reversed(found)}.values())[::-1]


def is_of_unused_page(fault: Fault, parts: TemplateParts) -> bool:
    """Whether it is a route that a plugin's own template names, which a site may not have switched on."""
    folders = [each.path for each in parts.folders if not each.override]
    return fault.id == WRONG_URL and any(Path(fault.file).is_relative_to(folder) for folder in folders)


def type_made_by(make: Callable[..., Any]) -> Any:
    """The type of a template global: what its maker returns, or yields."""
    hint = hints_of(make).get("return", Any)
    is_generator = inspect.isgeneratorfunction(make) or inspect.isasyncgenfunction(make)
    return next(iter(get_args(hint)), Any) if is_generator else hint


def uses_of(app: BaseApp) -> Iterator[Use | UrlUse]:
    """What handlers and hooks render, and which routes they name."""
    frozen = app.freeze()
    functions = [route.handler for route in frozen.routes if not route.origin.by]
    functions += [hook.function for hook in frozen.registered.hooks if not hook.origin.by]
    for route in frozen.routes:
        functions += [hook.function for group in route.groups for hook in group.hooks]
    for function in dict.fromkeys(functions):
        yield from find_uses(function, find_origin(function))


def check_uses(checker: Checker, uses: list[Use | UrlUse]) -> Iterator[Finding]:
    """The faults of each template with each context, and templates that are not there."""
    known = set(checker.library.names())
    for use in uses:
        if not isinstance(use, Use):
            continue
        if use.template not in known:
            what = f"there is no template {use.template!r}"
            yield Finding(
                "templates.E002", "error", what, (use.origin,), "Make the file, or correct the name."
            )
            continue
        for fault in checker.check(use.template, use.context):
            yield finding_of(fault, use.origin)


def check_blocks(engine: Engine, uses: list[Use | UrlUse]) -> Iterator[Finding]:
    """templates.E009: blocks that are to be rendered alone, and are in no template of the chain."""
    for use in uses:
        if not isinstance(use, Use) or use.block is None:
            continue
        try:
            engine.get(use.template, block=use.block)
        except TemplateNotFound as error:
            if "has no block" in error.what:
                yield Finding("templates.E009", "error", error.what, (use.origin,), error.fix)
        except TemplateError:
            continue  # told of the template itself


def finding_of(fault: Fault, origin: Origin | None) -> Finding:
    """A fault for `bistro check`: its place first, then who renders it."""
    where = (Origin(fault.file, fault.line, column=fault.column),)
    rendered = () if origin is None else (Origin(origin.file, origin.line, f"renders it: {origin.name}"),)
    return Finding(fault.id, "error", fault.what, (*where, *rendered), fault.fix or _find_plugin(fault))


def _find_plugin(fault: Fault) -> str:
    """What to do about a name that a plugin would bring, if that is what is missing."""
    name = fault.what.split("'")[1] if fault.id == UNKNOWN_NAME and "'" in fault.what else ""
    return f"It comes with a plugin: App({BROUGHT[name]}())." if name in BROUGHT else ""


def check_urls(app: BaseApp, uses: list[Use | UrlUse]) -> Iterator[Finding]:
    """Names of routes in the site's own code that no route has, or with the wrong parameters."""
    check = url_check(app)
    for use in uses:
        if isinstance(use, UrlUse):
            wrong = check([use.route], list(use.parameters), False)
            if wrong is not None:
                what, _, fix = wrong.partition("\n")
                yield Finding("templates.E010", "error", what, (use.origin,), fix)


def check_pages(uses: list[Use | UrlUse]) -> Iterator[Finding]:
    """templates.W001: pages of the site's own modules that nobody gives."""
    given = {use.page for use in uses if isinstance(use, Use)}
    files = {use.origin.file for use in uses}
    for page in all_pages(Page):
        module = sys.modules.get(page.__module__)
        is_own = getattr(module, "__file__", None) in files and getattr(module, page.__name__, None) is page
        if is_own and page.page_template and page not in given:
            is_base = any(each is not page and issubclass(each, page) for each in given if each is not None)
            if not is_base:
                what = f"nobody gives the page {page.__name__}"
                fix = "Return it from a handler, or delete it."
                yield Finding("templates.W001", "warning", what, (find_origin(page),), fix)


def all_pages(base: type[Page]) -> Iterator[type[Page]]:
    """Every class of pages that there is."""
    for each in base.__subclasses__():
        yield each
        yield from all_pages(each)


def url_check(app: BaseApp) -> CallCheck:
    """Says what is wrong with a call of `url`, or None."""
    table = app.freeze().url

    def check(constants: list[Any], names: list[str], is_partial: bool) -> str | None:
        given = [name for name in names if name not in URL_OPTIONS]
        if not isinstance(constants[0], str):
            return None
        try:
            route = table.get_route(constants[0], given)
        except BistroError as error:
            return f"{error.what}\n{error.fix}"
        needed = set(route.pattern.parameters)
        missing, unknown = needed - set(given), set(given) - set(route.parameters)
        if unknown:
            return f"the route {constants[0]!r} has no parameter {min(unknown)!r}"
        if missing and not is_partial:
            return f"the route {constants[0]!r} needs {min(missing)!r}"
        return None

    return check


def constants_check(check: Callable[..., str | None]) -> CallCheck:
    """The check that a plugin has given for calls of its global, which is shown the constants alone."""
    return lambda constants, _names, is_partial: None if is_partial else check(*constants)
