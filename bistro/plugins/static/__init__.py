"""Static files: served in development as they lie there, in production from what was collected."""

from bistro.plugins.static.errors import ManifestError, StaticFolderError, UnknownStaticFile
from bistro.plugins.static.names import is_plain_path
from bistro.plugins.static.plugin import DEFAULT_FOLDER, Static
from bistro.plugins.static.spa import Spa
from bistro.plugins.static.urls import StaticUrls

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
