"""`bistro check`: find what is wrong before the first request does."""

from __future__ import annotations

import contextlib
import gc
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import click

from bistro.app import BaseApp, Finding, SetupErrors
from bistro.app.setup import Level
from bistro.cli.checks import finding_of_error, run_checks
from bistro.cli.errors import AppImportFailed
from bistro.cli.load_app import load_frozen
from bistro.cli.options import app_option, json_option
from bistro.cli.output import (
    EXIT_CONFIGURATION,
    EXIT_FINE,
    EXIT_PROBLEMS,
    origin_text,
    own_traceback,
    say,
    show,
    show_json,
)
from bistro.cli.project import read_project
from bistro.cli.settings import choose_environment, read_settings
from bistro.ground.errors import BistroError
from bistro.ground.keyring import Keyring

LEVELS: tuple[Level, ...] = ("error", "warning", "info")
COLOURS: Mapping[Level, str] = {"error": "red", "warning": "yellow", "info": "cyan"}

EPILOG = """\b
Examples:
  bistro check
  bistro check --level info --json
  bistro check --env production --silence app.W001

\b
To silence a finding for good, say why in pyproject.toml:
  [tool.bistro.check]
  silence = { "app.W001" = "the old importer still uses it" }

\b
Ends with 0 where nothing is wrong, 1 where there are errors or warnings,
78 where the configuration is wrong.
"""


@dataclass(slots=True)
class Report:
    """What was found, and whether the configuration is to blame for some of it."""

    findings: list[Finding]
    is_misconfigured: bool = False

    def add_error(self, error: BistroError) -> None:
        """Add an error that keeps the app from starting."""
        errors: Sequence[BistroError] = error.errors if isinstance(error, SetupErrors) else [error]
        found = [finding_of_error(each) for each in errors]
        self.findings += [each for each in found if each not in self.findings]
        self.is_misconfigured |= any(getattr(each, "exit_code", 0) == EXIT_CONFIGURATION for each in errors)


@click.command(epilog=EPILOG)
@click.option(
    "--level",
    type=click.Choice(LEVELS),
    default="warning",
    show_default=True,
    help="Leave out what is less grave.",
)
@click.option(
    "--silence", metavar="ID", multiple=True, help="Leave out findings with this id; may be repeated."
)
@click.option(
    "--env",
    "environment",
    type=click.Choice(["development", "production", "testing"]),
    help="Check it as this.",
)
@app_option
@json_option
def command(
    level: Level, silence: tuple[str, ...], environment: str | None, app: str | None, as_json: bool
) -> int:
    """Freeze the app and look for mistakes: conflicts, configuration, what nobody uses."""
    choose_environment(environment)
    # A third of the time of a large site, for a process that is about to end.
    gc.disable()
    reasons = {**read_project(Path.cwd()).silence, **dict.fromkeys(silence, "--silence")}
    report = look(app)
    silenced = [each for each in report.findings if each.id in reasons]
    left = [each for each in report.findings if each.id not in reasons]
    left += find_needless_silence(reasons, silenced)
    shown = [each for each in left if LEVELS.index(each.level) <= LEVELS.index(level)]
    shown.sort(key=lambda each: LEVELS.index(each.level))
    if as_json:
        show_json([describe(each) for each in shown])
    else:
        for each in shown:
            show(as_text(each))
    say(summary(shown, len(silenced)))
    if report.is_misconfigured and any(each.level == "error" for each in shown):
        return EXIT_CONFIGURATION
    return EXIT_PROBLEMS if any(each.level != "info" for each in shown) else EXIT_FINE


def tell_findings(app: BaseApp) -> None:
    """Say what is wrong with an app that is served while it is developed; nothing where all is well."""
    silenced = read_project(Path.cwd()).silence
    found = [
        each for each in run_checks(app, app.freeze()) if each.level != "info" and each.id not in silenced
    ]
    if found:
        found.sort(key=lambda each: LEVELS.index(each.level))
        with contextlib.suppress(OSError):  # nobody can hear it any more
            say("\n".join([*map(as_text, found), f"bistro check: {summary(found, 0)}"]))


def look(app: str | None) -> Report:
    """Everything that is wrong with the app and its configuration."""
    report = Report([])
    try:
        check_secret_key()
    except BistroError as error:
        report.add_error(error)
    try:
        loaded, frozen = load_frozen(app)
    except BistroError as error:
        if isinstance(error, AppImportFailed) and error.__cause__ is not None:
            say(own_traceback(error.__cause__))
        report.add_error(error)
    else:
        report.findings += run_checks(loaded, frozen)
    return report


def check_secret_key() -> None:
    """Raise WeakKeyError for a key that is set and weak; whether one is needed, the plugins say."""
    key = read_settings().secret_key
    if key is not None:
        Keyring(key)


def find_needless_silence(reasons: Mapping[str, str], silenced: Sequence[Finding]) -> list[Finding]:
    """check.W001: ids that are silenced and not found, so that a later finding would be missed."""
    found = {each.id for each in silenced}
    return [
        Finding(
            "check.W001", "warning", f"{name} is silenced, and nothing has that id", fix="Delete the line."
        )
        for name, reason in reasons.items()
        if name not in found and reason != "--silence" and name != "check.W001"
    ]


def describe(finding: Finding) -> dict[str, object]:
    """A finding, for machines."""
    where = [
        {"file": each.file, "line": each.line, "column": each.column, "name": each.name, "by": each.by}
        for each in finding.where
    ]
    return {
        "id": finding.id,
        "level": finding.level,
        "what": finding.what,
        "where": where,
        "fix": finding.fix,
    }


def as_text(finding: Finding) -> str:
    """A finding, for people."""
    lines = [
        f"{click.style(finding.level, fg=COLOURS[finding.level], bold=True)} {finding.id}: {finding.what}"
    ]
    for origin in finding.where:
        by = f"   ({origin.by})" if origin.by else ""
        lines.append(f"    {origin_text(origin)}   {origin.name}{by}".rstrip())
    lines += [f"    {line}" for line in finding.fix.splitlines()]
    return "\n".join(lines)


def summary(shown: Sequence[Finding], silenced: int) -> str:
    """How many findings there are of each level."""
    counts = Counter(each.level for each in shown)
    parts = [
        f"{counts[each]} {each}{'s' if counts[each] > 1 and each != 'info' else ''}"
        for each in LEVELS
        if counts[each]
    ]
    if silenced:
        parts.append(f"{silenced} silenced")
    return ", ".join(parts) if parts else "Nothing is wrong."
