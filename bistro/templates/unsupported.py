"""Why a template is not compiled here."""

from __future__ import annotations


class Unsupported(Exception):
    """The template does something that only stock Jinja2 does: `reason`, at `line` of `file`."""

    def __init__(self, reason: str, file: str = "", line: int = 0) -> None:
        super().__init__(reason)
        self.reason = reason
        self.file = file
        self.line = line
