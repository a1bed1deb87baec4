"""Folders of static files, as plugins and the site give them with `setup.static`."""

from __future__ import annotations

from pathlib import Path

from msgspec import Struct

from bistro.ground.registry import Origin


class StaticFolder(Struct, frozen=True):
    """A folder whose files are served, each under `prefix` (empty, or ending in a slash) and its own path."""

    path: Path
    prefix: str
    origin: Origin
    override: bool = False
    """Whether its files may take the place of those of other folders."""
