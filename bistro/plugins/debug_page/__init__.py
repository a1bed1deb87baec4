"""The error page of development."""

from bistro.plugins.debug_page.plugin import DebugPage, DebugPageError

__all__ = ["DebugPage", "DebugPageError"]
