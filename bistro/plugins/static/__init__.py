"""Static files: served in development as they lie there, in production from what was collected.

What only some sites have is loaded when first used (PEP 562).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from bistro.ground import lazy_names
from bistro.plugins.static.errors import ManifestError, StaticFolderError, UnknownStaticFile
from bistro.plugins.static.names import is_plain_path
from bistro.plugins.static.plugin import DEFAULT_FOLDER, Static
from bistro.plugins.static.urls import StaticUrls

if TYPE_CHECKING:
    from bistro.plugins.static.spa import Spa as Spa

__all__ = [
    "DEFAULT_FOLDER",
    "ManifestError",
    "Spa",
    "Static",
    "StaticFolderError",
    "StaticUrls",
    "UnknownStaticFile",
    "is_plain_path",
]

if not TYPE_CHECKING:  # checkers would take any name for one of ours
    __getattr__, __dir__ = lazy_names(__name__, {"spa": ("Spa",)})
