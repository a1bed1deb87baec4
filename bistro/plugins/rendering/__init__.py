"""Pages and templates as answers."""

from bistro.plugins.rendering.answers import Rendered, render, stream
from bistro.plugins.rendering.plugin import DEFAULT_FOLDER, Rendering, TemplateFolderError
from bistro.plugins.rendering.templates import Templates

__all__ = ["DEFAULT_FOLDER", "Rendered", "Rendering", "TemplateFolderError", "Templates", "render", "stream"]
