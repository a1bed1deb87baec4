"""What pyproject.toml says about the site: its section `[tool.bistro]`."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bistro.cli.errors import ProjectSettingsError
from bistro.ground.registry import Origin
from bistro.ground.text import did_you_mean

FILE_NAME = "pyproject.toml"
KEYS = ("app", "check")
CHECK_KEYS = ("silence",)


@dataclass(frozen=True, slots=True)
class Project:
    """The settings of `[tool.bistro]`; all empty where there is no such section."""

    folder: Path
    app: str | None = None
    silence: Mapping[str, str] = field(default_factory=dict)
    """Ids of findings that `bistro check` leaves out, each with the reason."""


def read_project(folder: Path) -> Project:
    """The settings of the nearest pyproject.toml, in `folder` or above. Raises ProjectSettingsError."""
    file = next(
        (each / FILE_NAME for each in (folder, *folder.parents) if (each / FILE_NAME).is_file()), None
    )
    if file is None:
        return Project(folder)
    try:
        content = tomllib.loads(file.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ProjectSettingsError(
            f"{file.name} can't be read: {error}", where=(Origin(str(file), 0),)
        ) from None
    tool = content.get("tool", {})
    section = tool.get("bistro", {}) if isinstance(tool, dict) else {}
    return _check(file, section)


# Any: TOML holds whatever its author wrote.
def _check(file: Path, section: Any) -> Project:
    if not isinstance(section, dict):
        raise _fault(file, "tool.bistro is not a table", "Write [tool.bistro] above its keys.")
    _refuse_unknown(file, "tool.bistro", section, KEYS)
    app = section.get("app")
    if app is not None and not isinstance(app, str):
        raise _fault(file, f"tool.bistro.app is {app!r}, not text", 'Write it as in app = "shop:app".')
    check = section.get("check", {})
    if not isinstance(check, dict):
        raise _fault(file, "tool.bistro.check is not a table", "Write [tool.bistro.check] above its keys.")
    _refuse_unknown(file, "tool.bistro.check", check, CHECK_KEYS)
    return Project(file.parent, app, _check_silence(file, check.get("silence", {})))


# Any: TOML holds whatever its author wrote.
def _check_silence(file: Path, silence: Any) -> Mapping[str, str]:
    fix = 'Give each id a reason: silence = {"app.W001" = "why it may stay"}.'
    if not isinstance(silence, dict):
        raise _fault(file, "tool.bistro.check.silence is not a table", fix)
    for name, reason in silence.items():
        if not isinstance(reason, str) or not reason.strip():
            raise _fault(file, f"tool.bistro.check.silence gives no reason for {name}", fix)
    return silence


def _refuse_unknown(file: Path, section: str, given: Mapping[str, object], known: tuple[str, ...]) -> None:
    for name in given:
        if name not in known:
            near = did_you_mean(name, known)
            fix = f"Did you mean {near}?" if near else f"Known are: {', '.join(known)}."
            raise _fault(file, f"{section} has no setting {name!r}", fix)


def _fault(file: Path, what: str, fix: str) -> ProjectSettingsError:
    return ProjectSettingsError(what, where=(Origin(str(file), 0),), fix=fix)
