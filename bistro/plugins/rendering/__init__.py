"""Pages and templates as answers."""

from bistro.plugins.rendering.answers import Rendered, render, stream
from bistro.plugins.rendering.plugin import DEFAULT_FOLDER, Rendering, TemplateFolderError

__all__ = ["DEFAULT_FOLDER", "Rendered", "Rendering", "TemplateFolderError", "render", "stream"]
