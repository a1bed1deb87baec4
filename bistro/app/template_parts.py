"""What plugins and the site add to templates: folders, and names that templates may use."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal, TypeAlias  # Any: templates print and call whatever they are given.

from msgspec import Struct, field

from bistro.ground.claims import Registry
from bistro.ground.registry import Origin

CallCheck: TypeAlias = Callable[..., "str | None"]
"""Given the constants in a call of a global: what is wrong and, in line two, how to mend it."""

TemplateNameKind = Literal["global", "function", "filter", "test", "tag"]


class TemplateFolder(Struct, frozen=True):
    """A folder of templates; one with `override` is looked into before those without."""

    path: Path
    origin: Origin
    override: bool = False


class TemplateName(Struct, frozen=True):
    """A name that templates may use: a filter, test, function or tag, or what makes a global."""

    kind: TemplateNameKind
    name: str
    function: Callable[..., Any]
    origin: Origin
    override: bool = False
    check: CallCheck | None = None


class TemplateParts(Struct):
    """Everything added so far; complete once the app is frozen."""

    folders: list[TemplateFolder] = field(default_factory=list)
    names: list[TemplateName] = field(default_factory=list)

    def extend(self, other: TemplateParts) -> None:
        """Put everything that `other` holds behind what is here."""
        self.folders.extend(other.folders)
        self.names.extend(other.names)

    def find_folders(self) -> list[Path]:
        """The folders in the order in which a template is looked for."""
        first = [each.path for each in self.folders if each.override]
        return first + [each.path for each in self.folders if not each.override]

    def find_names(self, *kinds: TemplateNameKind) -> dict[str, Callable[..., Any]]:
        """The functions of these kinds by name, those that override others in their place."""
        chosen = [each for each in self.names if each.kind in kinds]
        return {each.name: each.function for each in sorted(chosen, key=lambda each: each.override)}

    def find_globals(self) -> dict[str, TemplateName]:
        """What was given with `template_global`, by name, those that override others in their place."""
        chosen = [each for each in self.names if each.kind == "global"]
        return {each.name: each for each in sorted(chosen, key=lambda each: each.override)}

    def raise_conflicts(self) -> None:
        """Raise `ConflictError` (B102) where one name is claimed twice and neither overrides."""
        registry = Registry()
        for each in self.names:
            kind = "global" if each.kind == "function" else each.kind
            registry.claim(f"template {kind}", each.name, each.origin, override=each.override)
        registry.raise_conflicts()
